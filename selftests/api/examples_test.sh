#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The programs of the documentation do what it says.
. "$(dirname -- "$0")/../lib.sh"

. "$SELFTESTS/net/scenario.sh"
need python3 jq

HERE=$(realpath "$(dirname -- "$0")")

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
	answers mirror "$HERE/example-mirror"
}

test_worker_in_python()
{
	answers parrot python3 "$HERE/worker.py"
}

SERVE_IN_C=("$HERE/example-channel_server")
ASK_IN_C=("$HERE/example-channel_client")
SERVE_IN_PYTHON=(python3 "$HERE/channel.py" serve)
ASK_IN_PYTHON=(python3 "$HERE/channel.py" ask)

# has_inbox NAMESPACE: n3 there has a worker of that name
has_inbox()
{
	in_ns "$1" ockamctl worker list --at n3 | grep -q inbox
}

# start_server NAMESPACE COMMAND...: until the case ends; what it prints is kept
start_server()
{
	local ns=$1

	shift
	OCKAM_HOME=$HOMES/$ns ip netns exec "$ns" "$@" > "$HOMES/served" 2>&1 &
	defer wait $!
	defer kill $!
	busywait 60 has_inbox "$ns" || fail "no server: $(cat "$HOMES/served")"
}

identifier_of()
{
	in_ns "$1" ockamctl identity show
}

# Each machine's identifier is what the other end learns from its socket.
asks()
{
	local what=$1

	shift
	in_ns "$A" "$@" > "$HOMES/answer" 2>&1 || fail "$what: $(cat "$HOMES/answer")" || return
	check_eq "$(cat "$HOMES/answer")" "channel to $(identifier_of "$C")
hello" "$what"
}

# The scenario's machines; n3's program is behind the relay, by the name inbox.
behind_the_relay()
{
	load_module || return
	defer unload_module
	three_machines || return
	in_ns "$P" ockamctl project create default --host --tcp-listener-address 10.1.0.2:4000 > /dev/null 2>&1 &&
	in_ns "$C" ockamctl node create n3 > /dev/null 2>&1 &&
	in_ns "$A" ockamctl node create n1 > /dev/null 2>&1 || return
	start_server "$C" "$@"
	in_ns "$C" ockamctl relay create n3 --at /ip4/10.1.0.2/tcp/4000/secure/api --to n3 --expose inbox > /dev/null 2>&1 ||
		fail "no relay" || return
	WAY=$(in_ns "$A" ockamctl secure-channel create --from n1 --to /ip4/10.1.0.2/tcp/4000/service/api 2> /dev/null)
	WAY=$WAY/service/forward_to_n3/service/inbox
}

test_server_in_c_behind_a_relay()
{
	behind_the_relay "${SERVE_IN_C[@]}" inbox || return
	asks "client in C" "${ASK_IN_C[@]}" "$WAY" hello
	asks "client in Python" "${ASK_IN_PYTHON[@]}" "$WAY" hello
	asks "client that knows whom it wants" "${ASK_IN_C[@]}" "$WAY" hello "$(identifier_of "$C")"
	check_rc 1 "not the relay, however active" in_ns "$A" "${ASK_IN_C[@]}" "$WAY" hello \
		"$(in_ns "$P" ockamctl project information -j | jq -r .identity)"
	check_contains "$ERR" "Key was rejected" "why"
	check_eq "$(sort -u "$HOMES/served")" "channel from $(identifier_of "$A")" "whom the server saw"
}

test_server_in_python_behind_a_relay()
{
	behind_the_relay "${SERVE_IN_PYTHON[@]}" inbox || return
	asks "client in C" "${ASK_IN_C[@]}" "$WAY" hello
	asks "client in Python" "${ASK_IN_PYTHON[@]}" "$WAY" hello
}

test_server_that_accepts_one_peer()
{
	load_module || return
	defer unload_module
	three_machines || return
	in_ns "$C" ockamctl node create n3 --tcp-listener-address 10.3.0.3:4000 > /dev/null 2>&1 &&
	in_ns "$A" ockamctl node create n1 > /dev/null 2>&1 || return
	start_server "$C" "${SERVE_IN_C[@]}" inbox "$(in_ns "$P" ockamctl identity create)"
	in_ns "$C" ockamctl service expose 10.3.0.3:4000 inbox --at n3 > /dev/null || return
	in_ns "$A" timeout 5 "${ASK_IN_C[@]}" /ip4/10.3.0.3/tcp/4000/service/inbox hello > /dev/null 2>&1 &&
		fail "a stranger was answered"
	check_eq "$(cat "$HOMES/served")" "" "whom the server saw"
}

run_tests "$@"
