#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The relay's node dies in the middle of traffic, in several ways, and is back
# some seconds later: the traffic goes on by itself.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/scenario.sh"
need ip jq python3 ss

OUTAGE=5	# seconds
BOUND=10	# of the recovery once all is mended; what is measured is printed

# Messages from n1 to n3 through the relay, numbered, one after the other; a
# line for each: when it began and ended in ms, number, whether it was answered
traffic()
{
	local number began answer

	for ((number = 1; ; number++)); do
		began=$(now_ms)
		answer=$(in_ns "$A" ockamctl message send "m$number" --from n1 --timeout 2 \
			--to /project/default/service/forward_to_n3/service/uppercase 2> /dev/null)
		[ "$answer" = "M$number" ] && answer=yes || answer=no
		echo "$began $(now_ms) $number $answer"
	done
}

now_ms()
{
	echo $((${EPOCHREALTIME/./} / 1000))
}

# The three machines with traffic; a peer is given up after 4 pings of 500 ms.
scene()
{
	setup_module || return
	defer unload_module
	three_namespaces || return
	for ns in "$A" "$C"; do
		in_ns "$ns" sh -c 'echo 500 > /proc/sys/net/ockam/relay_ping_ms' || return
	done
	# The relay that is there has begun its first pause already.
	in_ns "$C" ockamctl relay delete n3 --yes > /dev/null &&
	in_ns "$C" ockamctl relay create n3 --at /project/default --to n3 > /dev/null || return
	in_ns "$C" ockamctl monitor relay -j > "$HOMES/events" 2> /dev/null &
	defer kill $!
	traffic > "$HOMES/log" &
	defer kill $!
	busywait 60 answered_since 0
}

# answered_since MS: has a message been answered that was sent after that?
answered_since()
{
	awk -v since="$1" '$1 > since && $4 == "yes" { found = 1 } END { exit !found }' "$HOMES/log"
}

# up_since MS: when the relay was registered for the first time after that
up_since()
{
	jq -nr --argjson since "$1" '[inputs | select(.kind == "relay-client" and .event == "up") |
		(.ts[:19] + "Z" | fromdate) * 1000 + (.ts[20:23] | tonumber) | select(. > $since)][0] // empty' "$HOMES/events"
}

is_up_since()
{
	[ -n "$(up_since "$1")" ]
}

attempts()
{
	in_ns "$C" ockamctl relay show n3 -j | jq .attempts
}

# registers HOW SINCE: UP is when the relay was registered after SINCE
registers()
{
	busywait "$BOUND" is_up_since "$2" || fail "$1: the relay is not back" || return
	UP=$(up_since "$2")
}

# answers HOW SINCE: FIRST is when a message was answered after SINCE; none that
# is sent from then on is lost
answers()
{
	busywait "$BOUND" answered_since "$2" || fail "$1: no message after $BOUND s" || return
	FIRST=$(awk -v since="$2" '$2 > since && $4 == "yes" { print $2; exit }' "$HOMES/log")
	sleep 2
	check_eq "$(awk -v first="$FIRST" '$1 > first && $4 == "no"' "$HOMES/log")" "" "$1: lost afterwards"
}

# heals HOW FIRST SECOND: break it with the command FIRST, mend it with SECOND
heals()
{
	local how=$1 cut back tries

	cut=$(now_ms)
	check_ok "$how" "$2"
	sleep $OUTAGE
	tries=$(attempts)
	# Mending takes a while here, and the first to notice does not wait for it.
	back=$(now_ms)
	check_ok "$how: mended" "$3"
	registers "$how" "$back" && answers "$how" "$back" || return
	note "$how: $tries attempts in $OUTAGE s; registered $((UP - back)) ms, a message answered $((FIRST - back)) ms after mending began"
	# 100, 200, 400 ... ms: seven attempts, and some for events.
	[ "$tries" -le 12 ] || fail "$how: a busy loop of $tries attempts"
	check_eq "$(awk -v cut="$cut" '$2 < cut && $4 == "no"' "$HOMES/log")" "" "$how: lost before"
}

host_project()
{
	in_ns "$P" ockamctl project create default --host --tcp-listener-address 10.1.0.2:4000
}

delete_node()
{
	in_ns "$P" ockamctl node delete project --yes
}

test_node_deleted_and_made_again()
{
	scene || return
	heals "node deleted" delete_node host_project
}

# The cables of P: all of its devices but the loopback
cables()
{
	ip -n "$P" -o link show | grep -o 'v[0-9]*[ab]@' | tr -d @ | while read -r cable; do
		ip -n "$P" link set "$cable" "$1" || return
	done
}

pull()
{
	cables down
}

plug()
{
	cables up
	ip -n "$P" addr show | grep -q 10.1.0.2
}

test_cable_pulled()
{
	scene || return
	heals "cable pulled" pull plug
}

# From P's neighbours the machines learn a wrong address: packets go nowhere.
lose_packets()
{
	spoil "$A" 10.1.0.2 && spoil "$C" 10.3.0.2
}

spoil()
{
	ip -n "$1" neigh replace "$2" lladdr 02:00:00:00:00:01 nud permanent \
		dev "$(ip -n "$1" -o link show | grep -o 'v[0-9]*[ab]@' | tr -d @)"
}

find_packets()
{
	for ns in "$A" "$C"; do
		ip -n "$ns" neigh flush all nud permanent || return
	done
}

test_packets_lost_silently()
{
	scene || return
	heals "packets lost" lose_packets find_packets
}

# connections NS: those to the relay's node
connections()
{
	in_ns "$1" ockamctl tcp-connection list -j | jq -c '[.[] | select(.to == "10.1.0.2:4000") | .address]'
}

# The relay's kernel resets all connections to it, and takes new ones at once.
test_connections_reset()
{
	local cut a c

	scene || return
	a=$(connections "$A")
	c=$(connections "$C")
	cut=$(now_ms)
	# It prints what it closed.
	if [ -z "$(ip netns exec "$P" ss -HKtn sport = :4000)" ]; then
		skip "the kernel closes no connections for others (INET_DIAG_DESTROY)"
		return
	fi
	registers "connections reset" "$cut" && answers "connections reset" "$UP" || return
	note "connections reset: registered $((UP - cut)) ms, a message answered $((FIRST - cut)) ms later"
	[ "$a" != "$(connections "$A")" ] || fail "A still has $a"
	[ "$c" != "$(connections "$C")" ] || fail "C still has $c"
}

# The host of a link has another address: who knows it by name finds it again.
test_host_that_moved()
{
	setup_module || return
	cp /etc/hosts "$OCKAM_HOME/hosts"
	defer cp "$OCKAM_HOME/hosts" /etc/hosts
	echo 127.0.0.2 relay.example >> /etc/hosts
	ockamctl node create r --tcp-listener-address 127.0.0.2:4000 > /dev/null 2>&1 &&
	ockamctl node create n > /dev/null 2>&1 || return
	check_eq "$(ockamctl relay create n --at /dnsaddr/relay.example/tcp/4000 --to n)" /service/forward_to_n relay
	check_eq "$(ockamctl resolve -j | jq length)" 0 "nothing is lost yet"
	ockamctl node delete r --yes > /dev/null
	ockamctl node create r --tcp-listener-address 127.0.0.3:4000 > /dev/null 2>&1 || return
	busywait 20 sh -c 'ockamctl relay show n -j | jq -e ".connection_status == \"Down\""'
	check_eq "$(ockamctl resolve -j | jq length)" 0 "the name still has the address"
	sed -i s/127.0.0.2/127.0.0.3/ /etc/hosts
	check_eq "$(ockamctl resolve -j | jq -c '.[0] | [.node, .host, .address]')" \
		'["n","relay.example","127.0.0.3:4000"]' "what moved"
	busywait 20 sh -c 'ockamctl relay show n -j | jq -e ".connection_status == \"Up\""' ||
		fail "it is not up: $(ockamctl relay show n -j)"
	check_eq "$(ockamctl message send hello --from r --to /service/forward_to_n/service/uppercase)" HELLO "a message"
}

# What is up for a moment only does not begin its back-off anew each time.
test_no_busy_loop()
{
	local count

	setup_module || return
	ockamctl node create n > /dev/null 2>&1 || return
	python3 -c 'import socket
server = socket.create_server(("127.0.0.1", 4001))
while True:
    server.accept()[0].close()
    print("one", flush=True)' > "$OCKAM_HOME/accepted" &
	defer kill $!
	ockamctl relay create n --to n --at /ip4/127.0.0.1/tcp/4001 --no-connection-wait > /dev/null || return
	busywait 60 test -s "$OCKAM_HOME/accepted"
	sleep 8
	count=$(wc -l < "$OCKAM_HOME/accepted")
	note "$count connections in 8 s to a server that closes each"
	if [ "$count" -lt 2 ] || [ "$count" -gt 12 ]; then
		fail "$count connections"
	fi
}

run_tests "$@"
