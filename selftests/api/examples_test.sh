#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The programs of the documentation do what it says.
. "$(dirname -- "$0")/../lib.sh"

test_mirror()
{
	setup_module || return
	ockamctl node create n1 > /dev/null 2>&1 || return
	"$(dirname -- "$0")/example-mirror" &
	defer wait $!
	defer kill $!
	busywait 10 sh -c "ockamctl message send hello --from n1 --to /service/mirror --timeout 1" ||
		fail "no answer"
	check_eq "$(ockamctl message send hello --from n1 --to /service/mirror)" hello answer
}

run_tests
