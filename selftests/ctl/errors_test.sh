#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# What ockamctl says when something is wrong: one line that tells what to do,
# nothing on standard output, and an exit code of its own.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/ctl.sh"

test_no_module()
{
	local file

	setup_home
	unload_module
	# The kernel loads it on demand, if modprobe can find it.
	file=/lib/modules/$(uname -r)/updates/ockam.ko
	mv "$file" "$file.hidden" && depmod
	defer depmod
	defer mv "$file.hidden" "$file"
	says 69 ockam ockamctl node create n1
	says 69 ockam ockamctl node list
}

test_no_privilege()
{
	scene || return
	for words in "node list" "node delete n1" "module status"; do
		# shellcheck disable=SC2086 # words
		check_rc 77 "$words" setpriv --reuid 65534 --clear-groups env HOME=/tmp \
			OCKAM_HOME="$(mktemp -u)" ockamctl $words
	done
	check_contains "$(ockamctl node list)" n1 "the node"
}

test_unknown_objects()
{
	scene || return
	says 67 nope ockamctl node show nope
	says 67 nope ockamctl node delete nope
	says 67 nope ockamctl secure-channel create --from n1 --to /project/nope/service/api
	says 68 nope ockamctl message send hello --from n1 --to /node/nope/service/echo
	says 67 nope ockamctl relay create n1 --at /project/nope --to n1
}

test_node_name_taken()
{
	scene || return
	says 73 n1 ockamctl node create n1
}

test_routes_that_are_none()
{
	scene || return
	says 68 protocol ockamctl message send x --from n1 --to /nonsense/x
	says 65 "standard input" ockamctl message send x --from n1 --to -/service/echo
	says 2 --help ockamctl message send x --nonsense
	says 2 --help ockamctl nonsense
}

# Every beginning of a project file is refused, and nothing is stored.
test_project_file_cut_short()
{
	local file all cut

	scene || return
	ockamctl project create default --host > /dev/null 2>&1 || return
	ockamctl project information --output json > "$OCKAM_HOME/p.json" || return
	all=$(tr -d '\n' < "$OCKAM_HOME/p.json")
	file=$OCKAM_HOME/cut.json
	export OCKAM_HOME=$OCKAM_HOME/other
	mkdir "$OCKAM_HOME"
	for ((cut = 0; cut < ${#all} - 1; cut += 40)); do
		printf '%s' "${all:0:cut}" > "$file"
		check_rc 65 "$cut bytes" ockamctl project import --project-file "$file"
		check_contains "$ERR" "error: " "$cut bytes"
	done
	check_eq "$(ockamctl project list --output json)" "[]" "what was stored"
}

test_wrong_project_identifier()
{
	scene || return
	ockamctl project create default --host > /dev/null 2>&1 || return
	ockamctl project information --output json |
		sed -E 's/"identity": "I[0-9a-f]{4}/"identity": "I0123/' > "$OCKAM_HOME/p.json"
	ockamctl node create n2 --project "$OCKAM_HOME/p.json" > /dev/null 2>&1
	check_rc 77 "channel to the project" ockamctl secure-channel create --from n2 \
		--to /project/default/service/api --timeout 10
	check_contains "$ERR" "not-authorized" "the reason"
}

# The codes of the manual page that no other case here ends with.
test_exit_codes()
{
	scene n1 n2 || return
	says 66 nofile ockamctl project import --project-file nofile
	says 67 x ockamctl service stop x --at n1
	says 67 x ockamctl worker list --at x
	says 67 x ockamctl stats x
	says 67 x ockamctl flow-control add-consumer x echo --at n1
	says 67 x ockamctl --netns x node list
	says 69 refused ockamctl tcp-connection create --from n1 --to 127.0.0.1:1
	says 73 taken ockamctl service start echo --at n1
	says 74 "standard output" sh -c "ockamctl node list > /dev/full"
	says 77 not-authorized ockamctl secure-channel create --from n1 --to /node/n2/service/api --timeout 60 \
		--authorized "I$(printf '%064d' 1)"
}

# What the module refuses since it was asked for wrongly.
test_wrong_requests()
{
	scene || return
	says 2 "a name has" ockamctl node create "a b"
	says 2 "echo, uppercase" ockamctl service start nonsense --at n1
	says 2 "" ockamctl service start echo --addr "$(printf '%0300d' 0)" --at n1
	says 2 "" ockamctl service start echo --addr "$(printf '%070000d' 0)" --at n1
}

# A peer who shows another one's attestation.
test_handshake_refused()
{
	scene || return
	python3 "$HERE/impostor.py" 5000 > "$OCKAM_HOME/impostor" 2>&1 &
	defer kill $!
	busywait 60 grep -q listening "$OCKAM_HOME/impostor" || return
	says 76 identity-subject ockamctl secure-channel create --from n1 \
		--to /ip4/127.0.0.1/tcp/5000/service/api --timeout 60
}

test_usage()
{
	scene || return
	says 2 --all ockamctl node create n2 --all
	says 2 "--output is" ockamctl node list --output xml
	says 2 "text and JSON" ockamctl node list --oneline --compact-output
	says 2 "wants a value" ockamctl node list --output
	says 2 "--timeout is" ockamctl monitor --timeout -5ms
	says 2 "--count is" ockamctl monitor --count 0
	says 2 nonsense ockamctl monitor nonsense
	says 2 "too many" ockamctl node show 1 2 3 4 5 6 7 8 9
	says 2 --family ockamctl module load --family many
	for group in -5 0- 5-4 4294967295 4294967296 18446744073709551616 ' 5' 5x ''; do
		says 2 "--allow-group is" ockamctl node create n2 --allow-group "$group"
	done
	check_eq "$(ockamctl node list | jq length)" 1 "nodes"
	check_rc 2 "a command without its verb" ockamctl node
	check_eq "$OUT" "" "its standard output"
	check_contains "$ERR" "usage: ockamctl node" "its error"
}

# A peer that never answers: the connection is seen, and goes with its node.
test_connection_without_an_answer()
{
	scene || return
	setup_ns N || return
	ip link add v0 type veth peer name v1 netns "$N" || return
	defer ip link del v0
	ip addr add 10.9.0.1/24 dev v0
	ip link set v0 up
	ip -n "$N" link set v1 up
	ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:01 dev v0 nud permanent
	says 75 "no answer" ockamctl tcp-connection create --from n1 --to 10.9.0.2:4000 --timeout 2
	ockamctl tcp-connection create --from n1 --to 10.9.0.2:4000 --timeout 20 > /dev/null 2>&1 &
	defer wait $!
	busywait 10 sh -c "ockamctl tcp-connection list --at n1 | grep -q 10.9.0.2" ||
		fail "a connecting connection is not listed"
	check_ok "delete" ockamctl node delete n1
}

run_tests "$@"
