#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The kernel module against a live upstream node, on loopback: the kernel's
# nodes listen on port 4000, the upstream node on 5000.
. "$(dirname -- "$0")/../lib.sh"
need ockam-peer worker

MESSAGES=${OCKAM_INTEROP_MESSAGES:-10000}
FEW=100
LARGEST=$((16 * 1024 * 1024 - 4096))	# leaves room for routes in the frame
NOBODY=I0000000000000000000000000000000000000000000000000000000000000001

# fact NAME FILE: the last value that a program printed for NAME
fact()
{
	sed -n "s/^$1 //p" "$2" | tail -n 1
}

stop()
{
	kill "$1"
	wait "$1"
}

# background NAME COMMAND...: until the case ends; its output is $OCKAM_HOME/NAME
background()
{
	local out=$OCKAM_HOME/$1

	shift
	"$@" > "$out" 2>&1 &
	defer stop $!
}

# says NAME FACT: wait until what runs in the background has printed it
says()
{
	busywait 120 grep -q "^$2 " "$OCKAM_HOME/$1" ||
		fail "$1 does not say '$2': $(cat "$OCKAM_HOME/$1")"
}

# kernel_node: the node k, where the worker mirror echoes; KERNEL is who it is
kernel_node()
{
	setup_module || return
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 || return
	KERNEL=$(ockamctl identity show)
	background mirror worker echo k mirror
	says mirror bound || return
	ockamctl service expose 127.0.0.1:4000 mirror --at k > /dev/null &&
	ockamctl service expose api mirror --at k > /dev/null
}

# upstream_node [TRUSTED]: the other side; UPSTREAM is who it is
upstream_node()
{
	background upstream ockam-peer serve 127.0.0.1:5000 "$@"
	says upstream listening || return
	UPSTREAM=$(fact identifier "$OCKAM_HOME/upstream")
}

# echoed COUNT COMMAND...: all messages came back; the output is $OCKAM_HOME/out
echoed()
{
	local count=$1 start=$SECONDS

	shift
	"$@" > "$OCKAM_HOME/out" 2>&1 < /dev/null
	check_eq "$(fact echoed "$OCKAM_HOME/out")" "$count" "$* ($(tail -n 1 "$OCKAM_HOME/out"))" ||
		return
	note "$count messages there and back in $((SECONDS - start)) s: ${*:1:4}"
}

# channel_to_upstream [OPTION...]: the address of a channel of k's
channel_to_upstream()
{
	local channel

	channel=$(ockamctl secure-channel create --from k \
		--to /ip4/127.0.0.1/tcp/5000/service/api --timeout 60 "$@" 2> "$OCKAM_HOME/err")
	printf '%s' "${channel##*/}"
}

test_kernel_socket_to_upstream_worker()
{
	kernel_node && upstream_node || return
	echoed "$MESSAGES" worker send k 127.0.0.1:5000/echo "$MESSAGES"
}

test_upstream_client_to_kernel_worker()
{
	kernel_node || return
	check_eq "$(ockam-peer uppercase 127.0.0.1:4000 uppercase hello)" "answer HELLO" "a service"
	echoed $FEW ockam-peer send 127.0.0.1:4000 echo $FEW &&
	echoed "$MESSAGES" ockam-peer send 127.0.0.1:4000 mirror "$MESSAGES"
}

test_largest_message()
{
	local channel

	kernel_node && upstream_node || return
	echoed 1 worker send k 127.0.0.1:5000/echo 1 $LARGEST
	echoed 1 ockam-peer send 127.0.0.1:4000 mirror 1 $LARGEST
	channel=$(channel_to_upstream)
	echoed 1 worker send k "$channel/echo" 1 $LARGEST
}

#	upstream client ---- k (hop) ---- upstream node
test_kernel_hop_between_upstream_nodes()
{
	local conn

	kernel_node && upstream_node &&
	ockamctl service start hop --at k > /dev/null &&
	ockamctl service expose 127.0.0.1:4000 hop --at k > /dev/null || return
	conn=$(ockamctl tcp-connection create --from k --to 127.0.0.1:5000 --expose hop --shared) ||
		return
	echoed $FEW ockam-peer send 127.0.0.1:4000 "hop/${conn##*/}/echo" $FEW
	echoed $FEW ockam-peer channel 127.0.0.1:4000 "hop/${conn##*/}/api" echo $FEW "$UPSTREAM"
}

test_upstream_hop_for_a_kernel_socket()
{
	kernel_node && upstream_node || return
	# Messages of the window's size go one by one: the queues of upstream's
	# workers are short and the same hop is on the way back, so that many
	# messages would wait for each other there.
	echoed 5 worker send k 127.0.0.1:5000/hop/hop/echo 5 $((4 * 1024 * 1024))
}

test_kernel_initiates_a_channel()
{
	local channel

	kernel_node && upstream_node || return
	# Each side accepts the other one only.
	channel=$(channel_to_upstream --authorized "$UPSTREAM")
	check_match "$channel" '^[0-9a-f]{32}$' "the channel ($(cat "$OCKAM_HOME/err"))" || return
	echoed "$MESSAGES" worker send k "$channel/echo" "$MESSAGES" || return
	check_eq "$(fact peer "$OCKAM_HOME/out")" "$UPSTREAM" "whom the kernel sees"
	check_eq "$(fact peer "$OCKAM_HOME/upstream")" "$KERNEL" "whom the upstream node sees"
}

test_upstream_initiates_a_channel()
{
	kernel_node || return
	echoed "$MESSAGES" ockam-peer channel 127.0.0.1:4000 api mirror "$MESSAGES" "$KERNEL" ||
		return
	check_eq "$(fact peer "$OCKAM_HOME/out")" "$KERNEL" "whom the upstream client sees"
	check_eq "$(fact peer "$OCKAM_HOME/mirror")" "$(fact identifier "$OCKAM_HOME/out")" \
		"whom the kernel sees"
}

test_kernel_accepts_and_refuses_upstream_initiators()
{
	kernel_node || return
	mkfifo "$OCKAM_HOME/go"
	ockam-peer channel 127.0.0.1:4000 door mirror $FEW "$KERNEL" \
		< "$OCKAM_HOME/go" > "$OCKAM_HOME/client" 2>&1 &
	defer stop $!
	exec {go}> "$OCKAM_HOME/go"
	says client identifier || return
	ockamctl secure-channel-listener create door --at k --expose mirror \
		--authorized "$(fact identifier "$OCKAM_HOME/client")" > /dev/null &&
	ockamctl service expose 127.0.0.1:4000 door --at k > /dev/null || return
	echo go >&"$go"
	exec {go}>&-
	says client echoed
	# The next one has another identity: it gets no channel, or a deaf one.
	timeout 30 ockam-peer channel 127.0.0.1:4000 door mirror 1 \
		< /dev/null > "$OCKAM_HOME/refused" 2>&1 &&
		fail "a stranger's messages were answered"
	says refused identifier
	check_eq "$(fact peer "$OCKAM_HOME/mirror")" "$(fact identifier "$OCKAM_HOME/client")" \
		"the only peer that reached the worker"
}

test_kernel_refuses_an_upstream_responder()
{
	kernel_node && upstream_node || return
	check_eq "$(channel_to_upstream --authorized $NOBODY)" "" "a channel to somebody else"
	check_contains "$(cat "$OCKAM_HOME/err")" not-authorized "the reason"
}

test_upstream_accepts_and_refuses_kernel_initiators()
{
	local channel

	kernel_node && upstream_node "$KERNEL" || return
	channel=$(channel_to_upstream)
	echoed $FEW worker send k "$channel/echo" $FEW
	ockamctl identity create other > /dev/null 2>&1 &&
	ockamctl node create stranger --identity other > /dev/null 2>&1 || return
	# An initiator that is refused after its last message does not hear of it.
	channel=$(ockamctl secure-channel create --from stranger \
		--to /ip4/127.0.0.1/tcp/5000/service/api --timeout 20 2> "$OCKAM_HOME/err")
	if [ -n "$channel" ]; then
		timeout 10 worker send stranger "${channel##*/}/echo" 1 > /dev/null 2>&1 &&
			fail "a stranger's message was answered"
	fi
	check_eq "$(fact peer "$OCKAM_HOME/upstream")" "$KERNEL" "the only peer that reached the worker"
}

test_upstream_refuses_a_kernel_responder()
{
	kernel_node || return
	ockam-peer channel 127.0.0.1:4000 api mirror 1 $NOBODY < /dev/null > "$OCKAM_HOME/out" 2>&1 &&
		fail "the kernel passed for somebody else"
	check_contains "$(cat "$OCKAM_HOME/out")" "ockam-peer: " "it gave up"
	check_eq "$(fact peer "$OCKAM_HOME/mirror")" "" "nobody reached the worker"
}

#	upstream client ---- upstream node (relay) ---- k
test_kernel_node_behind_an_upstream_relay()
{
	kernel_node && upstream_node || return
	check_eq "$(ockamctl relay create kern --at /ip4/127.0.0.1/tcp/5000/service/api --to k)" \
		/service/forward_to_kern "the relay's address"
	echoed $FEW ockam-peer channel 127.0.0.1:5000 forward_to_kern/api mirror $FEW "$KERNEL"
}

#	k's channel ---- k (relay) ---- upstream node
test_upstream_node_behind_a_kernel_relay()
{
	local channel

	kernel_node || return
	background upstream ockam-peer relay 127.0.0.1:4000 up
	says upstream relay || return
	check_eq "$(fact relay "$OCKAM_HOME/upstream")" forward_to_up "the relay's address"
	echoed $FEW ockam-peer send 127.0.0.1:4000 forward_to_up/echo $FEW
	ockamctl node create far > /dev/null 2>&1 || return
	channel=$(ockamctl secure-channel create --from far --timeout 60 \
		--to /ip4/127.0.0.1/tcp/4000/service/forward_to_up/service/api \
		--authorized "$(fact identifier "$OCKAM_HOME/upstream")" 2> "$OCKAM_HOME/err") ||
		fail "no channel: $(cat "$OCKAM_HOME/err")" || return
	echoed $FEW worker send far "${channel##*/}/echo" $FEW
}

run_tests "$@"
