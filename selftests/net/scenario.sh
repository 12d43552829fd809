# SPDX-License-Identifier: GPL-2.0 OR MIT
# The scenario's three machines, a trace of what the relay handles and a capture
# of the wire: for the test and for the demonstration. lib.sh comes first.
# shellcheck shell=bash

# in NS COMMAND...: with the home of that namespace
in_ns()
{
	local ns=$1

	shift
	OCKAM_HOME=$HOMES/$ns ip netns exec "$ns" "$@"
}

#	n1 (10.1.0.1) ---- 10.1.0.2 project 10.3.0.2 ---- (10.3.0.3) n3
# The namespaces A, P and C, each with a home, and what connects them
three_machines()
{
	setup_ns A P C || return
	HOMES=$(mktemp -d)
	defer rm -rf "$HOMES"
	mkdir "$HOMES/$A" "$HOMES/$P" "$HOMES/$C"
	setup_veth "$A" 10.1.0.1/24 "$P" 10.1.0.2/24 &&
	setup_veth "$P" 10.3.0.2/24 "$C" 10.3.0.3/24 || return
	ip -n "$A" route add 10.3.0.0/24 via 10.1.0.2
	ip -n "$C" route add 10.1.0.0/24 via 10.3.0.2
}

# The scenario up to the relay, on the three machines
three_namespaces()
{
	three_machines || return
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
