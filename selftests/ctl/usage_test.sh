#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# How ockamctl is used: help, output, placeholders, questions, namespaces.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/ctl.sh"
need jq python3

# Help at each level ends with an example of the command that was asked about.
test_help()
{
	local command noun number=0

	check_rc 0 "top" ockamctl --help
	check_match "$OUT" 'example: ockamctl ' "top"
	while read -r command; do
		noun=${command%% *}
		# shellcheck disable=SC2086 # words
		check_rc 0 "$command" ockamctl $command --help
		check_contains "$OUT" "usage: ockamctl $command" "$command"
		check_contains "$OUT" "example: ockamctl $command" "$command"
		check_rc 0 "$noun" ockamctl "$noun" -h
		check_contains "$OUT" "example: ockamctl $noun" "$noun"
		number=$((number + 1))
	done < <(ockamctl manpages -j | jq -r '.[].command')
	[ $number -gt 40 ] || fail "only $number commands"
}

test_version()
{
	for words in --version "-q --version" "node list --version"; do
		# shellcheck disable=SC2086 # words
		check_eq "$(ockamctl $words)" "ockamctl 0.1" "$words"
	done
}

test_placeholders()
{
	local send="ockamctl message send hello --from n1 --timeout 60"

	scene n1 n2 || return
	check_eq "$(echo /service/uppercase | $send --to -)" HELLO "whole route"
	check_eq "$(echo /node/n2 | $send --to -/service/uppercase)" HELLO "in front"
	check_eq "$(echo uppercase | $send --to /node/n2/service/-)" HELLO "at the end"
	check_eq "$(printf ' /node/n2/ \n \n' | $send --to -/service/uppercase)" HELLO "one line, trimmed"
	check_rc 65 "two lines" sh -c "printf '/node/n2\nmore\n' | $send --to -/service/uppercase"
	check_contains "$ERR" "more than one line" "two lines"
	says 2 "only one -" $send --to /node/n2/-/-
	quietly ockamctl service start hop --at n1
	check_eq "$(echo /service/hop | $send --to /service/hop/-/service/uppercase)" HELLO "in the middle"
	quietly ockamctl service start uppercase --addr -x --at n1
	check_eq "$($send --to /service/-x < /dev/null)" HELLO "no placeholder"
	says 65 "standard input" ockamctl message send x --to /node/n2/-
	# A file is no route.
	check_rc 66 "a file named -" sh -c "echo /service/uppercase | ockamctl project import --project-file -"
}

# A listener's address is a route to its node.
test_listener_in_a_pipe()
{
	local route

	scene n1 n2 || return
	route=$(ockamctl tcp-listener create 127.0.0.1:4100 --at n2 --expose echo) || return
	check_eq "$route" /dnsaddr/localhost/tcp/4100 "value"
	check_eq "$(echo "$route" | ockamctl message send hi --from n1 --to -/service/echo --timeout 60)" hi "answer"
	check_eq "$(ockamctl tcp-listener create '[::1]:4100' --at n2)" /ip6/::1/tcp/4100 "IPv6"
}

# What is sent to a listener, from another node once it is exposed there.
test_listen()
{
	local send="ockamctl message send --from n1 --timeout 5"

	scene n1 n2 || return
	start_listener "$OCKAM_HOME/text" inbox --at n2 --count 3 --timeout 120 || return
	says 73 taken ockamctl message listen inbox --at n2
	check_rc 75 "not exposed" $send hidden --to /node/n2/service/inbox
	quietly ockamctl flow-control add-consumer "$(ockamctl tcp-listener list --at n2 | jq -r '.[0].worker_addr')" inbox --at n2
	for words in "hello" $'red\e[31m' "--hex ffff"; do
		# shellcheck disable=SC2086 # words
		check_rc 75 "no answer" $send $words --to /node/n2/service/inbox
	done
	wait "$LISTENER" || fail "exit code of the listener"
	check_eq "$(cat "$OCKAM_HOME/text")" $'hello\nred\\x1b[31m\nffff' "what it printed"
}

test_ping_and_perf()
{
	scene n1 n2 || return
	check_rc 0 "ping" ockamctl message ping /node/n2/service/echo --from n1 -c 2 --timeout 60
	check_match "$OUT" '^answer 1 after [0-9]+ us
answer 2 after [0-9]+ us
2 sent, 2 received, min/avg/max [0-9]+/[0-9]+/[0-9]+ us$' "ping"
	check_rc 0 "perf" ockamctl message perf /node/n2/service/echo --from n1 --count 50 --length 3000 --timeout 60 -j
	check_eq "$(count '[.messages, .bytes] | join(" ")')" '"50 150000"' "perf"
	says 75 "no answer" ockamctl message ping /node/n2/service/nobody --from n1 -c 1 --timeout 3
	says 68 "first address" ockamctl message ping /service/nobody --from n1 -c 1
	says 2 "--length is" ockamctl message perf /service/echo -l none
}

test_output()
{
	local pair

	scene n1 n2 || return
	check_eq "$(ockamctl node list | jq length)" 2 "JSON in a pipe"
	check_eq "$(ockamctl --compact-output node list | wc -l)" 1 "lines of compact JSON"
	check_eq "$(ockamctl -j -p node list | jq -S --indent 2 .)" "$(ockamctl node list -j)" "JSON as it is printed"
	check_eq "$(ockamctl -o node list | wc -l)" 2 "lines of --oneline"
	for pair in node_name=n1 status.status=running is_default=yes; do
		check_contains "$(ockamctl node list --oneline)" "$pair" "--oneline"
	done
	check_eq "$(ockamctl service list --at n1 --output plain | sort | head -n 1)" echo "text"
	check_eq "$(ockamctl node default)" n1 "bare value in a pipe"
	check_eq "$(ockamctl node default -j | jq -r .name)" n1 "JSON value"
	check_eq "$(ockamctl tcp-connection list)" "[]" "empty list"
	check_eq "$(ockamctl message send hi --to /service/echo -j | jq -c '[.reply, .rtt_us > 0]')" '["hi",true]' "reply"
	check_eq "$(ockamctl message send hi --to /service/echo)" hi "reply in a pipe"
	check_contains "$(ockamctl show --output plain)" "node n1 (default)" "overview"
	check_eq "$(ockamctl | jq '.nodes | length')" 2 "overview in a pipe"
}

# Each command that prints JSON has it filtered; a bad filter does nothing.
test_jq()
{
	scene n1 n2 || return
	check_eq "$(ockamctl node list --jq '.[].node_name')" $'"n1"\n"n2"' "each result on a line"
	check_eq "$(ockamctl --jq 'length' node list)" 2 "in front"
	check_eq "$(ockamctl node list --jq '.[0] | {node_name, is_default}' --compact-output)" \
		'{"node_name":"n1","is_default":true}' "one line"
	check_eq "$(ockamctl node list --jq '.[0] | {node_name}')" "$(echo '{"node_name":"n1"}' | jq .)" "as jq prints it"
	check_eq "$(ockamctl node list --jq 'empty')" "" "nothing"
	check_eq "$(ockamctl node create n3 --jq .name 2> /dev/null)" '"n3"' "what is made"
	check_eq "$(ockamctl message send hi --to /service/echo --jq .reply)" '"hi"' "a reply"
	start_monitor "$OCKAM_HOME/events" --count 1 --timeout 60 --jq '[.event, .node]'
	quietly ockamctl node create n4
	wait "$MONITOR"
	check_eq "$(cat "$OCKAM_HOME/events")" '["new","n4"]' "events"
	says 2 "syntax error" ockamctl node create n5 --jq '.['
	says 65 "Cannot index array" ockamctl node list --jq .x
	says 65 "no such thing" ockamctl node list --jq 'error("no such thing")'
	says 2 "one of text and JSON" ockamctl node list --oneline --jq .
	check_eq "$(ockamctl node list --jq 'map(.node_name) | sort' --compact-output)" '["n1","n2","n3","n4"]' "nodes"
}

test_batch()
{
	local file

	scene n1 || return
	file=$OCKAM_HOME/batch
	cat > "$file" <<-'LINES'
		# a comment, and an empty line

		node create b1	# the first one
		node create "b2" --quiet
		  message send 'two  words "q"' --from b1 --to /service/echo
		node list --jq 'map(.node_name) | sort' --compact-output
	LINES
	check_rc 0 "all lines" ockamctl --batch "$file"
	check_eq "$OUT" $'b1\nb2\ntwo  words "q"\n["b1","b2","n1"]' "what they print"
	check_eq "$(printf 'node delete b1\nnode list --jq length' | ockamctl --batch - 2> /dev/null)" $'b1\n2' "standard input"
	printf 'node create b3\nnode delete none\nnode create b4\n' > "$file"
	check_rc 67 "one fails" ockamctl --batch "$file"
	check_eq "$OUT" b3 "until then"
	check_contains "$ERR" "line 2" "which"
	printf 'node delete none -q\n' > "$file"
	check_rc 67 "quiet" ockamctl -q --batch "$file"
	check_contains "$ERR" "line 1" "which"
	check_rc 0 "no line" ockamctl --batch /dev/null
	says 66 "cannot read" ockamctl --batch "$OCKAM_HOME/none"
	says 2 "instead of a command" ockamctl --batch "$file" node list
	printf '%s\n' '--batch x' > "$file"
	check_rc 2 "a batch within one" ockamctl --batch "$file"
	printf 'node create "b5\n' > "$file"
	check_rc 65 "an open quote" ockamctl --batch "$file"
	printf '%s\n' 'message send x --from n1 --to -' /service/echo > "$file"
	check_rc 65 "its lines are no input" sh -c "ockamctl --batch - < $file"
	setup_ns N || return
	check_eq "$(printf 'node create there\nnode list --jq length\n' | ockamctl --netns "$N" --batch - 2> /dev/null)" \
		$'there\n1' "in a namespace"
	check_eq "$(ockamctl node list --jq length)" 3 "nodes here"
	quietly ockamctl --netns "$N" node delete --all
}

test_quiet()
{
	scene n1 n2 || return
	check_rc 0 "with a hint" ockamctl secure-channel create --from n1 --to /node/n2/service/api --timeout 60
	check_contains "$ERR" "not pinned" "hint"
	check_rc 0 "without" ockamctl secure-channel create --from n1 --to /node/n2/service/api --timeout 60 -q
	check_eq "$ERR" "" "what is said"
}

# at_terminal ANSWER COMMAND...: with a terminal in front, where ANSWER is typed
at_terminal()
{
	python3 - "$@" <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if not pid:
    os.execvp(sys.argv[2], sys.argv[2:])
os.write(fd, (sys.argv[1] + "\n").encode())
text = b""
try:
    while part := os.read(fd, 4096):
        text += part
except OSError:
    pass
print(text.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
}

# An answer does nothing to the terminal; into a pipe it goes as it is.
test_answer_at_a_terminal()
{
	local red=(ockamctl message send $'red\e[31m' --from n1 --to /service/echo --timeout 60)

	scene n1 || return
	check_rc 0 "terminal" at_terminal "" "${red[@]}"
	check_contains "$OUT" 'red\x1b[31m' "terminal"
	check_eq "$("${red[@]}")" $'red\e[31m' "pipe"
}

test_question_before_deleting()
{
	scene n1 || return
	check_rc 0 "no" at_terminal n ockamctl node delete n1
	check_contains "$OUT" "Delete n1? [y/N]" "question"
	check_rc 0 "service" at_terminal "" ockamctl service stop echo --at n1
	check_contains "$(ockamctl service list --at n1 | jq -c '[.[].addr]')" '"echo"' "the service"
	check_rc 0 "--yes" at_terminal n ockamctl service stop echo --at n1 --yes
	check_rc 0 "yes" at_terminal y ockamctl node delete n1
	check_eq "$(ockamctl node list)" "[]" "nodes"
	quietly ockamctl node create n1
	check_rc 0 "NO_INPUT" at_terminal n env NO_INPUT=1 ockamctl node delete n1
	check_eq "$(ockamctl node list)" "[]" "nodes"
}

test_netns()
{
	scene n1 || return
	setup_ns N || return
	quietly ockamctl --netns "$N" node create there
	check_eq "$(ip netns exec "$N" ockamctl node list | jq -r '.[].node_name')" there "nodes there"
	check_eq "$(ockamctl node list | jq -r '.[].node_name')" n1 "nodes here"
	check_eq "$(ockamctl node delete --all --netns "$N")" there "deleted"
	says 2 "names no namespace" ockamctl --netns ../x node list
}

links()
{
	ockamctl worker list --at n1 | jq '[.[] | select(.kind == "link")] | length'
}

# Who made the link to a project takes it back when nobody answers; who found it
# leaves it to the others.
test_shared_link_survives()
{
	local send="ockamctl message send x --from n1 --to /project/gone/service/echo"

	scene n1 || return
	quietly ockamctl project create gone --at /ip4/127.0.0.1/tcp/1/service/api --identifier "I$(printf '%064d' 1)"
	check_rc 75 "a link of its own" $send --timeout 1
	check_eq "$(links)" 0 "links afterwards"
	$send --timeout 120 > /dev/null 2>&1 &
	defer kill $!
	busywait 60 sh -c "ockamctl worker list --at n1 | jq -e '.[] | select(.kind == \"link\")'" || return
	check_rc 75 "another one's link" $send --timeout 1
	check_eq "$(links)" 1 "links afterwards"
}

run_tests "$@"
