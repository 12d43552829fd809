#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The scenario as a user types it, on three machines (network namespaces), the
# proof that the relay in the middle cannot read what it forwards, and programs
# that use the relay by sockets.
# shellcheck disable=SC2154 # A, P and C are set by setup_ns
. "$(dirname -- "$0")/lib.sh"
. "$SELFTESTS/net/scenario.sh"

# type_line MACHINE LINE: show a line and run it with a shell on that machine
type_line()
{
	local machine=$1 line=$2 ns

	ns=${SPACES[$machine]}
	printf '\n%s$ %s\n' "$machine" "$line"
	(cd "$HOMES/$ns" && in_ns "$ns" bash -o pipefail -c "$line")
}

# start_line MACHINE LINE: the same, and let it run until the end
start_line()
{
	local ns=${SPACES[$1]}

	printf '\n%s$ %s &\n' "$1" "$2"
	cd "$HOMES/$ns" || return
	OCKAM_HOME=$HOMES/$ns ip netns exec "$ns" bash -c "exec $2" &
	defer kill $!
	cd - > /dev/null || return
}

give_up()
{
	echo "demo: $*"
	exit 1
}

# found WHAT TEXT: is the secret in it, in either case of letters?
found()
{
	case $2 in
	*hello*|*HELLO*) echo "  $1: found" ;;
	*) echo "  $1: not found"; return 1 ;;
	esac
}

scenario()
{
	local n1='ockamctl secure-channel create --from n1 --to /project/default/service/forward_to_n3/service/api \
    | ockamctl message send hello --from n1 --to -/service/uppercase'

	type_line project 'ockamctl project create default --host --tcp-listener-address 10.1.0.2:4000' &&
	type_line project 'ockamctl project information --output json > project.json' || return
	cp "$HOMES/$P/project.json" "$HOMES/$A/"
	cp "$HOMES/$P/project.json" "$HOMES/$C/"
	echo "(project.json is copied to both other machines)"
	type_line n1 'ockamctl node create n1 --project project.json' &&
	type_line n3 'ockamctl node create n3 --project project.json' &&
	type_line n3 'ockamctl forwarder create n3 --at /project/default --to /node/n3' || return
	start_capture && start_trace || return
	type_line n1 "$n1" | tee "$HOMES/answer"
	tail -n 1 "$HOMES/answer" | grep -qx HELLO
}

relay_is_blind()
{
	local trace wire

	trace=$(traced_text)
	wire=$(captured | tr -d '\0')
	grep -q 'hop=forward_to_n3' "$TRACE/trace" || return
	printf '\nCan the relay read it? Searched for "hello" and "HELLO":\n'
	! found "in $(wc -l <<< "$trace") messages that the project node handled" "$trace" &&
	! found "in ${#wire} bytes captured at the project node" "$wire"
}

controls()
{
	local to=/project/default/service/forward_to_n3/service/uppercase

	printf '\nCan these searches find anything? First without the inner channel:\n'
	start_trace || return
	type_line n1 "ockamctl message send hello --from n1 --to $to" || return
	found "in the messages that the project node handled" "$(traced_text)" || return
	printf '\nThen over plain TCP, with uppercase exposed on purpose:\n'
	start_capture || return
	type_line project 'ockamctl tcp-listener create 10.1.0.2:4001 --at project --expose uppercase' &&
	type_line n1 'ockamctl message send hello --from n1 --to /ip4/10.1.0.2/tcp/4001/service/uppercase' || return
	found "in the bytes captured at the project node" "$(captured | tr -d '\0')"
}

# A server of one's own behind the relay, which accepts n1 and nobody else
sockets()
{
	local client trusted

	mkdir "$HOMES/bin"
	ln -s "$SELFTESTS"/api/example-channel_server "$HOMES/bin/channel_server"
	ln -s "$SELFTESTS"/api/example-channel_client "$HOMES/bin/channel_client"
	PATH=$PATH:$HOMES/bin
	trusted=$(in_ns "$A" ockamctl identity show) || return
	printf '\nNow programs with sockets. One on n3 accepts channels from n1 alone:\n'
	start_line n3 'ockamctl monitor channel > events' &&
	start_line n3 "channel_server inbox $trusted" || return
	type_line n3 'ockamctl relay create inbox --at /project/default --to n3 --expose inbox' || return
	# shellcheck disable=SC2016 # for the shell on n1
	client='channel_client $(ockamctl secure-channel create --from n1 --to /ip4/10.1.0.2/tcp/4000/service/api \
    --quiet)/service/forward_to_inbox/service/inbox hello'
	type_line n1 "$client" | tee "$HOMES/answer"
	tail -n 1 "$HOMES/answer" | grep -qx hello || return
	printf '\nThe relay itself tries, and is a stranger to that program:\n'
	type_line project 'timeout 5 channel_client /service/forward_to_inbox/service/inbox hello' &&
		return 1
	echo "(no answer)"
	busywait 20 grep -q refused "$HOMES/$C/events" || return
	type_line n3 'grep refused events' | tee "$HOMES/answer"
	grep -q "$(jq -r .identity "$HOMES/$P/project.json").*not-authorized" "$HOMES/answer"
}

trap '_run_deferred' EXIT
load_module || give_up "the module cannot be loaded"
defer unload_module
cat <<'TEXT'
Three machines; all routing and cryptography is in their kernel:

    n1 (10.1.0.1) ---- 10.1.0.2 project 10.3.0.2 ---- (10.3.0.3) n3
TEXT
three_machines || give_up "cannot make the three machines"
declare -A SPACES=([n1]=$A [project]=$P [n3]=$C)
scenario || give_up "the scenario failed"
relay_is_blind || give_up "the relay could read the message"
controls || give_up "a control found nothing"
printf '\nThe message was read by n3 alone; the relay saw ciphertext.\n'
sockets || give_up "the exchange over sockets failed"
printf '\nWho is authorised was answered, end to end; the stranger was refused.\n'
