#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Each error of the documentation that needs a peer or a route with something
# wrong; those of single calls are in the other tests.
. "$(dirname -- "$0")/../lib.sh"
need python3

test_errors_of_peers_and_routes()
{
	local rc

	setup_module || return
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 &&
	ockamctl service start hop --at k > /dev/null || return
	PYTHONPATH=$SELFTESTS/ref:$SELFTESTS/net python3 "$(dirname -- "$0")/errors.py" > "$OCKAM_HOME/out" 2>&1
	rc=$?
	sed 's/^/# /' "$OCKAM_HOME/out"
	return $rc
}

run_tests "$@"
