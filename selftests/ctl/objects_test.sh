#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# worker, flow-control, stats, module: what they print is what there is.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/ctl.sh"
need jq

test_workers()
{
	scene || return
	OUT=$(ockamctl worker list --at n1)
	check_eq "$(count '[.[] | select(.addr == "echo")] | .[0].kind' )" '"service"' "echo"
	check_eq "$(count '[.[] | select(.addr == "api")] | .[0].kind')" '"channel-listener"' "api"
	check_eq "$(count '[.[] | select(.kind == "tcp-listener")] | length')" 1 "TCP listeners"
	check_eq "$(count '[.[] | select(.owner)] | length')" 0 "what users own"
}

# Without --at there must be no doubt; an empty name is none.
test_which_one()
{
	local word

	scene n1 n2 || return
	for word in "" / /service/ /node/n1/service/; do
		says 2 "say which one" ockamctl secure-channel-listener delete "$word"
		says 2 "say which one" ockamctl service stop "$word" --at n1
		says 2 "say which one" ockamctl relay delete "$word"
	done
	says 2 "several nodes" ockamctl service stop echo
	says 2 "several nodes" ockamctl secure-channel-listener show api
	says 2 "several nodes" ockamctl flow-control add-consumer api echo
	says 2 "not on node 'n1'" ockamctl service stop /node/n2/service/echo --at n1
	quietly ockamctl service stop /node/n2/service/echo
	check_eq "$(ockamctl worker list | jq -r '.[] | select(.addr == "echo").node')" n1 "who has it"
	quietly ockamctl service stop echo
	check_eq "$(ockamctl service list | jq -r '.[].addr' | grep -c echo)" 0 "echo services"
	check_eq "$(ockamctl secure-channel-listener list | jq length)" 2 "listeners"
}

# A socket has its user for an owner, and a queue.
test_worker_of_a_user()
{
	setup_module || return
	quietly ockamctl node create n1 --allow-group 4700-4711
	setpriv --reuid 65534 --regid 4711 --clear-groups python3 "$HERE/idle.py" n1 idle &
	defer kill $!
	busywait 30 sh -c "ockamctl worker list | jq -e '.[] | select(.addr == \"idle\")'" || return
	check_rc 75 "no answer" ockamctl message send x --from n1 --to /service/idle --timeout 500ms
	check_rc 75 "no answer" ockamctl message send x --from n1 --to /service/idle --timeout 500ms
	check_eq "$(ockamctl worker list --at n1 | jq -c '.[] | select(.addr == "idle") | [.kind, .queue, .owner]')" \
		'["socket",2,65534]' "kind, queue, owner"
	check_match "$(ockamctl worker list --at n1 --output plain | grep idle)" '^n1 +idle +socket +2 +65534$' text
}

# Whom a node allows can send; others are told what they lack.
test_message_of_a_user()
{
	local user="setpriv --reuid 65534 --clear-groups"
	local send="ockamctl message send hello --from n1 --to /service/uppercase --timeout 60"

	setup_module || return
	quietly ockamctl node create n1 --allow-group 4711
	check_rc 0 "a member" $user --regid 4711 $send
	check_eq "$OUT" HELLO "answer"
	says 77 "--allow-group" $user --regid 4712 $send
}

# What a user binds does not act on the administrator's terminal, and is seen.
test_worker_with_a_bad_name()
{
	scene || return
	python3 "$HERE/idle.py" n1 $'a\e[2J\xff' &
	defer kill $!
	python3 "$HERE/idle.py" n1 $'gr\xc3\xbcn' &
	defer kill $!
	busywait 30 sh -c "ockamctl worker list | jq -e '[.[] | select(.kind == \"socket\")] | length == 2'" ||
		fail "$(ockamctl worker list)"
	check_eq "$(ockamctl worker list --at n1 | jq -r '.[] | select(.kind == "socket").addr' | sort | xargs -d '\n')" \
		'a\x1b[2J\xff '$'gr\xc3\xbcn' "addresses"
}

# A list has each worker once, whatever comes and goes while it is made.
test_list_while_others_change()
{
	local all

	scene || return
	python3 "$HERE/idle.py" n1 idle 400 &
	defer kill $!
	busywait 60 sh -c "ockamctl worker list | jq -e '.[] | select(.addr == \"idle399\")'" || return
	python3 "$HERE/idle.py" n1 aaa churn &
	defer kill $!
	python3 "$HERE/idle.py" n1 zzz churn &
	defer kill $!
	for _ in 1 2 3 4 5 6 7 8; do
		all=$(ockamctl worker list --at n1 | jq -c '[.[].addr | select(startswith("idle"))] | [length, (unique | length)]')
		check_eq "$all" "[400,400]" "workers, and different ones"
	done
}

# reach CODE WHAT: a message from n1 to the service secret of n2
reach()
{
	check_rc "$1" "$2" ockamctl message send hello --from n1 --to /node/n2/service/secret \
		--timeout "$([ "$1" = 0 ] && echo 60 || echo 5)"
}

test_flow_control()
{
	local flow

	scene n1 n2 || return
	quietly ockamctl service start uppercase --addr secret --at n2
	flow=$(ockamctl flow-control list --at n2 | jq -r '.[] | select(.kind == "tcp-listener").flow_control_id')
	check_match "$flow" '^[0-9a-f]{32}$' "flow of the TCP listener"
	reach 75 "nobody exposed it"
	check_eq "$(ockamctl flow-control add-consumer "$flow" /service/secret --at n2)" secret "add-consumer"
	check_contains "$(ockamctl flow-control list --at n2 | jq -c ".[] | select(.flow_control_id == \"$flow\").consumers")" \
		'"secret"' consumers
	reach 0 "exposed"
	check_eq "$OUT" HELLO "answer"
	check_eq "$(ockamctl flow-control delete-consumer "$flow" secret --at n2)" secret "delete-consumer"
	reach 75 "taken back"
	says 67 "not exposed" ockamctl flow-control delete-consumer "$flow" secret --at n2
}

# By the address of its producer, through a channel.
test_flow_of_a_channel_listener()
{
	local channel

	scene n1 n2 || return
	quietly ockamctl service start uppercase --addr secret --at n2
	quietly ockamctl flow-control add-consumer /service/api secret --at n2
	channel=$(ockamctl -q secure-channel create --from n1 --to /node/n2/service/api --timeout 60) || return
	check_eq "$(ockamctl message send hello --from n1 --to "$channel/service/secret" --timeout 60)" HELLO answer
}

test_stats()
{
	scene n1 n2 || return
	quietly ockamctl service start hop --addr secret --at n2
	OUT=$(ockamctl stats n2)
	check_eq "$(count '.[0].drops["not-exposed"]')" 0 "drops before"
	check_eq "$(count '[.[0].drops[]] | add')" 0 "all drops before"
	reach 75 "nobody exposed it"
	check_eq "$(ockamctl message send x --from n1 --to /node/n2/service/uppercase --timeout 60)" X answer
	OUT=$(ockamctl stats n2)
	check_eq "$(count '.[0].drops["not-exposed"]')" 1 "drops"
	check_eq "$(count '.[0].drops["replay"]')" 0 "a reason that did not happen"
	check_eq "$(count '.[0].delivered > 0')" true "delivered"
	check_eq "$(ockamctl stats n2 --output plain | grep dropped | xargs)" "dropped 1 not-exposed" "text"
	check_eq "$(ockamctl stats | jq -c '[.[].node] | sort')" '["n1","n2"]' "all nodes"
	check_eq "$(ockamctl node show n2 | jq '.stats.drops["not-exposed"]')" 1 "node show"
}

test_module()
{
	scene || return
	check_eq "$(ockamctl module load)" 18 "family of what is loaded"
	says 73 "family 18" ockamctl module load --family 22
	check_eq "$(ockamctl module status | jq -r '[.family, .signed] | join(" ")')" "18 false" "status"
	ockamctl node delete --all > /dev/null
	unload_module || return
	depmod
	check_eq "$(ockamctl module load --family 22)" 22 "another family"
	unload_module
	says 69 dmesg ockamctl module load --family 2
	[ ! -d /sys/module/ockam ] || fail "loaded with the family of TCP"
}

run_tests "$@"
