#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# What a peer makes the node keep is bounded, counted and given back.
. "$(dirname -- "$0")/../lib.sh"
need python3 jq

LIMITS=/proc/sys/net/ockam

quota()
{
	PYTHONPATH=$SELFTESTS/ref check_ok "$1" python3 "$(dirname -- "$0")/quota.py" 4000 "$1"
}

node_k()
{
	setup_module || return
	defer unload_module
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1
}

test_frames_that_are_never_completed()
{
	node_k || return
	echo 65536 > $LIMITS/max_reassembly_bytes
	quota frames
	check_match "$(dropped k reassembly-limit)" '^[1-9]' "the count"
}

test_handshakes_that_are_never_completed()
{
	node_k || return
	echo 4 > $LIMITS/max_half_open_per_peer
	echo 8 > $LIMITS/max_half_open
	quota handshakes
	check_eq "$(dropped k handshake-limit)" 8 "the count"
}

run_tests "$@"
