#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The scenario that the product exists for: an end-to-end channel through a
# relay on a project node, typed as a user types it.
. "$(dirname -- "$0")/../lib.sh"
need ip jq tcpdump

#	n1 ---- project (relay) ---- n3		all in one namespace
test_one_namespace()
{
	load_module || return
	setup_home
	defer unload_module
	defer ockamctl node delete --all
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

# in NS COMMAND...: with the home of that namespace
in_ns()
{
	local ns=$1

	shift
	OCKAM_HOME=$HOMES/$ns ip netns exec "$ns" "$@"
}

#	n1 (10.1.0.1) ---- 10.1.0.2 project 10.3.0.2 ---- (10.3.0.3) n3
three_namespaces()
{
	setup_ns A P C || return
	HOMES=$(mktemp -d)
	defer rm -rf "$HOMES"
	mkdir "$HOMES/$A" "$HOMES/$P" "$HOMES/$C"
	setup_veth "$A" 10.1.0.1/24 "$P" 10.1.0.2/24 || return
	setup_veth "$P" 10.3.0.2/24 "$C" 10.3.0.3/24 || return
	ip -n "$A" route add 10.3.0.0/24 via 10.1.0.2
	ip -n "$C" route add 10.1.0.0/24 via 10.3.0.2
	in_ns "$P" ockamctl project create default --host --tcp-listener-address 10.1.0.2:4000 > /dev/null 2>&1 || return
	in_ns "$P" ockamctl project information --output json > "$HOMES/project.json"
	cp "$HOMES/project.json" "$HOMES/$A/"
	cp "$HOMES/project.json" "$HOMES/$C/"
	in_ns "$A" ockamctl node create n1 --project "$HOMES/$A/project.json" > /dev/null 2>&1 || return
	in_ns "$C" ockamctl node create n3 --project "$HOMES/$C/project.json" > /dev/null 2>&1 || return
	check_eq "$(in_ns "$C" ockamctl forwarder create n3 --at /project/default --to /node/n3)" \
		/service/forward_to_n3 "the relay's address"
}

channel_from_n1()
{
	in_ns "$A" ockamctl secure-channel create --from n1 --to /project/default/service/forward_to_n3/service/api 2> /dev/null
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

TRACE=/sys/kernel/tracing

# What the relay node handles, as it could be read there, as text.
start_trace()
{
	echo 0 > $TRACE/tracing_on
	echo > $TRACE/trace
	echo 'node == "project"' > $TRACE/events/ockam/ockam_payload/filter || return
	echo 1 > $TRACE/events/ockam/ockam_payload/enable
	defer sh -c "echo 0 > $TRACE/events/ockam/ockam_payload/enable"
	echo 1 > $TRACE/tracing_on
}

traced_text()
{
	echo 0 > $TRACE/tracing_on
	grep -o 'data=[0-9a-f]*' $TRACE/trace | cut -d= -f2 | xxd_text
}

# Hexadecimal to text, without a tool that the guest may lack.
xxd_text()
{
	python3 -c 'import sys
for line in sys.stdin: sys.stdout.write(repr(bytes.fromhex(line.strip())) + "\n")'
}

start_capture()
{
	ip netns exec "$P" tcpdump --immediate-mode -i any -U -w "$HOMES/wire.pcap" tcp > /dev/null 2> "$HOMES/tcpdump.log" &
	CAPTURE=$!
	defer kill $CAPTURE
	busywait 20 grep -q "listening on" "$HOMES/tcpdump.log"
}

captured()
{
	sleep 0.5
	kill $CAPTURE
	wait $CAPTURE 2> /dev/null
	[ -s "$HOMES/wire.pcap" ] || fail "nothing was captured"
	cat "$HOMES/wire.pcap"
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

run_tests
