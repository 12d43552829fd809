#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Many relays and many channels at once; how many say OCKAM_RELAYS and
# OCKAM_CHANNELS. On an emulator many channels take long:
#	selftests/vm/run stock-6.1 --mem 4G --timeout 7200 --
#		'OCKAM_RELAYS=10000 OCKAM_CHANNELS=10000 selftests/net/scale_test.sh'
. "$(dirname -- "$0")/../lib.sh"
need jq python3

HERE=$(dirname -- "$0")
LIMITS=/proc/sys/net/ockam
RELAYS=${OCKAM_RELAYS:-$(on_debug 500 2000)}
CHANNELS=${OCKAM_CHANNELS:-$(on_debug 20 100)}

started()
{
	grep -v '^#' "$OCKAM_HOME/scale" | grep -q . || ! kill -0 "$SCALE"
}

test_many_at_once()
{
	local connection channel

	setup_module || return
	defer unload_module
	echo 1000000 > $LIMITS/max_relays_per_peer
	echo 1000000 > $LIMITS/max_relay_rate
	echo 1000000 > $LIMITS/max_relays
	echo 1000000 > $LIMITS/max_channels
	ockamctl node create r --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 &&
	ockamctl node create c > /dev/null 2>&1 || return
	connection=$(ockamctl tcp-connection create --from c --to 127.0.0.1:4000) || return
	mkfifo "$OCKAM_HOME/hold"
	PYTHONPATH=$SELFTESTS/ref python3 "$HERE/scale.py" "$RELAYS" "$CHANNELS" 4000 "${connection##*/}" \
		< "$OCKAM_HOME/hold" > "$OCKAM_HOME/scale" &
	SCALE=$!
	defer kill $SCALE
	exec 8> "$OCKAM_HOME/hold"
	busywait 7200 started
	cat "$OCKAM_HOME/scale"
	channel=$(grep -x '[0-9a-f]\{32\}' "$OCKAM_HOME/scale") || fail "they were not made" || return
	check_match "$(cat /proc/net/ockam)" "channels $((2 * CHANNELS))" "channels at once"
	check_match "$(cat /proc/net/ockam)" "relays $RELAYS" "relays at once"
	check_eq "$(ockamctl message send hello --from c --to "/service/$channel/service/uppercase")" HELLO "the last channel"
	check_eq "$(ockamctl relay show "forward_to_r$((RELAYS - 1))" --host -j | jq -r .node)" r "the last relay"
	exec 8>&-
	# All of a connection's relays go with it.
	busywait 60 grep -qx "relays 0" /proc/net/ockam || fail "relays that stay"
}

run_tests "$@"
