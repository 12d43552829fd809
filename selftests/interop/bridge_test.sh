#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Routes over several connections, and channels inside channels, where some
# nodes are the kernel's and others upstream's.
#
# One hop of upstream's takes a message at a time: its queue is short, and when
# it is on the way there and back, many messages would wait for each other.
. "$(dirname -- "$0")/interop.sh"

#	upstream client ---- k (hop) ---- upstream node
test_kernel_hop_between_upstream_nodes()
{
	local conn

	kernel_node && upstream_node && kernel_hop k 127.0.0.1:4000 || return
	conn=$(kernel_connection k 127.0.0.1:5000)
	echoed $FEW ockam-peer send 127.0.0.1:4000 "hop/$conn/echo" $FEW
	echoed $FEW ockam-peer channel 127.0.0.1:4000 "hop/$conn/api" echo $FEW \
		--trusted "$UPSTREAM"
}

#	far ---- upstream node (hop) ---- k
test_upstream_hop_between_kernel_nodes()
{
	local way channel

	kernel_node && upstream_node --connect 127.0.0.1:4000 &&
	ockamctl node create far > /dev/null 2>&1 || return
	way=$(fact way upstream)
	echoed $FEW worker -1 send far "127.0.0.1:5000/hop/$way/mirror" $FEW
	echoed 5 worker -1 -s $((4 * 1024 * 1024)) send far 127.0.0.1:5000/hop/hop/echo 5
	channel=$(channel_from far "/ip4/127.0.0.1/tcp/5000/service/hop/service/$way/service/api" \
		--authorized "$KERNEL")
	echoed $FEW worker -1 send far "$channel/mirror" $FEW
}

#	far --IPv4-- upstream node --IPv6-- k --IPv4-- upstream node v
test_bridge_over_three_connections()
{
	local way conn route channel

	kernel_node && upstream_at 5001 v &&
	ockamctl tcp-listener create '[::1]:4000' --at k --expose hop > /dev/null &&
	kernel_hop k '[::1]:4000' && upstream_node --connect '[::1]:4000' &&
	ockamctl node create far > /dev/null 2>&1 || return
	way=$(fact way upstream)
	conn=$(kernel_connection k 127.0.0.1:5001)
	route=hop/$way/hop/$conn
	echoed $FEW worker -1 send far "127.0.0.1:5000/$route/echo" $FEW
	echoed $FEW ockam-peer channel 127.0.0.1:5000 "$route/api" echo $FEW --slowly \
		--trusted "$(fact identifier v)"
	channel=$(channel_from far "/ip4/127.0.0.1/tcp/5000/service/${route//\///service/}/service/api" \
		--authorized "$(fact identifier v)")
	echoed $FEW worker -1 send far "$channel/echo" $FEW
	check_eq "$(fact peer v)" "$(ockamctl identity show)" "whom the last node sees"
}

#	far ---- upstream node ==== upstream node v ---- k
test_kernel_channel_inside_an_upstream_one()
{
	local channel

	kernel_node && upstream_at 5001 v --connect 127.0.0.1:4000 &&
	upstream_node --connect 127.0.0.1:5001 --through api &&
	ockamctl node create far > /dev/null 2>&1 || return
	channel=$(channel_from far "/ip4/127.0.0.1/tcp/5000/service/hop/service/$(fact way upstream)$(
		)/service/hop/service/$(fact way v)/service/api" --authorized "$KERNEL")
	echoed $FEW worker -1 send far "$channel/mirror" $FEW
	check_eq "$(fact peer mirror)" "$KERNEL" "whom the worker sees"
}

#	upstream client ---- k ==== far ---- upstream node
test_upstream_channel_inside_a_kernel_one()
{
	local outer conn

	kernel_node && upstream_node && kernel_hop k 127.0.0.1:4000 &&
	ockamctl node create far --tcp-listener-address 127.0.0.1:4001 > /dev/null 2>&1 &&
	kernel_hop far api || return
	outer=$(channel_from k /ip4/127.0.0.1/tcp/4001/service/api --expose hop)
	conn=$(kernel_connection far 127.0.0.1:5000)
	echoed $FEW ockam-peer channel 127.0.0.1:4000 "hop/$outer/hop/$conn/api" echo $FEW \
		--trusted "$UPSTREAM"
	check_eq "$(fact peer upstream)" "$(fact identifier out)" "whom the upstream node sees"
}

#	upstream client ---- k ---- upstream node ---- far: a channel to each
test_three_channels_of_an_upstream_client()
{
	local conn far

	kernel_node && kernel_hop k api &&
	ockamctl identity create distant > /dev/null 2>&1 &&
	ockamctl node create far --identity distant --tcp-listener-address 127.0.0.1:4001 \
		> /dev/null 2>&1 && upstream_node --connect 127.0.0.1:4001 || return
	conn=$(kernel_connection k 127.0.0.1:5000)
	far=$(ockamctl identity show distant)
	echoed $FEW ockam-peer channel 127.0.0.1:4000 "api,hop/$conn/api,hop/$(fact way upstream)/api" \
		echo $FEW --slowly --trusted "$far" || return
	check_eq "$(sed -n 's/^peer //p' "$OCKAM_HOME/out" | xargs)" "$KERNEL $UPSTREAM $far" \
		"whom it has met"
}

#	far ---- upstream node ---- k ---- upstream node v: a channel to each
test_three_channels_of_a_kernel_node()
{
	local conn first second third

	kernel_node && kernel_hop k api && upstream_at 5001 v &&
	upstream_node --connect 127.0.0.1:4000 &&
	ockamctl node create far > /dev/null 2>&1 || return
	conn=$(kernel_connection k 127.0.0.1:5001)
	first=$(channel_from far /ip4/127.0.0.1/tcp/5000/service/api --authorized "$UPSTREAM") &&
	second=$(channel_from far "/service/$first/service/hop/service/$(fact way upstream)/service/api" \
		--authorized "$KERNEL") &&
	third=$(channel_from far "/service/$second/service/hop/service/$conn/service/api" \
		--authorized "$(fact identifier v)")
	echoed $FEW worker -1 send far "$third/echo" $FEW || return
	check_eq "$(fact peer out)" "$(fact identifier v)" "whom the kernel sees"
	check_eq "$(fact peer v)" "$KERNEL" "whom the last node sees"
	check_eq "$(facts peer upstream)" 0 "messages that the node in the middle could read"
}

run_tests "$@"
