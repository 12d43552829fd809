#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Secure channels between the kernel and a live upstream node.
. "$(dirname -- "$0")/interop.sh"

test_kernel_initiates_a_channel()
{
	local channel

	kernel_node && upstream_node --trusted "$KERNEL" || return
	# Each side accepts the other one only.
	channel=$(channel_to_upstream --authorized "$UPSTREAM")
	check_match "$channel" '^[0-9a-f]{32}$' "the channel ($(cat "$OCKAM_HOME/err"))" || return
	echoed "$MESSAGES" worker send k "$channel/echo" "$MESSAGES" || return
	check_eq "$(fact peer out)" "$UPSTREAM" "whom the kernel sees"
	check_eq "$(fact peer upstream)" "$KERNEL" "whom the upstream node sees"
}

test_upstream_initiates_a_channel()
{
	kernel_node || return
	echoed "$MESSAGES" ockam-peer channel 127.0.0.1:4000 api mirror "$MESSAGES" \
		--trusted "$KERNEL" || return
	check_eq "$(fact peer out)" "$KERNEL" "whom the upstream client sees"
	check_eq "$(fact peer mirror)" "$(fact identifier out)" "whom the kernel sees"
}

# Each side sends to the other one's echo: a direction has twice the messages.
test_both_send_at_once_through_one_channel()
{
	local channel start=$SECONDS client seconds MESSAGES=$((5 * MESSAGES))

	kernel_node || return
	background client ockam-peer channel 127.0.0.1:4000 api mirror "$MESSAGES" --hold
	tell client
	says client peer || return
	channel=$(channel_of k)
	echoed "$MESSAGES" worker send k "$channel/echo" "$MESSAGES"
	busywait 1200 grep -q '^echoed ' "$OCKAM_HOME/client" ||
		fail "the upstream client's messages: $(cat "$OCKAM_HOME/client")" || return
	seconds=$((SECONDS - start))
	check_eq "$(fact echoed client)" "$MESSAGES" "the upstream client's messages"
	client=$(ockamctl secure-channel show "$channel" --at k --output json)
	note "$((2 * MESSAGES)) messages each way in $seconds s: $(jq -c '[.rekeys, .tx, .rx]' <<< "$client")"
	check_eq "$(jq "[.tx.msgs, .rx.msgs] == [$((2 * MESSAGES)), $((2 * MESSAGES))]" <<< "$client")" \
		true "messages each way"
	check_eq "$(jq "[.rx.replays, .rx.auth_fail] == [0, 0]" <<< "$client")" true "refused ones"
	check_eq "$(jq ".rekeys >= $((4 * MESSAGES / 32 - 2))" <<< "$client")" true "rekeys"
}

test_kernel_accepts_and_refuses_upstream_initiators()
{
	kernel_node || return
	background client ockam-peer channel 127.0.0.1:4000 door mirror $FEW --trusted "$KERNEL"
	says client identifier || return
	ockamctl secure-channel-listener create door --at k --expose mirror \
		--authorized "$(fact identifier client)" > /dev/null &&
	ockamctl service expose 127.0.0.1:4000 door --at k > /dev/null || return
	tell client
	says client echoed
	# The next one has another identity: it gets no channel, or a deaf one.
	timeout 30 ockam-peer channel 127.0.0.1:4000 door mirror 1 \
		< /dev/null > "$OCKAM_HOME/refused" 2>&1 &&
		fail "a stranger's messages were answered"
	says refused identifier
	check_eq "$(facts peer mirror)" 1 "peers that reached the worker"
	check_eq "$(fact peer mirror)" "$(fact identifier client)" "the peer that reached the worker"
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

	kernel_node && upstream_node --trusted "$KERNEL" || return
	channel=$(channel_to_upstream)
	echoed $FEW worker send k "$channel/echo" $FEW
	ockamctl identity create other > /dev/null 2>&1 &&
	ockamctl node create stranger --identity other > /dev/null 2>&1 || return
	# An initiator that is refused after its last message does not hear of it.
	channel=$(channel_from stranger /ip4/127.0.0.1/tcp/5000/service/api)
	if [ -n "$channel" ]; then
		timeout 10 worker send stranger "$channel/echo" 1 > /dev/null 2>&1 &&
			fail "a stranger's message was answered"
	fi
	check_eq "$(facts peer upstream)" 1 "peers that reached the worker"
	check_eq "$(fact peer upstream)" "$KERNEL" "the peer that reached the worker"
}

test_upstream_refuses_a_kernel_responder()
{
	kernel_node || return
	ockam-peer channel 127.0.0.1:4000 api mirror 1 --trusted $NOBODY \
		< /dev/null > "$OCKAM_HOME/out" 2>&1 && fail "the kernel passed for somebody else"
	check_contains "$(cat "$OCKAM_HOME/out")" "ockam-peer: " "it gave up"
	check_eq "$(fact peer mirror)" "" "nobody reached the worker"
}

test_kernel_channel_socket_to_upstream_worker()
{
	kernel_node && upstream_node --trusted "$KERNEL" || return
	echoed $FEW worker -a "$UPSTREAM" connect k 127.0.0.1:5000/api echo $FEW || return
	check_eq "$(fact peer out)" "$UPSTREAM" "whom the socket sees"
	check_eq "$(fact peer upstream)" "$KERNEL" "whom the upstream node sees"
	worker -a $NOBODY connect k 127.0.0.1:5000/api echo 1 > "$OCKAM_HOME/out" 2>&1 &&
		fail "the upstream node passed for somebody else"
	check_contains "$(cat "$OCKAM_HOME/out")" "connect: Key was rejected" "the error"
}

test_upstream_client_to_kernel_channel_socket()
{
	kernel_node || return
	background client ockam-peer channel 127.0.0.1:4000 door door $FEW \
		--trusted "$KERNEL" --own door --size 1000 --hold
	says client identifier || return
	background socket worker -a "$(fact identifier client)" accept k door
	says socket bound &&
	ockamctl service expose 127.0.0.1:4000 door --at k > /dev/null || return
	timeout 30 ockam-peer channel 127.0.0.1:4000 door door 1 --own door --size 1000 \
		< /dev/null > "$OCKAM_HOME/refused" 2>&1 && fail "a stranger was accepted"
	tell client
	says client echoed || return
	check_eq "$(fact peer socket)" "$(fact identifier client)" "whom the socket sees"
	check_eq "$(fact peer client)" "$KERNEL" "whom the upstream client sees"
	tell client
	says socket "closed there"
}

# monitored: events of channels go to the file monitor
monitored()
{
	background monitor ockamctl monitor channel --output json
	says monitor waiting
}

# closed CHANNEL: k has no channel any more, and said so
closed()
{
	busywait 30 grep -q "^{\"address\":\"$1\",.*\"event\":\"closed\"" "$OCKAM_HOME/monitor" ||
		fail "no event: $(cat "$OCKAM_HOME/monitor")"
	check_eq "$(channel_of k)" "" "the kernel's channels"
}

test_initiator_in_the_kernel_closes()
{
	local channel

	kernel_node && upstream_node || return
	channel=$(channel_to_upstream)
	says upstream "channels 1" || return
	ockamctl secure-channel delete "$channel" --at k --yes > /dev/null
	says upstream "channels 0"
}

test_initiator_upstream_closes()
{
	local channel

	kernel_node || return
	background client ockam-peer channel 127.0.0.1:4000 api mirror 1 --hold
	tell client
	says client echoed || return
	channel=$(channel_of k)
	monitored || return
	tell client
	says client "closed here"
	closed "$channel"
}

test_responder_in_the_kernel_closes()
{
	kernel_node || return
	background client ockam-peer channel 127.0.0.1:4000 api mirror 1 --hold
	tell client
	says client echoed || return
	ockamctl secure-channel delete "$(channel_of k)" --at k --yes > /dev/null
	says client "closed there"
}

test_responder_upstream_closes()
{
	local channel

	kernel_node && upstream_node || return
	channel=$(channel_to_upstream)
	background socket worker -w connect k 127.0.0.1:5000/api echo 1
	says socket echoed && says upstream "channels 2" || return
	monitored || return
	tell upstream
	says socket "closed there"
	closed "$channel"
}

run_tests "$@"
