#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# TCP connections: sizes, back-pressure, ends, numbers.
. "$(dirname -- "$0")/../lib.sh"
need python3 ss jq

test_connections()
{
	setup_module || return
	ulimit -n 8192
	ockamctl node create k > /dev/null 2>&1 &&
	ockamctl tcp-listener create 127.0.0.1:4002 --at k --expose echo --expose uppercase \
		--expose slow --expose srv > /dev/null || return
	PYTHONPATH=$SELFTESTS/ref python3 "$(dirname -- "$0")/tcp_cases.py" 4002 > "$OCKAM_HOME/out" 2>&1
	local rc=$?
	sed 's/^/# /' "$OCKAM_HOME/out"
	return $rc
}

# Where a connection starts, and the device that it and a listener are tied to.
test_source_and_device()
{
	local out

	setup_module || return
	setup_ns A B || return
	setup_veth "$A" 10.1.0.1/24 "$B" 10.1.0.2/24 &&
	setup_veth "$A" 10.2.0.1/24 "$B" 10.2.0.2/24 || return
	ip -n "$A" addr add 10.1.0.9/24 dev v0a
	ip netns exec "$B" ockamctl node create b --no-default-services > /dev/null 2>&1 &&
	ip netns exec "$B" ockamctl service start echo --at b > /dev/null &&
	ip netns exec "$B" ockamctl tcp-listener create 0.0.0.0:4000 --at b --device v0b --expose echo > /dev/null &&
	ip netns exec "$A" ockamctl node create a > /dev/null 2>&1 || return
	check_ok "by the device" ip netns exec "$A" ockamctl tcp-connection create --to 10.1.0.2:4000 \
		--source 10.1.0.9 --device v0a
	out=$(ip netns exec "$A" ockamctl tcp-connection list --output json)
	check_match "$(jq -r '.[0].local' <<< "$out")" '^10\.1\.0\.9:' "the source"
	check_rc 69 "not by the other device" ip netns exec "$A" ockamctl tcp-connection create \
		--to 10.2.0.2:4000 --timeout 2
	check_rc 73 "an address of somebody else" ip netns exec "$A" ockamctl tcp-connection create \
		--to 10.1.0.2:4000 --source 10.1.0.77
	check_rc 67 "no such device" ip netns exec "$A" ockamctl tcp-connection create \
		--to 10.1.0.2:4000 --device nope
	check_rc 2 "no address" ip netns exec "$A" ockamctl tcp-connection create \
		--to 10.1.0.2:4000 --source home
	ip netns exec "$A" ockamctl node delete --all -y > /dev/null
	ip netns exec "$B" ockamctl node delete --all -y > /dev/null
}

run_tests "$@"
