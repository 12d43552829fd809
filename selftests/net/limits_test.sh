#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The limits of a namespace: sysctls, who may raise them, what a refusal says.
. "$(dirname -- "$0")/../lib.sh"
need jq

LIMITS=/proc/sys/net/ockam

test_limits_refuse_and_are_lifted()
{
	setup_module || return
	defer unload_module
	ockamctl node create a > /dev/null 2>&1 || return
	echo 1 > $LIMITS/max_nodes
	check_rc 73 "a second node" ockamctl node create b
	echo 2 > $LIMITS/max_nodes
	check_ok "within the limit" ockamctl node create b --tcp-listener-address 127.0.0.1:4000
	echo 0 > $LIMITS/max_relays
	check_rc 75 "a relay" ockamctl relay create x --at /node/b --to a --timeout 2
	echo 0 > $LIMITS/max_channels
	check_rc 73 "a channel above the limit" ockamctl secure-channel create --from a \
		--to /ip4/127.0.0.1/tcp/4000/service/api --timeout 2
	check_match "$(dropped a channel-limit)" '^[1-9]' "the count of channels"
	echo 0 > $LIMITS/max_connections
	ockamctl message send x --from a --to /ip4/127.0.0.1/tcp/4000/service/echo --timeout 2 > /dev/null 2>&1 &&
		fail "a connection above the limit"
	check_match "$(dropped a connection-limit)" '^[1-9]' "the count of connections"
	echo 10 > $LIMITS/max_connections
	check_eq "$(ockamctl message send x --from a --to /ip4/127.0.0.1/tcp/4000/service/uppercase)" X "lifted"
}

test_limits_are_checked()
{
	local value

	setup_module || return
	defer unload_module
	for value in -1 1048577 x; do
		(echo $value > $LIMITS/max_nodes) 2> /dev/null && fail "max_nodes took $value"
	done
	(echo 1 > $LIMITS/handshake_timeout_ms) 2> /dev/null && fail "a handshake in 1 ms"
	check_eq "$(cat $LIMITS/max_nodes)" 1024 "unchanged"
}

# Each namespace has its own; a child user namespace can lower them only.
test_limits_in_a_child_user_namespace()
{
	setup_module || return
	defer unload_module
	check_ok "child" unshare -Urn --mount-proc -pf sh -ec '
		[ "$(cat /proc/sys/net/ockam/max_nodes)" = 1024 ]
		echo 10 > /proc/sys/net/ockam/max_nodes
		echo 1024 > /proc/sys/net/ockam/max_nodes
		! (echo 1025 > /proc/sys/net/ockam/max_nodes) 2> /dev/null
		echo 5 > /proc/sys/net/ockam/max_nodes'
	check_eq "$(cat $LIMITS/max_nodes)" 1024 "the parent's"
	check_ok "the parent may" sh -c "echo 2000 > $LIMITS/max_nodes"
}

# An answer comes back through a relay of the sender's own node.
test_relay_on_the_own_node()
{
	setup_module || return
	defer unload_module
	ockamctl node create r --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 &&
	ockamctl node create n > /dev/null 2>&1 || return
	check_eq "$(ockamctl relay create n --at /node/r --to n)" /service/forward_to_n relay
	check_eq "$(ockamctl message send hello --from r --to /service/forward_to_n/service/uppercase)" HELLO \
		"through the relay"
	check_ok "a channel through it" ockamctl secure-channel create --from r \
		--to /service/forward_to_n/service/api
}

run_tests "$@"
