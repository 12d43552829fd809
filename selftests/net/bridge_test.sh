#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Bridges: routes over several TCP connections of several machines.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/scenario.sh"
need ip jq

#	a 10.1.0.1 ---- 10.1.0.2 b fd00:2::b ---- fd00:2::c c fd00:3::c ---- fd00:3::d d
# b and c have a hop service that what comes by a channel, and back, may reach.
bridges()
{
	setup_module || return
	defer unload_module
	setup_ns A B C D || return
	HOMES=$(mktemp -d)
	defer rm -rf "$HOMES"
	mkdir "$HOMES/$A" "$HOMES/$B" "$HOMES/$C" "$HOMES/$D"
	setup_veth "$A" 10.1.0.1/24 "$B" 10.1.0.2/24 &&
	setup_veth "$B" fd00:2::b/64 "$C" fd00:2::c/64 &&
	setup_veth "$C" fd00:3::c/64 "$D" fd00:3::d/64 || return
	machine "$A" a 10.1.0.1:4000 && machine "$B" b 10.1.0.2:4000 &&
	machine "$C" c '[fd00:2::c]:4000' && machine "$D" d '[fd00:3::d]:4000' &&
	bridge "$B" b '[fd00:2::c]:4000' B_C && bridge "$C" c '[fd00:3::d]:4000' C_D
}

machine()
{
	busywait 10 ping_self "$1" "${3%:*}" || return
	check_ok "node $2" in_ns "$1" ockamctl node create "$2" --tcp-listener-address "$3"
}

# An IPv6 address is not there at once.
ping_self()
{
	! ip -n "$1" -o addr show tentative | grep -q .
}

# bridge NS NODE NEXT VAR: the way on, and its address in VAR
bridge()
{
	local way

	in_ns "$1" ockamctl service start hop --at "$2" > /dev/null &&
	in_ns "$1" ockamctl service expose api hop --at "$2" > /dev/null || return
	way=$(in_ns "$1" ockamctl tcp-connection create --from "$2" --to "$3" --expose hop --shared) || return
	printf -v "$4" '%s' "${way##*/}"
}

channel()
{
	in_ns "$A" ockamctl secure-channel create --from a --to "$1" --timeout 60 -q
}

test_plain_hops()
{
	bridges || return
	in_ns "$B" ockamctl service expose 10.1.0.2:4000 hop --at b > /dev/null
	in_ns "$C" ockamctl service expose '[fd00:2::c]:4000' hop --at c > /dev/null
	in_ns "$D" ockamctl service expose '[fd00:3::d]:4000' uppercase --at d > /dev/null
	check_eq "$(in_ns "$A" ockamctl message send hello --from a \
		--to "/ip4/10.1.0.2/tcp/4000/service/hop/service/$B_C/service/hop/service/$C_D/service/uppercase")" \
		HELLO "over three connections"
}

test_channels_in_channels()
{
	local one two three four

	bridges || return
	one=$(channel /ip4/10.1.0.2/tcp/4000/service/api) || fail "to b" || return
	two=$(channel "$one/service/hop/service/$B_C/service/api") || fail "to c, through b" || return
	three=$(channel "$two/service/hop/service/$C_D/service/api") || fail "to d, through c" || return
	four=$(channel "$three/service/api") || fail "to d, in itself" || return
	check_eq "$(in_ns "$A" ockamctl message send hello --from a --to "$three/service/uppercase")" HELLO "three deep"
	check_eq "$(in_ns "$A" ockamctl message send hello --from a --to "$four/service/uppercase")" HELLO "four deep"
	check_rc 0 "large messages" in_ns "$A" ockamctl message perf "$three/service/echo" --from a \
		--count 2 --length 600000 --timeout 300 -j
	check_eq "$(jq '[.messages, .bytes] | join(" ")' <<< "$OUT")" '"2 1200000"' "large messages"
	# Who may be reached is who is at the other end, not who is on the way.
	check_eq "$(in_ns "$A" ockamctl secure-channel show "$three" --at a -j | jq -r .their_identifier)" \
		"$(in_ns "$D" ockamctl identity show -j | jq -r '.identifier // .[0].identifier')" "the peer"
}

test_relay_across_a_bridge()
{
	local one two three

	bridges || return
	# d registers at c, whose listener lets channels reach its relays.
	in_ns "$C" ockamctl service expose api static_forwarding_service --at c > /dev/null || return
	ip -n "$D" route add fd00:2::/64 via fd00:3::c
	ip netns exec "$C" sysctl -qw net.ipv6.conf.all.forwarding=1
	check_eq "$(in_ns "$D" ockamctl relay create d --to d --at '/ip6/fd00:2::c/tcp/4000/secure/api' --timeout 60)" \
		/service/forward_to_d "relay"
	one=$(channel /ip4/10.1.0.2/tcp/4000/service/api) || fail "to b" || return
	two=$(channel "$one/service/hop/service/$B_C/service/api") || fail "to c, through b" || return
	three=$(channel "$two/service/forward_to_d/service/api") || fail "to d, by the relay" || return
	check_eq "$(in_ns "$A" ockamctl message send hello --from a --to "$three/service/uppercase")" HELLO "answer"
}

run_tests "$@"
