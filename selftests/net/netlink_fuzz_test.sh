#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Random requests to the netlink family, by those who may and those who may not:
# each is answered, and nothing is left. FUZZ_SEED repeats a run.
. "$(dirname -- "$0")/../lib.sh"

FUZZ_SEED=${FUZZ_SEED:-$((RANDOM << 15 | RANDOM))}
FUZZ_SECONDS=${FUZZ_SECONDS:-10}

# fuzz WHO [COMMAND...]: under COMMAND
fuzz()
{
	local who=$1

	shift
	note "repeat: FUZZ_SEED=$FUZZ_SEED $0"
	"$@" "$(dirname -- "$0")/netlink_fuzz" "$FUZZ_SEED" "$FUZZ_SECONDS" "$who"
}

# The ledger that the module shows when it leaves
balanced()
{
	busywait 60 unload_module || fail "the module does not leave" || return
	check_contains "$(dmesg | grep 'ockam: ledger: ' | tail -n 1)" \
		"ledger: balanced" "ledger"
}

# Two at once, one node among theirs has an identity.
test_root()
{
	local other

	setup_module && setup_ns A || return
	ip netns exec "$A" ockamctl node create f0 > /dev/null 2>&1 || return
	FUZZ_SEED=$((FUZZ_SEED + 1)) fuzz admin ip netns exec "$A" &
	other=$!
	fuzz admin ip netns exec "$A" || fail "root"
	wait $other || fail "the other root"
	balanced
}

# Nodes of others are as they were.
without_permission()
{
	setup_module || return
	ockamctl node create f0 > /dev/null 2>&1 || return
	fuzz "$1" || fail "$1"
	check_contains "$(ockamctl node list)" f0 "the node"
	check_contains "$(cat /proc/net/ockam)" "nodes 1" "nodes"
	ockamctl node delete --all > /dev/null 2>&1
	balanced
}

test_unprivileged_user()
{
	without_permission nobody
}

test_root_of_a_child_user_namespace()
{
	[ -e /proc/self/ns/user ] || { skip "no user namespaces"; return; }
	without_permission guest
}

test_root_of_a_user_and_network_namespace()
{
	[ -e /proc/self/ns/user ] || { skip "no user namespaces"; return; }
	without_permission tenant
}

run_tests "$@"
