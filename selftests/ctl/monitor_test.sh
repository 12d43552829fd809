#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# What the monitor prints: each event once, in order, and what was lost.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/ctl.sh"
need jq

# events FILTER: the events of the file that jq selects
events()
{
	jq -c "select($1)" "$FILE"
}

# wait_event FILTER: one must come
wait_event()
{
	busywait 60 sh -c "[ -n \"\$(jq -c 'select($1)' '$FILE')\" ]" ||
		fail "no event: $1: $(cat "$FILE")"
}

# Each number is the one before and one more.
check_sequence()
{
	jq -se '[.[].seq] | . == [range(.[0]; .[0] + length)]' "$FILE" > /dev/null ||
		fail "sequence: $(jq -sc '[.[].seq]' "$FILE")"
}

test_life_of_a_channel()
{
	local channel peer

	scene n1 n2 || return
	FILE=$OCKAM_HOME/events
	start_monitor "$FILE" -j
	channel=$(ockamctl secure-channel create --from n1 --to /node/n2/service/api --timeout 60 2> /dev/null) || return
	channel=${channel##*/}
	peer=$(ockamctl node show n2 | jq -r .identifier)
	wait_event ".event == \"up\" and .kind == \"tcp-connection\" and .node == \"n1\" and (.at | test(\"127.0.0.1:\"))"
	wait_event ".event == \"up\" and .kind == \"channel\" and .address == \"$channel\" and .peer == \"$peer\""
	check_rc 77 "wrong peer" ockamctl secure-channel create --from n1 --to /node/n2/service/api \
		--authorized "I$(printf '%064d' 1)" --timeout 60
	wait_event ".event == \"refused\" and .node == \"n1\" and .reason == \"not-authorized\" and .peer == \"$peer\""
	ockamctl secure-channel delete "$channel" --at n1 > /dev/null
	wait_event ".event == \"closed\" and .kind == \"channel\" and .address == \"$channel\""
	ockamctl node delete n1 > /dev/null
	wait_event '.event == "closed" and .kind == "node" and .node == "n1"'
	stop_monitor
	check_sequence
}

test_relay_has_its_label()
{
	scene n1 n2 || return
	FILE=$OCKAM_HOME/events
	start_monitor "$FILE" -j relay
	quietly ockamctl relay create r1 --at /node/n2 --to n1 --timeout 60
	wait_event '.event == "up" and .kind == "relay-client" and .node == "n1" and .label == "r1"'
	wait_event '.event == "new" and .kind == "relay" and .node == "n2"'
	stop_monitor
	check_eq "$(events '.kind | test("^relay") | not')" "" "events that were not asked for"
}

test_connection_refused()
{
	scene || return
	FILE=$OCKAM_HOME/events
	start_monitor "$FILE" -j tcp
	check_rc 69 "nobody listens" ockamctl tcp-connection create --from n1 --to 127.0.0.1:1
	wait_event '.event == "closed" and .at == "127.0.0.1:1" and .error == "ECONNREFUSED"'
	stop_monitor
}

test_text()
{
	local line

	scene || return
	start_monitor "$OCKAM_HOME/text" service --count 1 --timeout 60
	quietly ockamctl service start hop --at n1
	wait "$MONITOR" || fail "exit code of the monitor"
	line=$(cat "$OCKAM_HOME/text")
	check_match "$line" '^[0-9]+ [0-9:]{8}\.[0-9]{3} service new n1 /service/hop$' line
}

test_ends()
{
	scene || return
	check_rc 0 "after a time" ockamctl monitor --timeout 200ms
	says 75 "1 of 1" ockamctl monitor -q --count 1 --timeout 200ms
	start_monitor "$OCKAM_HOME/none"
	stop_monitor
	check_eq "$(cat "$OCKAM_HOME/none")" "" "its output"
}

# A monitor that cannot keep up says so: what it printed and what it says was
# lost are all the events there were.
test_lost_events()
{
	local sum limit=/proc/sys/net/core/rmem_max

	scene || return
	FILE=$OCKAM_HOME/events
	defer sh -c "echo $(cat $limit) > $limit"
	echo 4096 > $limit
	start_monitor "$FILE" -j
	kill -STOP "$MONITOR"
	for i in 1 2 3 4 5; do
		quietly ockamctl node create "x$i"
	done
	kill -CONT "$MONITOR"
	wait_event '.event == "lost" and .count == null'
	quietly ockamctl node delete x1
	wait_event '.event == "lost" and .count != null'
	wait_event '.event == "closed" and .kind == "node" and .node == "x1"'
	stop_monitor
	sum=$(jq -s '([.[].count] | add) + ([.[] | select(.seq)] | length)' "$FILE")
	check_eq "$sum" "$(jq -s '[.[] | select(.seq).seq] | last - first + 1' "$FILE")" \
		"printed and lost events"
	check_ok "schema" python3 "$HERE/schema.py" "$HERE/schemas" monitor --lines < "$FILE"
}

# Each namespace has events and numbers of its own.
test_namespaces()
{
	scene || return
	setup_ns N || return
	FILE=$OCKAM_HOME/events
	start_monitor "$FILE" -j --netns "$N"
	quietly ockamctl node create here
	quietly ockamctl --netns "$N" node create there
	wait_event '.event == "new" and .kind == "node"'
	stop_monitor
	check_eq "$(jq -s '.[0].seq' "$FILE")" 1 "first number"
	check_eq "$(jq -r .node "$FILE" | sort -u)" there "nodes"
	check_sequence
	quietly ockamctl --netns "$N" node delete --all
}

run_tests "$@"
