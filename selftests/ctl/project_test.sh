#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Projects: their files, their pins, the one channel to each; and every form of
# a route.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/ctl.sh"
need jq

ONE=I$(printf '%064d' 1)
TWO=I$(printf '%064d' 2)
PLACE=/ip4/127.0.0.1/tcp/4000/service/api

# No module is needed for these.

test_create_list_delete()
{
	setup_home
	check_eq "$(ockamctl project create far --at $PLACE --identifier "$ONE")" far "created"
	check_eq "$(ockamctl project information far -j | jq -r '.name, .identity, .access_route' | xargs)" \
		"far $ONE $PLACE" "information"
	quietly ockamctl project create far --at /dnsaddr/example.org/tcp/4001/service/api --identifier "$ONE"
	says 73 "project 'far' is $ONE here, not $TWO" ockamctl project create far --at $PLACE --identifier "$TWO"
	quietly ockamctl project create near --at $PLACE --identifier "$TWO"
	check_eq "$(ockamctl project list -j | jq -r '[.[].name] | sort | join(" ")')" "far near" "list"
	check_eq "$(ockamctl project delete far --yes)" far "deleted"
	check_eq "$(ockamctl project list -j | jq -r '.[].name')" near "what is left"
	says 67 "no project 'far'" ockamctl project delete far
	says 67 "no project 'far'" ockamctl project information far
	says 2 "--identifier" ockamctl project create x --at $PLACE
	says 65 "no identifier" ockamctl project create x --at $PLACE --identifier Ixyz
	says 2 "a name has" ockamctl project create ../x --at $PLACE --identifier "$ONE"
	for place in /ip4/127.0.0.1/tcp/4000 /ip4/127.0.0.1 /service/api /project/y/service/api '' /ip4/x/tcp/1/service/api \
			/ip4/127.0.0.1/tcp/70000/service/api /ip4/127.0.0.1/udp/4000/service/api; do
		says 65 "rout" ockamctl project create x --at "$place" --identifier "$ONE"
	done
}

test_import()
{
	local file

	setup_home
	file=$OCKAM_HOME/p.json
	quietly ockamctl project create far --at $PLACE --identifier "$ONE"
	ockamctl project information far -j > "$file"
	quietly ockamctl project delete far --yes
	check_eq "$(ockamctl project import --project-file "$file")" far "imported"
	quietly ockamctl project import --project-file "$file"
	sed -i "s/$ONE/$TWO/" "$file"
	says 73 "is $ONE here, not $TWO" ockamctl project import --project-file "$file"
	check_eq "$(ockamctl project information far -j | jq -r .identity)" "$ONE" "what is known"
}

# Every beginning of a file, and files that are none: one line, nothing stored.
test_files_that_are_none()
{
	local file all cut text

	setup_home
	file=$OCKAM_HOME/bad.json
	all="{\"name\":\"far\",\"identity\":\"$ONE\",\"access_route\":\"$PLACE\",\"x\":[1]}"
	for ((cut = 0; cut < ${#all}; cut++)); do
		printf '%s' "${all:0:cut}" > "$file"
		text=$(ockamctl project import --project-file "$file" 2>&1)
		check_eq $? 65 "exit code after $cut bytes"
		check_match "$text" '^error: [ -~]* is no project file: [ -~]*$' "after $cut bytes"
	done
	for text in '[]' 'null' '"x"' '{"name":"far"}' '\x00\xff' "${all/far/..}" "${all/far/a\\u001b[3mb}" \
			"${all/$ONE/${ONE%1}}" "${all/$ONE/J${ONE#I}}" "${all/\"$ONE\"/7}" "${all/$PLACE//service/api}" \
			"${all/\{/{\"name\":\"twice\",}" "$all x"; do
		printf '%b' "$text" > "$file"
		check_rc 65 "$text" ockamctl project import --project-file "$file"
		check_match "$ERR" '^error: [ -~]*$' "one line for $text"
	done
	{ printf '%s' "${all%\}}"; printf ',"y":"%0300000d"}' 0; } > "$file"
	says 65 "more than 262144 bytes" ockamctl project import --project-file "$file"
	head -c 200000 /dev/zero | tr '\0' '[' > "$file"
	says 65 "no project file" ockamctl project import --project-file "$file"
	says 66 "cannot read" ockamctl project import --project-file "$OCKAM_HOME"
	check_eq "$(ockamctl project list -j)" "[]" "what was stored"
}

# One that is damaged is named, the others are listed.
test_list_with_a_damaged_file()
{
	setup_home
	quietly ockamctl project create far --at $PLACE --identifier "$ONE"
	quietly ockamctl project create near --at $PLACE --identifier "$TWO"
	echo '{' > "$OCKAM_HOME/projects/far.json"
	check_rc 65 "list" ockamctl project list -j
	check_eq "$(count '.[].name')" '"near"' "the others"
	check_contains "$ERR" "far.json is no project file" "the error"
}

# A name is not taken away from somebody else.
test_hosting_under_a_name_that_is_taken()
{
	setup_home
	quietly ockamctl project create default --at $PLACE --identifier "$ONE"
	says 73 "is $ONE here, not a new identity" ockamctl project create default --host
	quietly ockamctl identity create project
	says 73 "is $ONE here, not $(ockamctl identity show project)" ockamctl project create default --host
	check_eq "$(ockamctl project information -j | jq -r .identity)" "$ONE" "what is known"
}

# What another machine wrote does nothing to a terminal.
test_text_of_others()
{
	local all

	setup_home
	all="{\"name\":\"far\",\"identity\":\"$ONE\",\"access_route\":\"$PLACE\",\"x\\u001b[2J\":[\"y\\u001b[2J\", \"gr\\u00fcn\"]}"
	printf '%s' "$all" > "$OCKAM_HOME/p.json"
	quietly ockamctl project import --project-file "$OCKAM_HOME/p.json"
	check_rc 0 "text" ockamctl project show far --output plain
	check_contains "$OUT" 'x\x1b[2J:'$'\n''  y\x1b[2J'$'\n''  grün' "text"
	check_contains "$(ockamctl project show far --oneline)" 'x\x1b[2J=y\x1b[2J,grün' "one line"
	check_contains "$(ockamctl project list --output plain)" 'y\x1b[2J' "list"
	check_eq "$(ockamctl project show far -j | jq -r 'keys[3]')" $'x\e[2J' "JSON"
}

# These need the module.

# pinned NODE: whom that node takes for the project default
pinned()
{
	jq -r .identity "$OCKAM_HOME/pins/default@$1.json"
}

# A name of a project is not a file that happens to be here.
test_name_or_file()
{
	scene || return
	defer cd "$PWD"
	cd "$OCKAM_HOME" || return
	quietly ockamctl project create default --at $PLACE --identifier "$ONE"
	ockamctl project information -j | sed "s/$ONE/$TWO/" > default
	cp default default.json
	quietly ockamctl node create p1 --project default
	check_eq "$(pinned p1)" "$ONE" "by its name"
	quietly ockamctl node create p2 --project ./default
	check_eq "$(pinned p2)" "$TWO" "by its path"
	quietly ockamctl node create p3 --project default.json
	check_eq "$(pinned p3)" "$TWO" "a .json file"
	quietly ockamctl project delete default --yes
	quietly ockamctl node create p4 --project default
	check_eq "$(pinned p4)" "$TWO" "a file, as there is no project"
	says 67 "neither a file" ockamctl node create p5 --project nope
}

links()
{
	ockamctl worker list --at "$1" -j | jq '[.[] | select(.kind == "link")] | length'
}

channels()
{
	ockamctl secure-channel list --at "$1" -j | jq '[.[] | select(.role == "initiator")] | length'
}

test_one_channel_for_all()
{
	local number jobs=()

	scene n1 || return
	quietly ockamctl project create default --host
	for number in 1 2 3 4 5 6; do
		ockamctl message send "m$number" --from n1 --to /project/default/service/uppercase --timeout 60 > "$OCKAM_HOME/m$number" 2>&1 &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	for number in 1 2 3 4 5 6; do
		check_eq "$(cat "$OCKAM_HOME/m$number")" "M$number" "answer $number"
	done
	check_eq "$(links n1) $(channels n1)" "1 1" "links and channels"
	check_eq "$(ockamctl message send x --from n1 --to /project/default/secure/api/service/uppercase)" X "a channel through it"
	check_eq "$(links n1) $(channels n1)" "1 2" "links and channels"
	quietly ockamctl project delete default --yes
	check_eq "$(links n1)" 0 "links to what was deleted"
	says 67 "no project 'default'" ockamctl message send x --from n1 --to /project/default/service/uppercase
}

# A project that is somebody else now: who is known is refused, both are named.
test_wrong_identifier()
{
	local is

	scene n1 || return
	quietly ockamctl project create default --host --tcp-listener-address 127.0.0.1:4000
	is=$(ockamctl project information -j | jq -r .identity)
	quietly ockamctl project create other --at $PLACE --identifier "$ONE"
	for command in "message send x --from n1 --to /project/other/service/echo" \
			"secure-channel create --from n1 --to /project/other/service/api" \
			"relay create r --to n1 --at /project/other"; do
		# shellcheck disable=SC2086 # words
		says 77 "$is answered, not $ONE" ockamctl $command --timeout 60
	done
	check_eq "$(links n1)" 0 "links that were left"
	# The pin is put right: the node asks the right one at once.
	quietly ockamctl project delete other --yes
	quietly ockamctl project create other --at $PLACE --identifier "$is"
	check_eq "$(ockamctl message send x --from n1 --to /project/other/service/uppercase --timeout 60)" X "the right one"
}

# Every form of a MultiAddr.
test_route_forms()
{
	local port send="ockamctl message send hello --from n1 --timeout 60" form

	scene n1 n2 || return
	quietly ockamctl project create default --host
	quietly ockamctl tcp-listener create '[::1]:4100' --at n2 --expose uppercase --expose api
	port=$(ockamctl tcp-listener list --at n2 -j | jq -r '.[].socket_addr' | grep ^127 | cut -d: -f2)
	for form in /service/uppercase service/uppercase /worker/uppercase /node/n2/service/uppercase \
			/node/n2/secure/api/service/uppercase \
			/node/n1/service/uppercase /project/default/service/uppercase \
			"/ip4/127.0.0.1/tcp/$port/service/uppercase" "/dnsaddr/localhost/tcp/$port/worker/uppercase" \
			/ip6/::1/tcp/4100/service/uppercase /ip6/::1/tcp/4100/secure/api/service/uppercase \
			"ip4/127.0.0.1/tcp/$port/secure/api/secure/api/service/uppercase"; do
		check_eq "$($send --to "$form")" HELLO "$form"
	done
	quietly ockamctl project create me --at "/ip4/127.0.0.1/tcp/$port/self" \
		--identifier "$(ockamctl node show n2 -j | jq -r .identifier)"
	check_eq "$($send --to /project/me/service/uppercase)" HELLO "self"
	for form in '' / //x /service/uppercase/ /service /nonsense/x /space/s/service/x /ip4/127.0.0.1 \
			/ip4/localhost/tcp/1/service/x /ip4/::1/tcp/1/service/x /ip6/127.0.0.1/tcp/1/service/x \
			/ip4/127.0.0.1/tcp/x/service/x /ip4/127.0.0.1/tcp/65536/service/x /ip4/127.0.0.1/udp/1/service/x \
			/dnsaddr//tcp/1/service/x /tcp/1/service/x /service/x/node/n2 /service/x/project/default \
			"/service/$(printf '%0256d' 0)" /dnsaddr/no-such-host.invalid/tcp/1/service/x; do
		says 68 "" ockamctl message send x --from n1 --to "$form"
	done
}

test_placeholders_everywhere()
{
	local channel

	scene n1 n2 || return
	check_eq "$(ockamctl secure-channel create --from n1 --to /node/n2/service/api --timeout 60 -q |
		ockamctl secure-channel delete - --at n1 --yes | cut -c1-9)" /service/ "delete"
	channel=$(ockamctl secure-channel create --from n1 --to /node/n2/service/api --timeout 60 -q)
	check_eq "$(echo "$channel" | ockamctl secure-channel show - --at n1 -j | jq -r .address)" "$channel" "show"
	check_rc 0 "ping" sh -c "echo $channel | ockamctl message ping -/service/echo --from n1 -c 1 --timeout 60"
	for input in '' '\n' '   \n' '/' '\n/service/x'; do
		check_rc 65 "empty" sh -c "printf '$input' | ockamctl message send x --from n1 --to -/service/echo"
		check_contains "$ERR" "standard input is empty" "empty"
	done
	check_rc 65 "two lines" sh -c "printf '/service/a\n/service/b\n' | ockamctl message send x --from n1 --to -"
	check_contains "$ERR" "more than one line" "two lines"
	check_rc 65 "a long line" sh -c "head -c 10000 /dev/zero | tr '\0' x | ockamctl message send x --from n1 --to -"
	check_contains "$ERR" "too long" "a long line"
}

# What a user without rights is told.
test_no_rights()
{
	local user command

	scene n1 || return
	user="setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/tmp OCKAM_HOME=$(mktemp -u)"
	for command in "relay create r --to n1 --at /ip4/127.0.0.1/tcp/4000" "relay list" "relay list --host" resolve \
			"secure-channel list" "message send x --from n1 --to /service/echo"; do
		# shellcheck disable=SC2086 # words
		says 77 CAP_NET_ADMIN $user ockamctl $command
	done
}

run_tests "$@"
