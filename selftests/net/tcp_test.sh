#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# TCP connections: sizes, back-pressure, ends, numbers.
. "$(dirname -- "$0")/../lib.sh"
need python3 ss

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

run_tests
