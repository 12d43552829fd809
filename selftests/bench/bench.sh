#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# All measurements, in a guest: "bench.sh ROUNDS MILLISECONDS MOST [PART...]".
# MILLISECONDS is how long one round of one way takes, MOST how many channels
# and workers there are in the end. Prints samples and facts for report.py;
# what a part needs and is not there leaves the part out, with a remark.
. "$(dirname -- "$0")/../lib.sh"
cd -- "$(dirname -- "$0")" || exit

ROUNDS=$1 MS=$2 MOST=$3
shift 3
PARTS=${*:-bulk small rtt rekey hops handshakes many upstream}
BULK=49152
SMALL=64
GCM='gcm(aes)'

# facts: what the figures are to be read with
facts()
{
	echo "fact kernel $(uname -r)"
	echo "fact processors $(nproc), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
	echo "fact cipher $(ockamctl module status --output json | jq -r .crypto)"
	[ ! -e /sys/module/cipher_bench ] ||
		echo "fact bare $(cat /sys/module/cipher_bench/parameters/driver)"
}

remark()
{
	echo "remark $*"
}

quiet()
{
	"$@" > /dev/null 2>&1 || { remark "failed: $*"; return 1; }
}

in_ns()
{
	local ns=$1

	shift
	OCKAM_HOME=$OCKAM_HOME/$ns ip netns exec "$ns" "$@"
}

load_cipher_bench()
{
	local file=$SELFTESTS/../cipher_bench.ko

	modprobe -q chacha20poly1305
	[ -d /sys/module/cipher_bench ] || { [ -e "$file" ] && insmod "$file"; } || return
	echo "pair $GCM $SMALL 1" > /sys/module/cipher_bench/parameters/run
}

# Two namespaces and a cable: node tx in the one, rx in the other
two_machines()
{
	setup_ns TX RX || return
	mkdir -p "$OCKAM_HOME/$TX" "$OCKAM_HOME/$RX"
	setup_veth "$TX" 10.9.0.1/24 "$RX" 10.9.0.2/24 &&
	quiet in_ns "$RX" ockamctl node create rx --tcp-listener-address 10.9.0.2:4000 &&
	quiet in_ns "$RX" ockamctl service expose 10.9.0.2:4000 bench sink --at rx &&
	quiet in_ns "$TX" ockamctl node create tx
}

# A WireGuard tunnel over that cable: 10.8.0.1, 10.8.0.2
tunnel()
{
	local wg=${WG:-$(command -v wg)} keys=$OCKAM_HOME

	[ -n "$wg" ] && modprobe wireguard || return
	"$wg" genkey | tee "$keys/a" | "$wg" pubkey > "$keys/a.pub"
	"$wg" genkey | tee "$keys/b" | "$wg" pubkey > "$keys/b.pub"
	ip -n "$TX" link add wg0 type wireguard &&
	ip -n "$RX" link add wg0 type wireguard &&
	ip netns exec "$TX" "$wg" set wg0 private-key "$keys/a" peer "$(cat "$keys/b.pub")" \
		allowed-ips 10.8.0.2/32 endpoint 10.9.0.2:51820 &&
	ip netns exec "$RX" "$wg" set wg0 private-key "$keys/b" listen-port 51820 \
		peer "$(cat "$keys/a.pub")" allowed-ips 10.8.0.1/32 &&
	ip -n "$TX" addr add 10.8.0.1/24 dev wg0 &&
	ip -n "$RX" addr add 10.8.0.2/24 dev wg0 &&
	ip -n "$TX" link set wg0 up && ip -n "$RX" link set wg0 up
}

# between ROW MODE BYTES [FLOW...]: the ways between the two machines
between()
{
	local row=$1 mode=$2 bytes=$3

	shift 3
	modprobe -q tls && set -- "$@" ktls,ktls,10.9.0.2:5002,10.9.0.2:5002
	./flow "$row" "$mode" "$bytes" "$ROUNDS" "$MS" "$TX" "$RX" \
		tcp,tcp,10.9.0.2:5001,10.9.0.2:5001 \
		channel,channel,rx,bench,tx,10.9.0.2:4000/bench \
		plain,worker,rx,sink,tx,10.9.0.2:4000/sink "$@"
}

bare()
{
	[ -d /sys/module/cipher_bench ] || { remark "no module that times the bare cipher"; return 1; }
}

part_bulk()
{
	local more=()

	two_machines || return
	if bare; then
		more+=("gcm,cipher,pair,$GCM" 'chacha,cipher,pair,rfc7539(chacha20,poly1305)')
	fi
	if tunnel; then
		more+=('wireguard,tcp,10.8.0.2:5003,10.8.0.2:5003')
	else
		remark "no WireGuard"
	fi
	between bulk oneway $BULK "${more[@]}"
}

part_small()
{
	local more=()

	two_machines || return
	! bare || more+=("gcm,cipher,pair,$GCM")
	between small oneway $SMALL "${more[@]}"
}

part_rtt()
{
	two_machines || return
	between rtt rtt $SMALL
}

part_rekey()
{
	bare || return
	./flow rekey oneway $SMALL "$ROUNDS" "$((MS / 2))" - - "rekey,cipher,rekey,$GCM"
}

# connection FROM PORT: an address of a connection that what comes by a hop may use
connection()
{
	local conn

	conn=$(ockamctl tcp-connection create --from "$1" --to "127.0.0.1:$2" --expose hop --shared) &&
	printf '%s' "${conn##*/}"
}

#	a ---- h1 ---- h2 ---- h3 ---- h4, and from each of them to s; s is also
#	registered at h1's relay
hop_nodes()
{
	local i

	quiet ockamctl node create a &&
	quiet ockamctl node create s --tcp-listener-address 127.0.0.1:4100 &&
	quiet ockamctl service expose 127.0.0.1:4100 sink0 sink1 sink2 sink4 --at s || return
	for i in 1 2 3 4; do
		quiet ockamctl node create h$i --tcp-listener-address 127.0.0.1:410$i &&
		quiet ockamctl service start hop --at h$i &&
		quiet ockamctl service expose 127.0.0.1:410$i hop --at h$i || return
	done
	for i in 1 2 4; do
		END[i]=$(connection h$i 4100) || return
	done
	RELAYED=$(ockamctl tcp-connection create --from s --to 127.0.0.1:4101 --expose relayed --shared) ||
		return
	for i in 1 2 3; do
		NEXT[i]=$(connection h$i 410$((i + 1))) || return
	done
}

part_hops()
{
	local END=() NEXT=() RELAYED bytes n way next start=127.0.0.1:4101/hop more

	hop_nodes || return
	more=${NEXT[1]}/hop
	# One proxy leads to the next; those of each way have ports of their own.
	for way in 1 2 4; do
		for ((n = 1; n <= way; n++)); do
			next=6${way}0$((n + 1))
			[ $n != $way ] || next=6${way}99
			./proxy "127.0.0.1:6${way}0$n" "127.0.0.1:$next" &
			defer kill $!
		done
	done
	sleep 0.5
	for bytes in 1024 $BULK; do
		./flow "hops-$bytes" oneway "$bytes" "$ROUNDS" "$MS" - - \
			hop0,worker,s,sink0,a,127.0.0.1:4100/sink0 \
			"hop1,worker,s,sink1,a,$start/${END[1]}/sink1" \
			"hop2,worker,s,sink2,a,$start/$more/${END[2]}/sink2" \
			"hop4,worker,s,sink4,a,$start/$more/${NEXT[2]}/hop/${NEXT[3]}/hop/${END[4]}/sink4" \
			"relay1,relay,s,${RELAYED##*/}/static_forwarding_service,a,127.0.0.1:4101/forward_to_b$bytes/relayed" \
			proxy0,tcp,127.0.0.1:6000,127.0.0.1:6000 \
			proxy1,tcp,127.0.0.1:6199,127.0.0.1:6101 \
			proxy2,tcp,127.0.0.1:6299,127.0.0.1:6201 \
			proxy4,tcp,127.0.0.1:6499,127.0.0.1:6401
	done
}

part_handshakes()
{
	quiet ockamctl node create rx --tcp-listener-address 127.0.0.1:4200 &&
	quiet ockamctl service expose 127.0.0.1:4200 bench --at rx &&
	quiet ockamctl node create tx || return
	./handshake handshakes "$ROUNDS" "$((MS / 8 + 1))" 127.0.0.1:4201 rx bench tx \
		127.0.0.1:4200/bench
}

part_many()
{
	local name port=4300

	for name in few many; do
		port=$((port + 1))
		quiet ockamctl node create $name --tcp-listener-address 127.0.0.1:$port &&
		quiet ockamctl service expose 127.0.0.1:$port bench --at $name &&
		quiet ockamctl node create to-$name || return
	done
	./many workers "$MOST" "$ROUNDS" $((MS * 5))
	./many channels "$MOST" "$ROUNDS" $((MS * 2)) 127.0.0.1:4301/bench 127.0.0.1:4302/bench
}

# per_message ROW WHAT ROUND COUNT COMMAND...: COUNT is its last word but for
# what follows after --; the time of one message is left out, with all set-up
per_message()
{
	local row=$1 what=$2 round=$3 count=$4 start one all

	shift 4
	start=${EPOCHREALTIME/./}
	"${@/COUNT/1}" < /dev/null > "$OCKAM_HOME/out" 2>&1 || { remark "$*: $(tail -n 1 "$OCKAM_HOME/out")"; return 1; }
	one=$((${EPOCHREALTIME/./} - start))
	start=${EPOCHREALTIME/./}
	"${@/COUNT/$((count + 1))}" < /dev/null > "$OCKAM_HOME/out" 2>&1 || return
	all=$((${EPOCHREALTIME/./} - start))
	echo "sample $row $what $round $(((all - one) * 1000 / count))"
}

part_upstream()
{
	local i channel count=$((MS * 2))

	if ! command -v ockam-peer > /dev/null || ! command -v worker > /dev/null; then
		remark "no upstream node"
		return
	fi
	quiet ockamctl node create k --tcp-listener-address 127.0.0.1:4400 &&
	quiet ockamctl node create c || return
	worker echo k mirror > /dev/null &
	defer kill $!
	ockam-peer serve 127.0.0.1:4401 > "$OCKAM_HOME/upstream" 2>&1 &
	defer kill $!
	busywait 60 grep -q listening "$OCKAM_HOME/upstream" &&
	quiet ockamctl service expose 127.0.0.1:4400 mirror --at k &&
	quiet ockamctl service expose api mirror --at k &&
	channel=$(ockamctl secure-channel create --from c --to /ip4/127.0.0.1/tcp/4400/service/api 2> /dev/null) ||
		return
	for ((i = 0; i < ROUNDS; i++)); do
		per_message upstream-channel kernel $i $count worker send c "${channel##*/}/mirror" COUNT &&
		per_message upstream-channel upstream $i $count ockam-peer channel 127.0.0.1:4401 api echo COUNT ||
			return
	done
}

load_module || exit
load_cipher_bench
setup_home
facts
for part in $PARTS; do
	start=$SECONDS
	OCKAM_HOME=$(mktemp -d) && defer rm -rf "$OCKAM_HOME"
	"part_$part" || remark "$part ended early"
	ockamctl node delete --all --yes > /dev/null 2>&1
	_run_deferred
	echo "took $part $((SECONDS - start)) s"
done
[ ! -d /sys/module/cipher_bench ] || rmmod cipher_bench
