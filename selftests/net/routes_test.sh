#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Routes over several nodes, by hop services, and what ends a loop.
. "$(dirname -- "$0")/../lib.sh"
need jq

#	a ---- 127.0.0.1:4000 b (hop) ---- [::1]:4001 c (uppercase)
test_hop_over_ipv4_and_ipv6()
{
	local conn

	setup_module || return
	ockamctl node create a > /dev/null 2>&1 &&
	ockamctl node create b --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 &&
	ockamctl node create c --tcp-listener-address '[::1]:4001' > /dev/null 2>&1 &&
	ockamctl service start hop --at b > /dev/null || return
	conn=$(ockamctl tcp-connection create --from b --to '[::1]:4001' --expose hop --shared) || return
	conn=${conn##*/}
	# Nobody exposed the hop yet.
	check_rc 75 "hidden hop" ockamctl message send hello --from a --timeout 1 \
		--to "/ip4/127.0.0.1/tcp/4000/service/hop/service/$conn/service/uppercase"
	ockamctl service expose 127.0.0.1:4000 hop --at b > /dev/null || return
	check_eq "$(ockamctl message send hello --from a \
		--to "/ip4/127.0.0.1/tcp/4000/service/hop/service/$conn/service/uppercase")" HELLO answer
}

# A loop inside a node ends with the hop budget, or when the route is used up.
test_loop_in_a_node_ends()
{
	local route=''

	setup_module || return
	ockamctl node create a > /dev/null 2>&1 &&
	ockamctl service start hop --at a > /dev/null || return
	for _ in $(seq 30); do
		route=$route/service/hop
	done
	check_eq "$(ockamctl message send hello --from a --to "$route/service/uppercase")" HELLO \
		"30 hops there and back"
	check_rc 68 "33 hops" ockamctl message send x --from a --to "$route$route/service/echo"
}

# Each hop makes the return route longer: it ends a loop, is told and counted.
test_loop_of_hops_is_counted()
{
	local hops

	setup_module || return
	ockamctl node create a > /dev/null 2>&1 &&
	ockamctl service start hop --at a > /dev/null || return
	mapfile -t hops < <(yes hop | head -n 32)
	check_rc 1 "32 hops" python3 "$(dirname -- "$0")/user_send.py" a "${hops[@]}"
	check_contains "$ERR" "Message too long" "what the sender gets"
	check_eq "$(ockamctl stats a --output plain | grep dropped | xargs)" "dropped 1 too-many-hops" "the count"
}

# A received message never makes the node connect.
test_no_connection_for_a_received_message()
{
	setup_module || return
	ockamctl node create a > /dev/null 2>&1 &&
	ockamctl node create b --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 &&
	ockamctl service start hop --at b > /dev/null &&
	ockamctl service expose 127.0.0.1:4000 hop --at b > /dev/null || return
	check_ok "send" python3 "$(dirname -- "$0")/type_one.py" 4000
	check_eq "$(dropped b not-local)" 1 "the count"
}

# Who may only use a node does not get at the administrator's connections by a hop.
test_hop_lends_no_rights()
{
	local conn user="setpriv --reuid 65534 --regid 4711 --clear-groups env HOME=/tmp"

	setup_module || return
	ockamctl node create a --allow-group 4711 > /dev/null 2>&1 &&
	ockamctl node create c --tcp-listener-address 127.0.0.1:4001 > /dev/null 2>&1 &&
	ockamctl service start hop --at a > /dev/null || return
	conn=$(ockamctl tcp-connection create --from a --to 127.0.0.1:4001 --expose hop) || return
	conn=${conn##*/}
	$user "$(dirname -- "$0")/user_send.py" a hop "$conn" uppercase && fail "a hop lent the administrator's rights"
	check_ok "what the user may do" $user "$(dirname -- "$0")/user_send.py" a hop uppercase
}

run_tests "$@"
