#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Bytes that no honest peer sends: refused, counted, nothing lost.
. "$(dirname -- "$0")/../lib.sh"
need python3

test_hostile_frames_and_handshakes()
{
	setup_module || return
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 || return
	PYTHONPATH=$SELFTESTS/ref python3 "$(dirname -- "$0")/hostile.py" 127.0.0.1 4000 > "$OCKAM_HOME/out" 2>&1
	local rc=$?
	sed 's/^/# /' "$OCKAM_HOME/out"
	check_eq "$(ockamctl message send ok --from k --to /ip4/127.0.0.1/tcp/4000/service/uppercase)" OK "afterwards"
	return $rc
}

run_tests "$@"
