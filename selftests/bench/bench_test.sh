#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The benchmarks run, on a small scale, and their report has all rows.
. "$(dirname -- "$0")/../lib.sh"
need jq python3

HERE=$(dirname -- "$0")

test_small_run()
{
	local out

	load_module || return
	out=$(mktemp)
	defer rm -f "$out"
	"$HERE/bench.sh" 1 5 10 bulk small rtt hops handshakes many > "$out" 2>&1
	check_eq "$(grep -c '^remark.*ended early' "$out")" 0 "parts that failed ($(grep -v ^sample "$out" | tail -n 5))"
	for way in 'bulk tcp' 'bulk channel' 'bulk ktls' 'small plain' 'rtt channel' 'hops-1024 hop4' \
		'hops-49152 relay1' 'hops-49152 proxy4' 'handshakes tls' 'workers of-10' 'channels of-10'; do
		check_match "$(cat "$out")" "sample $way 0 [0-9.]+" "$way"
	done
	python3 "$HERE/report.py" "$out" > "$out.rst" || fail "no report"
	defer rm -f "$out.rst"
	check_match "$(cat "$out.rst")" 'P3 +kTLS / channel, 48 KiB one way +[0-9.]+' "the row P3"
	check_match "$(cat "$out.rst")" 'P6 +a hop more / a splicing TCP proxy more, 1 KiB +-?[0-9.]+' "the row P6"
}

run_tests
