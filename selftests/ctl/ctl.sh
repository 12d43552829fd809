# SPDX-License-Identifier: GPL-2.0 OR MIT
# Helpers for the tests of ockamctl. lib.sh comes first.
# shellcheck shell=bash

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# scene [NODE...]: the module and these nodes; n1 without names
scene()
{
	local node

	setup_module || return
	for node in "${@:-n1}"; do
		ockamctl node create "$node" > /dev/null 2>&1 || return
	done
}

# says CODE TEXT COMMAND...: that exit code, and one line with TEXT in it
says()
{
	local code=$1 text=$2

	shift 2
	check_rc "$code" "$*" "$@" < /dev/null
	check_eq "$OUT" "" "standard output of $*"
	check_eq "$(printf '%s\n' "$ERR" | grep -c .)" 1 "lines of $*: $ERR"
	check_match "$ERR" "^error: " "error of $*"
	check_contains "$ERR" "$text" "error of $*"
}

# quietly COMMAND...: it must succeed, and its output does not matter
quietly()
{
	check_ok "$*" "$@"
}

# count FILTER: what jq finds in OUT
count()
{
	jq "$1" <<< "$OUT"
}

# start_monitor FILE ARGUMENTS...: its events go to FILE; MONITOR is its number
start_monitor()
{
	local file=$1

	shift
	ockamctl monitor "$@" > "$file" 2> "$file.err" &
	MONITOR=$!
	defer kill $MONITOR
	busywait 30 grep -q waiting "$file.err"
}

# stop_monitor [CODE]: as with Ctrl-C
stop_monitor()
{
	kill -INT "$MONITOR"
	wait "$MONITOR"
	check_eq $? "${1:-0}" "exit code of the monitor"
}
