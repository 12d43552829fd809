#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The programs of the documentation do what it says.
. "$(dirname -- "$0")/../lib.sh"

# answers NAME PROGRAM...: it runs as a worker of that name
answers()
{
	local name=$1

	shift
	setup_module || return
	ockamctl node create n1 > /dev/null 2>&1 || return
	"$@" &
	defer wait $!
	defer kill $!
	busywait 30 ockamctl message send hello --from n1 --to "/service/$name" --timeout 1 ||
		fail "no answer"
	check_eq "$(ockamctl message send hello --from n1 --to "/service/$name")" hello answer
}

test_mirror()
{
	answers mirror "$(dirname -- "$0")/example-mirror"
}

test_worker_in_python()
{
	answers parrot python3 "$(dirname -- "$0")/worker.py"
}

run_tests
