#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Memory runs out: at each allocation in turn, and now and then under traffic.
# Needs a kernel with fault injection: the debug kernel.
. "$(dirname -- "$0")/../lib.sh"
need python3

DEBUG=/sys/kernel/debug

# Failures are silent and hit every kind of allocation. The kernel has no filter
# for the module's code alone: a case's own system calls fail, too.
arm_the_kernel()
{
	local kind

	[ -e /proc/self/fail-nth ] || skip "the kernel has no fault injection" || return
	[ -z "$_skip" ] || return 1
	mountpoint -q $DEBUG || mount -t debugfs debugfs $DEBUG || return
	for kind in "$DEBUG"/fail*/probability; do
		kind=${kind%/*}
		echo 0 > "$kind/probability"
		echo 0 > "$kind/verbose"
		echo -1 > "$kind/times"
		[ ! -e "$kind/ignore-gfp-wait" ] || echo N > "$kind/ignore-gfp-wait"
		[ ! -e "$kind/min-order" ] || echo 0 > "$kind/min-order"
		note "may fail: ${kind##*/}"
	done
}

# fail_workers PERCENT: of the allocations of the kernel's workers
fail_workers()
{
	local kind task comm

	for task in /proc/[0-9]*; do
		read -r comm < "$task/comm" && [ "${comm#kworker/}" != "$comm" ] &&
			echo 1 > "$task/make-it-fail"
	done 2> /dev/null
	for kind in "$DEBUG"/failslab "$DEBUG"/fail_page_alloc; do
		echo Y > "$kind/task-filter"
		echo "$1" > "$kind/probability"
	done
}

test_each_allocation()
{
	setup_module || return
	defer unload_module
	arm_the_kernel || return 0
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 || return
	# What a peer has begun to open goes soon, when we cannot go on.
	echo 5000 > /proc/sys/net/ockam/handshake_timeout_ms
	python3 "$(dirname -- "$0")/fail_each.py" 4000 > "$OCKAM_HOME/out" 2>&1
	local rc=$?
	sed 's/^/# /' "$OCKAM_HOME/out"
	return $rc
}

# One allocation in twenty of the workers, which receive and send, fails.
test_under_traffic()
{
	local i good=0

	setup_module || return
	defer unload_module
	arm_the_kernel || return 0
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 || return
	defer fail_workers 0
	fail_workers 5
	for i in $(seq 6); do
		ockamctl message send "$i" --from k --timeout 2 \
			--to /ip4/127.0.0.1/tcp/4000/service/uppercase > /dev/null 2>&1 && good=$((good + 1))
		[ $((i % 3)) != 0 ] || fail_workers 5	# new workers, too
		ockamctl message send "$i" --from k --timeout 2 \
			--to /ip4/127.0.0.1/tcp/4000/secure/api/service/uppercase > /dev/null 2>&1
	done
	fail_workers 0
	note "$good of 6 plain messages came through"
	check_eq "$(ockamctl message send after --from k --to /ip4/127.0.0.1/tcp/4000/secure/api/service/uppercase)" \
		AFTER "with memory again"
}

run_tests "$@"
