#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Credentials: each side judges what the other one presents.
. "$(dirname -- "$0")/interop.sh"

ATTRIBUTES='{"ockam-relay":"*","role":"tester"}'

# of_peer: what k holds about the peer of its only channel
of_peer()
{
	ockamctl secure-channel list --at k --output json | jq -cS '.[].credential.attributes'
}

# refused_for REASON: k has counted it
refused_for()
{
	ockamctl stats k --output json | jq -e "[.. | .[\"$1\"]? // 0] | add > 0"
}

# An upstream client comes to a listener that knows the client's authority.
comes_in()
{
	local kind=$1 authority

	background "$kind" ockam-peer channel 127.0.0.1:4000 "door-$kind" mirror 1 --hold \
		--credential "$kind" --trusted "$KERNEL"
	says "$kind" identifier || return
	authority=$(fact authority-history "$kind")
	ockamctl secure-channel-listener create "door-$kind" --at k --expose mirror \
		--authority "$authority" --require-credential > /dev/null &&
	ockamctl service expose 127.0.0.1:4000 "door-$kind" --at k > /dev/null || return
	tell "$kind"
}

test_kernel_judges_credentials_of_upstream_initiators()
{
	kernel_node || return
	comes_in expired && comes_in foreign || return
	check_ok "an expired one" busywait 60 refused_for credential-expired
	check_ok "a foreign one" busywait 60 refused_for credential-authority
	check_eq "$(channel_of k)" "" "channels without a good credential"
	comes_in good && says good echoed || return
	check_eq "$(of_peer)" "$ATTRIBUTES" "what the kernel holds about the peer"
	check_eq "$(facts peer mirror)" 1 "peers that reached the worker"
	check_eq "$(fact peer mirror)" "$(fact identifier good)" "the peer that reached the worker"
}

test_kernel_judges_credentials_of_upstream_responders()
{
	local kind port=5000 channel

	kernel_node || return
	for kind in expired foreign good; do
		port=$((port + 1))
		upstream_at $port $kind --credential $kind || return
		channel=$(channel_from k /ip4/127.0.0.1/tcp/$port/service/api --require-credential \
			--authority "$(fact authority-history $kind)")
		case $kind in
		expired) check_contains "$(cat "$OCKAM_HOME/err")" credential-expired "an expired one" ;;
		foreign) check_contains "$(cat "$OCKAM_HOME/err")" credential-authority "a foreign one" ;;
		good) echoed $FEW worker send k "$channel/echo" $FEW ;;
		esac
	done
	check_eq "$(of_peer)" "$ATTRIBUTES" "what the kernel holds about the peer"
}

test_upstream_judges_credentials_of_the_kernel()
{
	local channel history

	kernel_node && ockamctl identity create authority > /dev/null || return
	history=$(ockamctl identity export authority)
	check_ok "present" ockamctl credential present --at k "$(ockamctl credential issue \
		--as authority --for "$KERNEL" --attribute role=kernel)"
	echoed $FEW ockam-peer channel 127.0.0.1:4000 api mirror $FEW --authority "$history"
	check_eq "$(fact attribute out)" role=kernel "what an upstream client holds"
	upstream_node --authority "$history" || return
	channel=$(channel_to_upstream)
	echoed $FEW worker send k "$channel/echo" $FEW
	check_eq "$(fact attribute upstream)" role=kernel "what an upstream responder holds"
}

run_tests "$@"
