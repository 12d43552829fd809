#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Relays: who may register what and how much, where messages go, what ends.
. "$(dirname -- "$0")/../lib.sh"
need jq python3

HERE=$(dirname -- "$0")
LIMITS=/proc/sys/net/ockam

# case_of WHAT NAME: a case of relay_cases.py
case_of()
{
	PYTHONPATH=$SELFTESTS/ref check_ok "$1" python3 "$HERE/relay_cases.py" 4000 "$2"
}

# The node "project", whose relays are reached by channels and on loopback.
relay_node()
{
	setup_module || return
	ockamctl project create default --host --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1
}

hosted()
{
	ockamctl relay list --host -j | jq -r "$1"
}

test_names_and_services()
{
	relay_node || return
	case_of "names" names
	case_of "bad names" bad_names
	check_eq "$(dropped project relay-name)" 9 "the count"
}

test_routes_and_payload()
{
	relay_node || return
	case_of "what the target gets" hops
}

test_a_name_belongs_to_who_registered_it()
{
	relay_node || return
	case_of "an identity's name" replaced
	case_of "a connection's name" plain_names
	check_match "$(dropped project relay-taken)" '^[3-9]' "the count"
}

test_queue_of_a_target_is_bounded()
{
	relay_node || return
	case_of "many senders" many_senders
}

test_relay_goes_with_its_first_hop()
{
	relay_node || return
	case_of "a registration" gone
	busywait 10 sh -c 'ockamctl relay list --host -j | jq -e "length == 0"' ||
		fail "a relay without a connection: $(hosted .)"
}

test_limits_of_one_peer()
{
	relay_node || return
	defer unload_module
	echo 3 > $LIMITS/max_relays_per_peer
	case_of "10 000 names" flood_of_names
	check_eq "$(dropped project relay-quota)" 9997 "the count"
	echo 10 > $LIMITS/max_relay_rate
	case_of "one name, again and again" flood_of_one_name
	check_match "$(dropped project relay-rate)" '^[0-9]{4}$' "the count"
	# Who is at the limit may renew what it has, and others may come.
	echo 1 > $LIMITS/max_relays_per_peer
	echo 100 > $LIMITS/max_relay_rate
	case_of "a renewal at the limit" plain_names
}

test_who_may_register()
{
	local id

	setup_module || return
	ockamctl identity create n1 > /dev/null && ockamctl identity create n2 > /dev/null || return
	id=$(ockamctl identity show n1 -j | jq -r '.identifier // .[0].identifier')
	check_match "$id" '^I[0-9a-f]{64}$' "identifier"
	ockamctl project create default --host --tcp-listener-address 127.0.0.1:4000 --authorized "$id" > /dev/null 2>&1 &&
	ockamctl node create n1 --identity n1 > /dev/null 2>&1 &&
	ockamctl node create n2 --identity n2 > /dev/null 2>&1 || return
	case_of "a stranger" not_authorized
	check_rc 75 "another identity" ockamctl relay create n2 --to n2 --timeout 2
	check_rc 0 "the authorized one" ockamctl relay create n1 --to n1
	check_eq "$OUT" /service/forward_to_n1 "its relay"
	check_match "$(dropped project relay-not-authorized)" '^[1-9]' "the count"
	check_eq "$(hosted '.[0].their_identifier')" "$id" "whose relay it is"
}

test_counters_and_commands()
{
	relay_node || return
	ockamctl node create n1 > /dev/null 2>&1 || return
	check_eq "$(ockamctl forwarder create n1 --at /project/default --to /node/n1)" /service/forward_to_n1 "relay"
	check_rc 73 "the same again" ockamctl relay create n1 --to n1
	for _ in 1 2 3; do
		check_eq "$(ockamctl message send hello --from project --to /service/forward_to_n1/service/uppercase)" HELLO "answer"
	done
	check_eq "$(ockamctl relay show forward_to_n1 --host -j | jq -c '[.node, .forwarded_messages, .forwarded_bytes]')" \
		'["project",3,18]' "counters"
	check_eq "$(ockamctl relay create second --to n1 --relay-address other)" /service/forward_to_other "--relay-address"
	check_match "$(ockamctl relay create third --to n1 --relay-address register)" '^/service/forward_to_[0-9a-f]{32}$' "one that the relay chose"
	check_eq "$(ockamctl relay create later --to n1 --no-connection-wait --at /ip4/127.0.0.1/tcp/1)" \
		/service/forward_to_later "--no-connection-wait"
	check_eq "$(ockamctl relay show later -j | jq -r .connection_status)" Down "what waits"
	check_eq "$(ockamctl relay list --to n1 -j | jq -c '[.[].name] | sort')" '["later","n1","second","third"]' "registrations"
	check_eq "$(ockamctl relay delete forward_to_other --host --yes)" forward_to_other "taken away"
	check_eq "$(ockamctl relay delete n1 --yes)" n1 "given up"
	busywait 10 sh -c '! ockamctl relay show forward_to_n1 --host' || fail "a relay of nobody"
}

test_who_must_answer()
{
	local id none

	none=I$(printf '%064d' 1)
	relay_node || return
	ockamctl node create n1 > /dev/null 2>&1 || return
	id=$(ockamctl project information -j | jq -r .identity)
	check_rc 77 "a pin and another identifier" ockamctl relay create a --to n1 --authorized "$none"
	check_contains "$ERR" "$id, not $none" "both"
	check_rc 2 "without a channel" ockamctl relay create a --to n1 --at /node/project --authorized "$id"
	check_rc 77 "the wrong one" ockamctl relay create a --to n1 --at /node/project/secure/api --authorized "$none"
	check_contains "$ERR" "$id answered, not $none" "both"
	check_rc 0 "one of two" ockamctl relay create a --to n1 --at /node/project/secure/api --authorized "$none" --authorized "$id"
	check_rc 0 "the pinned one" ockamctl relay create b --to n1 --authorized "$id"
}

test_pipe()
{
	setup_module || return
	ockamctl node create n1 > /dev/null 2>&1 &&
	ockamctl node create n2 > /dev/null 2>&1 || return
	check_eq "$(ockamctl relay create n1 --at /node/n2 --to n1 |
		ockamctl message send x --from n1 --to /node/n2/-/service/uppercase)" X "through the relay"
	check_eq "$(ockamctl relay create b --at /node/n2 --to n1 | ockamctl relay show - --host -j | jq -r .address)" \
		forward_to_b "what a pipe shows"
}

test_loops_end()
{
	relay_node || return
	case_of "a loop over TCP" loop
	check_eq "$(dropped project too-many-hops)" 1 "the count"
	# A relay to itself: nothing but three services is exposed to what comes by it.
	check_rc 0 "a relay to itself" ockamctl relay create self --at /node/project --to project
	check_eq "$(ockamctl message send x --from project --to /service/forward_to_self/service/uppercase)" X "one round"
	check_rc 75 "two rounds" ockamctl message send x --from project --timeout 1 \
		--to /service/forward_to_self/service/forward_to_self/service/uppercase
	check_eq "$(dropped project not-exposed)" 1 "the count"
}

test_return_route_that_lies()
{
	relay_node || return
	case_of "a lie" liar
	check_eq "$(dropped project not-exposed)" 1 "the count"
}

test_target_that_stops_reading()
{
	local before after

	relay_node || return
	before=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
	PYTHONPATH=$SELFTESTS/ref python3 "$HERE/relay_cases.py" 4000 deaf || fail "others do not go on"
	after=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
	note "memory available: $before KiB before, $after KiB after"
	[ $((before - after)) -lt 65536 ] || fail "memory"
}

run_tests "$@"
