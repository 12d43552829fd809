#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Handshakes and ciphertexts of no honest peer, each refused with its reason; and
# the namespace or the module goes at each step of a handshake.
. "$(dirname -- "$0")/../lib.sh"
need python3

HERE=$(realpath "$(dirname -- "$0")")
ROUND=0

test_refused_with_a_reason()
{
	local rc

	setup_module || return
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 || return
	PYTHONPATH=$SELFTESTS/ref python3 "$HERE/handshake.py" 4000 2>&1 | sed -u 's/^/# /'
	rc=${PIPESTATUS[0]}
	check_eq "$(ockamctl message send ok --from k --to /ip4/127.0.0.1/tcp/4000/secure/api/service/uppercase)" \
		OK "afterwards"
	return $rc
}

#	K, the node's namespace (10.9.0.1) ---- R, the remote peer's (10.9.0.2)
# at_step STEP: a node in K that is at this step of a handshake with a peer in R
at_step()
{
	K=steps-$$-$((++ROUND))
	defer ip netns del "$K"
	ip netns add "$K" && ip -n "$K" link set lo up &&
	setup_veth "$K" 10.9.0.1/24 "$R" 10.9.0.2/24 &&
	ip netns exec "$K" ockamctl node create k --tcp-listener-address 10.9.0.1:4000 \
		> /dev/null 2>&1 || return
	rm -f "$OCKAM_HOME"/step*
	PYTHONPATH=$SELFTESTS/ref ip netns exec "$R" python3 "$HERE/handshake_step.py" "$1" \
		10.9.0.1 4000 "$OCKAM_HOME/step" > "$OCKAM_HOME/out" 2>&1 &
	PEER=$!
	case $1 in
	*second*)
		busywait 30 test -e "$OCKAM_HOME/step.listens" || return
		ip netns exec "$K" ockamctl secure-channel create --from k --timeout 20 \
			--to /ip4/10.9.0.2/tcp/4000/service/api > /dev/null 2>&1 & ;;
	esac
	busywait 30 test -e "$OCKAM_HOME/step" || fail "step $1 is not reached: $(cat "$OCKAM_HOME/out")"
}

# each_step COMMAND...: run it at each step; K is the namespace
each_step()
{
	local step

	setup_module || return
	setup_ns R || return
	for step in before-second at-second before-third early-third at-third; do
		load_module && at_step $step || return
		"$@" || fail "$step"
		kill $PEER 2> /dev/null
		wait
		ip netns del "$K" 2> /dev/null
	done
	load_module
}

unload_at_once()
{
	check_ok "rmmod" rmmod ockam
}

delete_namespace()
{
	ip netns del "$K" && check_ok "rmmod afterwards" busywait 20 rmmod ockam
}

test_rmmod_at_each_step()
{
	each_step unload_at_once
}

test_namespace_goes_at_each_step()
{
	each_step delete_namespace
}

run_tests "$@"
