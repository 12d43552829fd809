#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The module, or the namespace, goes away in the middle of traffic, again and
# again. OCKAM_STORM_ROUNDS says how often.
. "$(dirname -- "$0")/../lib.sh"
need python3

ROUNDS=${OCKAM_STORM_ROUNDS:-$(on_debug 2 4)}
HERE=$(dirname -- "$0")

#	K, the node's namespace (10.9.0.1) ---- R, the remote peer's (10.9.0.2)
flood_from_r()
{
	local kind

	for kind in plain channel; do
		PYTHONPATH=$SELFTESTS/ref ip netns exec "$R" python3 "$HERE/flood.py" $kind \
			10.9.0.1 4000 "$OCKAM_HOME/$kind" > /dev/null 2>&1 &
		defer kill $!
	done
}

node_in_k()
{
	ip netns exec "$K" ockamctl node create k --no-default-services > /dev/null 2>&1 &&
	ip netns exec "$K" ockamctl service start uppercase --at k > /dev/null &&
	ip netns exec "$K" ockamctl secure-channel-listener create api --at k \
		--expose uppercase > /dev/null &&
	ip netns exec "$K" ockamctl tcp-listener create 10.9.0.1:4000 --at k \
		--expose uppercase --expose api > /dev/null
}

answers()
{
	cat "$OCKAM_HOME/$1" 2> /dev/null || echo 0
}

# Both kinds of traffic have been answered since the counters had these values.
more_answers()
{
	[ "$(answers plain)" -gt "$1" ] && [ "$(answers channel)" -gt "$2" ]
}

traffic_flows()
{
	busywait 120 more_answers "$(answers plain)" "$(answers channel)"
}

# A moment that differs from round to round, at most a third of a second.
a_moment()
{
	sleep "0.$(printf %03d $((RANDOM % 330)))"
}

test_rmmod_under_traffic()
{
	local round

	setup_module || return
	setup_ns K R && setup_veth "$K" 10.9.0.1/24 "$R" 10.9.0.2/24 || return
	flood_from_r
	for round in $(seq "$ROUNDS"); do
		load_module && node_in_k || fail "round $round: no node" || return
		traffic_flows || fail "round $round: no traffic" || return
		a_moment
		rmmod ockam || fail "round $round: rmmod" || return
	done
	note "$ROUNDS times: $(answers plain) plain answers, $(answers channel) through channels"
	load_module
}

test_namespace_goes_under_traffic()
{
	local round

	setup_module || return
	setup_ns R || return
	flood_from_r
	for round in $(seq "$ROUNDS"); do
		K=storm-$$-$round
		ip netns add "$K" && ip -n "$K" link set lo up &&
		setup_veth "$K" 10.9.0.1/24 "$R" 10.9.0.2/24 &&
		node_in_k || fail "round $round: no node" || return
		[ $((round % 4)) = 0 ] || traffic_flows || fail "round $round: no traffic" || return
		a_moment
		ip netns del "$K" || fail "round $round: delete" || return
	done
	note "$ROUNDS times: $(answers plain) plain answers, $(answers channel) through channels"
	check_ok "the module can go at once" rmmod ockam
	load_module
}

test_node_goes_under_traffic()
{
	local round

	setup_module || return
	setup_ns K R && setup_veth "$K" 10.9.0.1/24 "$R" 10.9.0.2/24 || return
	flood_from_r
	for round in $(seq "$ROUNDS"); do
		node_in_k || fail "round $round: no node" || return
		[ $((round % 4)) = 0 ] || traffic_flows || fail "round $round: no traffic" || return
		a_moment
		ip netns exec "$K" ockamctl node delete k --yes > /dev/null || fail "round $round: delete" || return
	done
}

run_tests "$@"
