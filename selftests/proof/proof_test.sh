#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# No nonce is used twice under one key, and no secret outlives its channel: over
# thousands of keys, on both sides, with a module that records them. Both proofs
# must notice a planted failure.
. "$(dirname -- "$0")/../lib.sh"
need python3

HERE=$(realpath "$(dirname -- "$0")")
RECORD=/sys/kernel/debug/ockam
AREA=$(mktemp -d)

# count WHAT: from the recorder
count()
{
	sed -n "s/.*\b$1 \([0-9]*\).*/\1/p" $RECORD/counts
}

# two_nodes MODULE [PARAMETERS]: a channel that a socket on a opens to srv on b
two_nodes()
{
	unload_module
	OCKAM_KO=$HERE/$1.ko load_module "${@:2}" || return
	export OCKAM_HOME=$AREA/home
	mkdir -p "$OCKAM_HOME"
	ockamctl node create a > /dev/null 2>&1 &&
	ockamctl node create b > /dev/null 2>&1 &&
	ockamctl tcp-listener create 127.0.0.1:4001 --at b --expose srv > /dev/null
}

# traffic CHANNELS MESSAGES: it goes on with the last channel open
traffic()
{
	mkfifo "$AREA/end" 2> /dev/null
	python3 "$HERE/traffic.py" "$@" < "$AREA/end" > "$AREA/traffic" 2>&1 &
	TRAFFIC=$!
	exec 9> "$AREA/end"
	busywait 600 sh -c "[ -s '$AREA/traffic' ] || ! kill -0 $TRAFFIC"
	sed 's/^/# /' "$AREA/traffic" "$RECORD/counts"
	kill -0 $TRAFFIC
}

no_secret_alive()
{
	[ "$(count secrets-alive)" = 0 ]
}

# The channel closes, the nodes go, and with them all secrets.
end_of_traffic()
{
	exec 9>&-
	wait "$TRAFFIC"
	ockamctl node delete --all --yes > /dev/null
	rm -rf "${AREA:?}/home"
	busywait 20 no_secret_alive || fail "secrets are alive: $(cat $RECORD/counts)"
	sleep 0.5	# what RCU frees
	cat $RECORD/keys > "$AREA/keys"
}

# search: "yes" or "no", is one of the secrets in memory?
search()
{
	"$HERE/memory_search" "$AREA/keys" > "$AREA/found"
	case $? in
	0) FOUND=no ;;
	1) FOUND=yes ;;
	*) FOUND=error ;;
	esac
	sed 's/^# /#   /; s/^[^#]/# &/' "$AREA/found"
}

need_memory()
{
	[ -e /proc/kcore ] || skip "the kernel has no /proc/kcore" || return
	[ -z "$_skip" ]
}

# These four cases are one story. Each 40th send fails when it is sealed.
test_no_nonce_twice()
{
	two_nodes recorder fail_each=40 || return
	traffic "$(on_debug 40 120)" "$(on_debug 6000 20000)" || return
	check_eq "$(count twice)" 0 "pairs used twice"
	check_eq "$(count lost)" 0 "not recorded"
	[ "$(count keys)" -gt "$(on_debug 1000 3000)" ] || fail "only $(count keys) secrets"
	[ "$(count pairs)" -gt "$(on_debug 8000 30000)" ] || fail "only $(count pairs) pairs"
}

test_secrets_of_an_open_channel_are_found()
{
	need_memory || return 0
	cat $RECORD/keys > "$AREA/keys"
	search
	check_eq $FOUND yes "secrets in memory"
}

test_none_is_left_when_it_is_closed()
{
	end_of_traffic
	need_memory || return 0
	search
	check_eq $FOUND no "secrets in memory"
}

test_none_is_left_when_the_module_is_unloaded()
{
	check_ok "unload" unload_module
	need_memory || return 0
	search
	check_eq $FOUND no "secrets in memory"
}

# A send that fails gives its counter back.
test_planted_reuse_is_noticed()
{
	two_nodes planted-nonce fail_each=40 expect_reuse=1 || return
	traffic 1 600
	[ "$(count twice)" -gt 0 ] || fail "not noticed"
	end_of_traffic
	unload_module
}

# Freed memory and stacks that are not wiped.
test_planted_leftovers_are_found()
{
	local kind

	defer rm -rf "$AREA"
	need_memory || return 0
	two_nodes planted-wipe || return
	traffic 5 300
	end_of_traffic
	search
	for kind in key chaining-key x25519-secret; do
		grep -q " $kind [1-9]" "$AREA/found" || fail "no $kind"
	done
}

run_tests "$@"
