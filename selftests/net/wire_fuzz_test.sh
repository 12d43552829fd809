#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Mutated frames, handshakes and ciphertexts at a node: FUZZ_ROUNDS of them; the
# same FUZZ_SEED sends the same.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/scenario.sh"
need python3

FUZZ_SEED=${FUZZ_SEED:-$((RANDOM << 15 | RANDOM))}
FUZZ_ROUNDS=${FUZZ_ROUNDS:-$(on_debug 40 150)}

start_drops()
{
	echo 0 > $TRACE/tracing_on
	echo > $TRACE/trace
	echo 1 > $TRACE/events/ockam/ockam_drop/enable || return
	defer sh -c "echo 0 > $TRACE/events/ockam/ockam_drop/enable"
	echo 1 > $TRACE/tracing_on
}

# The reasons of the messages that were dropped, with their numbers
drops()
{
	echo 0 > $TRACE/tracing_on
	grep -o 'reason=[a-z-]*' $TRACE/trace | cut -d= -f2 | sort | uniq -c
}

test_mutated_messages()
{
	local dropped reason rc

	note "repeat: FUZZ_SEED=$FUZZ_SEED $0"
	setup_module || return
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 || return
	start_drops || return
	PYTHONPATH=$SELFTESTS/ref python3 "$(dirname -- "$0")/wire_fuzz.py" 127.0.0.1 4000 \
		"$FUZZ_SEED" "$FUZZ_ROUNDS" > "$OCKAM_HOME/out" 2>&1
	rc=$?
	sed 's/^/# /' "$OCKAM_HOME/out"
	dropped=$(drops)
	note "dropped: $(xargs <<< "$dropped")"
	for reason in malformed auth-failed no-route; do
		check_contains "$dropped" " $reason" "drops"
	done
	check_eq "$(grep no-memory <<< "$dropped")" "" "drops for want of memory"
	check_eq "$(ockamctl message send ok --from k --to /ip4/127.0.0.1/tcp/4000/service/uppercase)" OK "afterwards"
	return $rc
}

run_tests "$@"
