# SPDX-License-Identifier: GPL-2.0 OR MIT
# Helpers for the tests against live upstream nodes, all on loopback: nodes of
# the kernel listen on ports from 4000, upstream's from 5000. `worker` is the
# program of the kernel's side, `ockam-peer` the upstream node.
# shellcheck shell=bash disable=SC2034 # variables for those who source this

. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"
need ockam-peer worker jq

MESSAGES=${OCKAM_INTEROP_MESSAGES:-10000}
FEW=40	# a rekey is crossed
NOBODY=I0000000000000000000000000000000000000000000000000000000000000001

# fact NAME FILE: the last value that a program printed for NAME
fact()
{
	sed -n "s/^$1 //p" "$OCKAM_HOME/$2" | tail -n 1
}

# facts NAME FILE: how many times
facts()
{
	grep -c "^$1 " "$OCKAM_HOME/$2"
}

stop()
{
	kill "$1"
	wait "$1"
}

# background NAME COMMAND...: until the case ends; its output is in the file
# NAME, its number in PID, and `tell NAME` gives it a line.
declare -A _input
background()
{
	local name=$1 fd

	shift
	rm -f "$OCKAM_HOME/$name.in"
	mkfifo "$OCKAM_HOME/$name.in"
	"$@" < "$OCKAM_HOME/$name.in" > "$OCKAM_HOME/$name" 2>&1 &
	PID=$!
	exec {fd}> "$OCKAM_HOME/$name.in"
	_input[$name]=$fd
	defer _end_background "$PID" "$fd"
}

_end_background()
{
	local fd=$2

	stop "$1"
	exec {fd}>&-
}

tell()
{
	echo go >&"${_input[$1]}"
}

# says NAME TEXT: wait until what runs in the background has printed it
says()
{
	busywait 120 grep -q "^$2" "$OCKAM_HOME/$1" ||
		fail "$1 does not say '$2': $(cat "$OCKAM_HOME/$1")"
}

# kernel_node: the node k, where the worker mirror echoes; KERNEL is who it is
kernel_node()
{
	setup_module || return
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1 || return
	KERNEL=$(ockamctl identity show)
	background mirror worker echo k mirror
	says mirror bound || return
	ockamctl service expose 127.0.0.1:4000 mirror --at k > /dev/null &&
	ockamctl service expose api mirror --at k > /dev/null
}

# kernel_hop NODE LISTENER...: what comes in there may be sent on
kernel_hop()
{
	local node=$1 listener

	shift
	ockamctl service start hop --at "$node" > /dev/null || return
	for listener; do
		ockamctl service expose "$listener" hop --at "$node" > /dev/null || return
	done
}

# kernel_connection NODE HOST:PORT: its address; answers may reach the node's hop
kernel_connection()
{
	local conn

	conn=$(ockamctl tcp-connection create --from "$1" --to "$2" --expose hop --shared) &&
	printf '%s' "${conn##*/}"
}

# upstream_at PORT NAME [OPTION...]: an upstream node
upstream_at()
{
	local port=$1 name=$2

	shift 2
	background "$name" ockam-peer serve "127.0.0.1:$port" "$@"
	says "$name" listening
}

# upstream_node [OPTION...]: the other side; UPSTREAM is who it is
upstream_node()
{
	upstream_at 5000 upstream "$@" || return
	UPSTREAM=$(fact identifier upstream)
}

# echoed COUNT COMMAND...: all messages came back; the output is in the file out
echoed()
{
	local count=$1 start=$SECONDS

	shift
	"$@" > "$OCKAM_HOME/out" 2>&1 < /dev/null
	check_eq "$(fact echoed out)" "$count" "$* ($(tail -n 1 "$OCKAM_HOME/out"))" || return
	note "$count messages there and back in $((SECONDS - start)) s: ${*:1:6}"
}

# channel_from NODE ROUTE [OPTION...]: the address of a new channel; what it
# says goes to the file err
channel_from()
{
	local node=$1 route=$2 channel

	shift 2
	channel=$(ockamctl secure-channel create --from "$node" --to "$route" \
		--timeout 60 "$@" 2> "$OCKAM_HOME/err")
	printf '%s' "${channel##*/}"
}

# channel_to_upstream [OPTION...]: one of k's
channel_to_upstream()
{
	channel_from k /ip4/127.0.0.1/tcp/5000/service/api "$@"
}

# channel_of NODE: the address of its only channel, whoever has opened it
channel_of()
{
	ockamctl secure-channel list --at "$1" --output json | jq -r '.[].channel'
}
