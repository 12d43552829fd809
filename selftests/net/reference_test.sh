#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The reference peer, which a live upstream node agreed with, on both sides.
. "$(dirname -- "$0")/../lib.sh"
need python3

REF=$SELFTESTS/ref

test_reference_peer_against_a_kernel_node()
{
	load_module || return
	setup_home
	defer unload_module
	defer ockamctl node delete --all
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 || return
	python3 "$REF/live.py" try 127.0.0.1:4000 > "$OCKAM_HOME/out" 2>&1
	local rc=$?
	sed 's/^/# /' "$OCKAM_HOME/out"
	check_eq "$(tail -n 1 "$OCKAM_HOME/out")" "11 passed, 0 failed" "cases"
	return $rc
}

serve()
{
	python3 "$REF/live.py" serve 5000 > "$OCKAM_HOME/serve" 2>&1 &
	defer kill $!
	busywait 60 grep -q listening "$OCKAM_HOME/serve"
}

test_kernel_node_against_the_reference_peer()
{
	local channel

	load_module || return
	setup_home
	defer unload_module
	defer ockamctl node delete --all
	serve || fail "the peer does not start" || return
	ockamctl node create k > /dev/null 2>&1 || return
	check_eq "$(ockamctl message send hello --from k --to /ip4/127.0.0.1/tcp/5000/service/uppercase)" \
		HELLO "a plain message"
	channel=$(ockamctl secure-channel create --from k --to /ip4/127.0.0.1/tcp/5000/service/api 2> /dev/null)
	check_match "$channel" '^/service/[0-9a-f]{32}$' "a channel"
	check_eq "$(ockamctl message send secret --from k --to "$channel/service/uppercase")" \
		SECRET "a message through it"
	for i in $(seq 70); do
		[ "$(ockamctl message send "m$i" --from k --to "$channel/service/uppercase")" = "M$i" ] ||
			fail "message $i" || return
	done
	check_eq "$(ockamctl relay create kern --at /ip4/127.0.0.1/tcp/5000/service/api --to k)" \
		/service/forward_to_kern "a relay registration"
	# Through the relay and back into ourselves.
	check_eq "$(ockamctl message send round --from k --to /ip4/127.0.0.1/tcp/5000/service/forward_to_kern/service/uppercase)" \
		ROUND "a message through the relay"
}

test_wrong_identity_is_refused()
{
	load_module || return
	setup_home
	defer unload_module
	defer ockamctl node delete --all
	serve || return
	ockamctl node create k > /dev/null 2>&1 || return
	check_rc 77 "another identifier than the pinned one" ockamctl secure-channel create \
		--from k --to /ip4/127.0.0.1/tcp/5000/service/api --timeout 5 \
		--authorized I0000000000000000000000000000000000000000000000000000000000000001
	check_contains "$ERR" not-authorized "the reason"
}

run_tests "$@"
