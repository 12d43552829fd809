#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Identities of each side with one and several changes, of both types of keys,
# and credentials, as a live upstream node and the kernel judge each other.
. "$(dirname -- "$0")/interop.sh"

HISTORIES="ed25519 p256 ed25519,ed25519 ed25519,p256 p256,ed25519,p256,p256"

test_upstream_identities_as_initiators()
{
	local keys

	kernel_node || return
	for keys in $HISTORIES; do
		echoed $FEW ockam-peer channel 127.0.0.1:4000 api mirror $FEW \
			--keys "$keys" --trusted "$KERNEL" || return
		check_eq "$(fact peer mirror)" "$(fact identifier out)" "whom the kernel sees: $keys"
	done
}

test_upstream_identities_as_responders()
{
	local keys port=5000 channel

	kernel_node || return
	for keys in $HISTORIES; do
		port=$((port + 1))
		upstream_at $port peer$port --keys "$keys" --trusted "$KERNEL" || return
		channel=$(channel_from k /ip4/127.0.0.1/tcp/$port/service/api \
			--authorized "$(fact identifier peer$port)")
		echoed $FEW worker send k "$channel/echo" $FEW || return
		check_eq "$(fact peer out)" "$(fact identifier peer$port)" "whom the kernel sees: $keys"
	done
}

test_upstream_identity_rotates_while_the_kernel_knows_it()
{
	kernel_node || return
	echoed $FEW ockam-peer channel 127.0.0.1:4000 api mirror $FEW --rotate p256 || return
	check_eq "$(facts peer out)" 2 "channels of the upstream client"
	check_eq "$(facts echoed out)" 2 "exchanges of the upstream client"
	check_eq "$(grep "^peer " "$OCKAM_HOME/mirror")" "peer $(fact identifier out)" \
		"whom the kernel sees"
}

# kernel_identity NAME KEYS: one of the tool's, created and rotated
kernel_identity()
{
	local name=$1 keys=$2 key command=create

	for key in ${keys//,/ }; do
		ockamctl identity $command "$name" --key-type "$key" > /dev/null || return
		command=rotate
	done
	ockamctl identity show "$name"
}

test_each_imports_what_the_other_exports()
{
	local keys number=0 name identifier

	setup_module || return
	for keys in $HISTORIES; do
		number=$((number + 1))
		name=i$number
		identifier=$(kernel_identity $name "$keys") || return
		check_eq "$(ockam-peer import "$(ockamctl identity export $name)")" \
			"changes $(tr -dc , <<< "$keys," | wc -c)"$'\n'"identifier $identifier" \
			"what the upstream node reads: $keys"
		upstream_at $((5000 + number)) peer$number --keys "$keys" || return
		check_eq "$(ockamctl identity import peer$number "$(fact history peer$number)")" \
			"$(fact identifier peer$number)" "what the tool reads: $keys"
	done
}

test_kernel_identities_as_initiators()
{
	local keys number=0 name identifier channel

	kernel_node && upstream_node || return
	for keys in $HISTORIES; do
		number=$((number + 1))
		name=i$number
		identifier=$(kernel_identity $name "$keys") &&
		ockamctl node create $name --identity $name > /dev/null 2>&1 || return
		channel=$(channel_from $name /ip4/127.0.0.1/tcp/5000/service/api --authorized "$UPSTREAM")
		echoed $FEW worker send $name "$channel/echo" $FEW || return
		check_eq "$(fact peer upstream)" "$identifier" "whom the upstream node sees: $keys"
	done
}

test_kernel_identities_as_responders()
{
	local keys number=0 name identifier

	kernel_node || return
	for keys in $HISTORIES; do
		number=$((number + 1))
		name=i$number
		identifier=$(kernel_identity $name "$keys") &&
		ockamctl node create $name --identity $name \
			--tcp-listener-address 127.0.0.1:$((4000 + number)) > /dev/null 2>&1 || return
		echoed $FEW ockam-peer channel 127.0.0.1:$((4000 + number)) api echo $FEW \
			--trusted "$identifier" || return
	done
}

test_kernel_identity_rotates_while_upstream_knows_it()
{
	local key channel

	kernel_node && upstream_node --trusted "$KERNEL" || return
	for key in p256 ed25519; do
		channel=$(channel_to_upstream)
		echoed $FEW worker send k "$channel/echo" $FEW || return
		ockamctl identity rotate --key-type $key > /dev/null || return
		# The channel stays, and the next one has the new history.
		echoed $FEW worker send k "$channel/echo" $FEW || return
		ockamctl secure-channel delete "$channel" --at k --yes > /dev/null
	done
	channel=$(channel_to_upstream)
	echoed $FEW worker send k "$channel/echo" $FEW
	check_eq "$(facts peer upstream)" 1 "peers that the upstream node sees"
	check_eq "$(fact peer upstream)" "$KERNEL" "whom the upstream node sees"
}

# Nobody asks for a credential here: the channel is there whatever it says.
test_upstream_presents_credentials()
{
	local kind channel port=5000

	kernel_node || return
	for kind in good expired foreign; do
		echoed $FEW ockam-peer channel 127.0.0.1:4000 api mirror $FEW --credential $kind
		port=$((port + 1))
		upstream_at $port peer$port --credential $kind || return
		channel=$(channel_from k /ip4/127.0.0.1/tcp/$port/service/api)
		echoed $FEW worker send k "$channel/echo" $FEW
	done
}

run_tests "$@"
