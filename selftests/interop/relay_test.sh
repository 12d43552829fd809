#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Relays and their clients, the kernel's and upstream's: reached through each
# other, kept up, and up again after the other side died under traffic.
#
# Upstream's library registers once. The supervision here is that of upstream's
# command line: pings to the relay node's echo, three misses, all made anew.
. "$(dirname -- "$0")/interop.sh"

CALM=${OCKAM_INTEROP_SECONDS:-20}
HEAL_MS=$(on_debug 15000 5000)
QUICK="--ping 2000 --retry 500"	# upstream's own are 10 s and 5 s

# reached_at PORT NAME WORKER IDENTIFIER: by both kinds of clients, through
# channels whose other end is IDENTIFIER
reached_at()
{
	local port=$1 name=$2 worker=$3 identifier=$4 channel

	echoed $FEW ockam-peer channel "127.0.0.1:$port" "$name/api" "$worker" $FEW \
		--trusted "$identifier"
	channel=$(channel_from far "/ip4/127.0.0.1/tcp/$port/service/$name/service/api" \
		--authorized "$identifier")
	echoed $FEW worker send far "$channel/$worker" $FEW
	check_eq "$(fact peer out)" "$identifier" "whom the kernel sees behind the relay"
}

# upstream_relay_client [OPTION...]: the node up, registered at k
upstream_relay_client()
{
	background up ockam-peer relay 127.0.0.1:4000 up "$@"
	says up relay || return
	check_eq "$(fact relay up)" forward_to_up "the relay's address"
}

# probe ROUTE: messages from far that go on through what happens
probe()
{
	background probe worker probe far "$1"
	says probe answers
}

# silent: the probe has no answers any more, and for a while
silent()
{
	says probe silence && sleep 3
}

# healed SINCE: the probe has answers again; says when they came
healed()
{
	local ms

	busywait 60 eval '[ $(facts answers probe) = 2 ]' ||
		fail "no answers: $(cat "$OCKAM_HOME/probe")" || return
	ms=$(($(fact answers probe) - $1))
	note "answers $ms ms after the other side came back"
	[ $ms -lt "$HEAL_MS" ] || fail "that took too long"
}

now_ms()
{
	date +%s%3N
}

#	clients ---- upstream node (relay) ---- k
test_kernel_node_behind_an_upstream_relay()
{
	kernel_node && upstream_node && ockamctl node create far > /dev/null 2>&1 || return
	check_eq "$(ockamctl relay create kern --at /ip4/127.0.0.1/tcp/5000/service/api --to k)" \
		/service/forward_to_kern "the relay's address"
	echoed $FEW ockam-peer send 127.0.0.1:5000 forward_to_kern/echo $FEW
	echoed $FEW worker send far 127.0.0.1:5000/forward_to_kern/echo $FEW
	reached_at 5000 forward_to_kern mirror "$KERNEL"
}

#	clients ---- k (relay) ---- upstream node
test_upstream_node_behind_a_kernel_relay()
{
	kernel_node && ockamctl node create far > /dev/null 2>&1 &&
	upstream_relay_client || return
	echoed $FEW ockam-peer send 127.0.0.1:4000 forward_to_up/echo $FEW
	echoed $FEW worker send far 127.0.0.1:4000/forward_to_up/echo $FEW
	reached_at 4000 forward_to_up echo "$(fact identifier up)"
}

test_registrations_through_channels()
{
	kernel_node && upstream_node && ockamctl node create far > /dev/null 2>&1 &&
	ockamctl service expose api static_forwarding_service --at k > /dev/null || return
	check_eq "$(ockamctl relay create kern --at /ip4/127.0.0.1/tcp/5000/secure/api --to k \
		--authorized "$UPSTREAM")" /service/forward_to_kern "the relay's address"
	reached_at 5000 forward_to_kern mirror "$KERNEL"
	upstream_relay_client --through api || return
	check_eq "$(fact peer up)" "$KERNEL" "whom the upstream relay client sees"
	reached_at 4000 forward_to_up echo "$(fact identifier up)"
}

# longest_gap: of the probe's, in milliseconds; one that goes on counts, too
longest_gap()
{
	{ cat "$OCKAM_HOME/probe" && echo "answers $(now_ms)"; } |
		awk '$1 == "silence" { since = $2 }
			$1 == "answers" && since { most = $2 - since > most ? $2 - since : most; since = 0 }
			END { print most + 0 }'
}

# There is no gap. Watched for long, the times are upstream's own, and a gap is
# shorter than one between two pings: an emulator stands still now and then.
test_supervision_stays_content()
{
	local each=2000 gap=0 options=$QUICK

	if [ "$CALM" -lt 120 ]; then
		# The kernel's relay client, too, would have given up in the meantime.
		echo 2000 > /proc/sys/net/ockam/relay_ping_ms
		defer sh -c 'echo 10000 > /proc/sys/net/ockam/relay_ping_ms'
	else
		each=10000 gap=9999 options=
	fi
	kernel_node && upstream_node && ockamctl node create far > /dev/null 2>&1 &&
	upstream_relay_client $options &&
	ockamctl relay create kern --at /ip4/127.0.0.1/tcp/5000/service/api --to k > /dev/null &&
	probe 127.0.0.1:4000/forward_to_up/echo || return
	sleep "$CALM"
	note "$(fact pongs up) pings of the upstream client answered in $CALM s, longest gap $(longest_gap) ms"
	[ "$(fact pongs up)" -ge $((CALM * 500 / each)) ] || fail "answers to pings are missing"
	check_eq "$(facts lost up)" 0 "relays that the upstream client gave up"
	check_eq "$(facts relay up)" 1 "registrations of the upstream client"
	[ "$(longest_gap)" -le $gap ] || fail "a gap in the traffic"
	check_eq "$(ockamctl relay show kern --at k --output json | jq -r .connection_status)" Up \
		"the kernel's relay client"
}

test_kernel_client_outlives_an_upstream_relay()
{
	local since upstream

	kernel_node && upstream_node && upstream=$PID && ockamctl node create far > /dev/null 2>&1 &&
	ockamctl relay create kern --at /ip4/127.0.0.1/tcp/5000/service/api --to k > /dev/null &&
	probe 127.0.0.1:5000/forward_to_kern/echo || return
	kill -9 "$upstream"
	silent || return
	upstream_node || return
	since=$(now_ms)
	healed "$since" && reached_at 5000 forward_to_kern mirror "$KERNEL"
}

test_upstream_client_outlives_a_kernel_relay()
{
	local since

	kernel_node && ockamctl node create far > /dev/null 2>&1 && upstream_relay_client $QUICK &&
	probe 127.0.0.1:4000/forward_to_up/echo || return
	ockamctl node delete k --yes > /dev/null
	silent || return
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 || return
	since=$(now_ms)
	healed "$since" && reached_at 4000 forward_to_up echo "$(fact identifier up)"
}

# Another process under the same name: its predecessor died without a word.
test_kernel_relay_takes_a_name_again()
{
	local since up

	kernel_node && ockamctl node create far > /dev/null 2>&1 && upstream_relay_client &&
	up=$PID && probe 127.0.0.1:4000/forward_to_up/echo || return
	kill -9 "$up"
	silent || return
	upstream_relay_client || return
	since=$(now_ms)
	healed "$since" && reached_at 4000 forward_to_up echo "$(fact identifier up)"
}

run_tests "$@"
