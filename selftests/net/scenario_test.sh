#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The scenario that the product exists for: an end-to-end channel through a
# relay on a project node, typed as a user types it.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/scenario.sh"
need ip jq tcpdump

#	n1 ---- project (relay) ---- n3		all in one namespace
test_one_namespace()
{
	setup_module || return
	cd "$OCKAM_HOME" || return

	check_eq "$(ockamctl project create default --host 2> /dev/null)" default project
	ockamctl project information --output json > project.json
	check_eq "$(ockamctl node create n1 --project project.json 2> /dev/null)" n1 n1
	check_eq "$(ockamctl node create n3 --project project.json 2> /dev/null)" n3 n3
	check_eq "$(ockamctl forwarder create n3 --at /project/default --to /node/n3)" \
		/service/forward_to_n3 "the relay's address"
	check_eq "$(ockamctl secure-channel create --from n1 --to /project/default/service/forward_to_n3/service/api 2> /dev/null |
		ockamctl message send hello --from n1 --to -/service/uppercase)" \
		HELLO "the answer"
}

test_three_namespaces()
{
	load_module || return
	defer unload_module
	three_namespaces || return
	channel_from_n1 > "$HOMES/channel"
	check_eq "$(in_ns "$A" ockamctl message send hello --from n1 --to -/service/uppercase < "$HOMES/channel")" \
		HELLO "the answer"
	# Each machine has an identity of its own.
	check_eq "$(for n in "$A" "$P" "$C"; do
		in_ns "$n" ockamctl identity list | jq -r '.[].identifier'
		done | sort -u | wc -l)" 3 "identities"
}

test_the_relay_cannot_read_it()
{
	local text wire

	load_module || return
	defer unload_module
	three_namespaces || return
	start_capture || fail "no capture" || return
	start_trace || fail "no trace" || return
	channel_from_n1 > "$HOMES/channel"
	check_eq "$(in_ns "$A" ockamctl message send hello --from n1 --to -/service/uppercase < "$HOMES/channel")" HELLO
	text=$(traced_text)
	grep -q 'hop=forward_to_n3' $TRACE/trace ||
		fail "the trace did not see the relay"
	case $text in *hello*|*HELLO*) fail "the relay could read the message" ;; esac
	wire=$(captured | tr -d '\0')
	case $wire in *hello*|*HELLO*) fail "the message is on the wire" ;; esac
}

# The searches can find something: without the inner channel ...
test_control_the_trace_finds_a_plain_message()
{
	load_module || return
	defer unload_module
	three_namespaces || return
	start_trace || fail "no trace" || return
	check_eq "$(in_ns "$A" ockamctl message send hello --from n1 --to /project/default/service/forward_to_n3/service/uppercase)" HELLO
	check_contains "$(traced_text)" hello "the trace of the relay"
}

# ... and with uppercase exposed on purpose, over plain TCP.
test_control_the_capture_finds_a_plain_message()
{
	load_module || return
	defer unload_module
	three_namespaces || return
	in_ns "$P" ockamctl tcp-listener create 10.1.0.2:4001 --at project --expose uppercase > /dev/null
	start_capture || fail "no capture" || return
	check_eq "$(in_ns "$A" ockamctl message send hello --from n1 --to /ip4/10.1.0.2/tcp/4001/service/uppercase)" HELLO
	check_contains "$(captured | tr -d '\0')" hello "the wire"
}

# Nothing but the channel listener is reachable from outside loopback.
test_nothing_is_exposed_outside_loopback()
{
	load_module || return
	defer unload_module
	three_namespaces || return
	check_rc 75 "plain uppercase" in_ns "$A" ockamctl message send hello \
		--from n1 --timeout 1 --to /ip4/10.1.0.2/tcp/4000/service/uppercase
	check_rc 75 "plain relay service" in_ns "$A" ockamctl message send x \
		--from n1 --timeout 1 --to /ip4/10.1.0.2/tcp/4000/service/static_forwarding_service
}

# A relay client comes back when its relay does.
test_relay_heals()
{
	load_module || return
	defer unload_module
	three_namespaces || return
	ip netns exec "$P" ip link set "$(ip -n "$P" -o link show | grep -o 'v[0-9]*b' | head -1)" down
	in_ns "$P" ockamctl node delete project > /dev/null
	rm -rf "${HOMES:?}/$P/projects"
	ip netns exec "$P" ip link set "$(ip -n "$P" -o link show | grep -o 'v[0-9]*b' | head -1)" up
	ip -n "$A" route replace 10.3.0.0/24 via 10.1.0.2
	in_ns "$P" ockamctl project create default --host --tcp-listener-address 10.1.0.2:4000 > /dev/null
	busywait 20 relay_is_up || fail "the relay did not come back"
}

relay_is_up()
{
	in_ns "$C" ockamctl relay list | jq -e '.[0].connection_status == "Up"' > /dev/null &&
		channel_from_n1 > "$HOMES/channel" &&
		[ "$(in_ns "$A" ockamctl message send hello --from n1 --to -/service/uppercase < "$HOMES/channel")" = HELLO ]
}

run_tests "$@"
