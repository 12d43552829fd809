#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The life of a channel: new routes, lost transports, keys, limits, its end.
. "$(dirname -- "$0")/../lib.sh"
. "$SELFTESTS/ctl/ctl.sh"
need python3 jq

HERE=$SELFTESTS/net
LIMITS=/proc/sys/net/ockam

# part CASE ARGUMENTS...: of channel.py
part()
{
	PYTHONPATH=$SELFTESTS/ref python3 "$HERE/channel.py" "$@" > "$OCKAM_HOME/out" 2> "$OCKAM_HOME/err"
	local rc=$?
	sed 's/^/# /' "$OCKAM_HOME/out"
	[ $rc = 0 ] || fail "$*: $(cat "$OCKAM_HOME/err")"
}

# limit NAME VALUE: for this case
limit()
{
	load_module || return
	defer sh -c "echo $(cat $LIMITS/"$1") > $LIMITS/$1"
	echo "$2" > "$LIMITS/$1"
}

# Nodes n1 and n2, which listens twice; events go to FILE
two_nodes()
{
	setup_module || return
	quietly ockamctl node create n1
	quietly ockamctl node create n2 --tcp-listener-address 127.0.0.1:4000
	quietly ockamctl tcp-listener create 127.0.0.1:4001 --at n2 --expose api
	FILE=$OCKAM_HOME/events
	start_monitor "$FILE" -j channel
}

# wait_event FILTER [COUNT]: so many must come
wait_event()
{
	busywait 60 sh -c "[ \$(jq -c 'select($1)' '$FILE' | wc -l) -ge ${2:-1} ]" ||
		fail "no event: $1: $(cat "$FILE")"
}

# open_channel ARGUMENTS...: from n1 to n2; its address without /service/
open_channel()
{
	local out

	out=$(ockamctl secure-channel create --from n1 --to /ip4/127.0.0.1/tcp/4000/service/api \
		--timeout 60 "$@" 2> /dev/null) || return
	printf '%s\n' "${out#/service/}"
}

connect()
{
	ockamctl tcp-connection create --from n1 --to "127.0.0.1:$1" --timeout 60
}

# field NODE FILTER: of the one channel of that node
field()
{
	ockamctl secure-channel list --at "$1" -j | jq -r ".[0]$2"
}

asked()
{
	check_eq "$(ockamctl message send "$2" --from n1 --to "/service/$1/service/uppercase" --timeout 60)" \
		"${2^^}" "an answer through the channel"
}

drop_connection()
{
	quietly ockamctl tcp-connection delete "${1#/service/}" --at n1
}

first_hop()
{
	field "$1" .route | cut -d/ -f3
}

test_update_while_messages_flow()
{
	local channel one two

	two_nodes || return
	channel=$(open_channel) || return
	one=$(connect 4001)
	two=$(connect 4000)
	part move "$channel" "$one" "$two"
	check_eq "$(first_hop n1)" "${two##*/}" "the way that was named last"
	# The one before carries nothing any more.
	drop_connection "${one##*/}"
	asked "$channel" still
	check_eq "$(jq -c 'select(.event == "down" or .event == "closed")' "$FILE")" "" "events"
}

# From one connection to another, and the peer follows: the old one goes.
test_peer_follows()
{
	local channel old new before

	two_nodes || return
	channel=$(open_channel) || return
	asked "$channel" one
	old=$(first_hop n1)
	before=$(first_hop n2)
	new=$(connect 4001)
	quietly ockamctl secure-channel update "$channel" --at n1 --to "$new"
	asked "$channel" two
	[ "$(first_hop n2)" != "$before" ] || fail "the peer answers along the old way"
	drop_connection "$old"
	asked "$channel" three
	check_eq "$(field n1 .channel)" "$channel" "the channel"
	# The reference peer moves, the node follows.
	part follow 4000 4001
	part stay 4000 4001
}

test_update_refused()
{
	local channel

	two_nodes || return
	channel=$(open_channel) || return
	says 68 "the node has nothing with the route's next address" \
		ockamctl secure-channel update "$channel" --at n1 --to /service/nowhere
	says 68 "leads nowhere" ockamctl secure-channel update "$channel" --at n1 --to /node/n1
	says 69 "refused" ockamctl secure-channel update "$channel" --at n1 --to /ip4/127.0.0.1/tcp/1
	says 67 "there is no 'x'" ockamctl secure-channel update x --at n1 --to /node/n2
	says 67 "there is no 'api'" ockamctl secure-channel update api --at n2 --to /service/echo
	says 2 "--to ROUTE" ockamctl secure-channel update "$channel" --at n1
	says 77 "no permission" setpriv --reuid 65534 --clear-groups env HOME=/tmp \
		OCKAM_HOME="$(mktemp -u)" ockamctl secure-channel update "$channel" --at n1 --to /service/uppercase
	says 77 "no permission" setpriv --reuid 65534 --clear-groups env HOME=/tmp \
		OCKAM_HOME="$(mktemp -u)" ockamctl secure-channel rekey "$channel" --at n1
	says 67 "there is no 'x'" ockamctl secure-channel rekey x --at n1
	asked "$channel" unmoved
}

# waiting CHANNEL COUNT: so many messages are in its queue
waiting()
{
	[ "$(ockamctl worker list --at n1 -j | jq --arg a "$1" '.[] | select(.addr == $a) | .queue')" = "$2" ]
}

# Both ends wait for a new way; what is sent meanwhile goes when there is one.
test_channel_outlives_its_connection()
{
	local channel sender

	limit channel_linger_ms 600000
	two_nodes || return
	channel=$(open_channel) || return
	asked "$channel" one
	drop_connection "$(first_hop n1)"
	wait_event '.event == "down" and .reason == "transport-lost" and .kind == "channel"' 2
	check_eq "$(field n1 .status) $(field n2 .status)" "Down Down" "both ends"
	ockamctl message send waits --from n1 --to "/service/$channel/service/uppercase" --timeout 120 \
		> "$OCKAM_HOME/answer" &
	sender=$!
	busywait 60 waiting "$channel" 1 || fail "the message is not in the queue"
	quietly ockamctl secure-channel update "$channel" --at n1 --to "$(connect 4001)"
	wait "$sender" || fail "the message that waited"
	check_eq "$(cat "$OCKAM_HOME/answer")" WAITS "its answer"
	wait_event '.event == "up" and .kind == "channel"' 4
	check_eq "$(field n1 .status) $(field n2 .status)" "Up Up" "both ends"
	asked "$channel" again
	drop_connection "$(first_hop n1)"
	wait_event '.event == "down"' 4
	part wait_room "$channel" "$(connect 4000)"
	asked "$channel" last
}

test_channel_without_a_way_closes()
{
	local channel

	two_nodes || return
	check_eq "$(ockamctl secure-channel-listener show api --at n2 -j | jq .linger_ms)" 10000 "the default"
	quietly ockamctl secure-channel-listener delete api --at n2
	quietly ockamctl secure-channel-listener create api --at n2 --linger 0
	channel=$(open_channel --linger 700ms) || return
	check_eq "$(field n1 .linger_ms) $(field n2 .linger_ms)" "700 0" "milliseconds"
	drop_connection "$(first_hop n1)"
	wait_event '.event == "closed" and .node == "n2" and .reason == "transport-lost"'
	wait_event '.event == "closed" and .node == "n1" and .reason == "transport-lost"'
	check_eq "$(jq -c 'select(.event == "down") | .node' "$FILE")" '"n1"' "who waited"
	says 67 "there is no" ockamctl secure-channel show "$channel" --at n1
	says 67 "there is no" ockamctl secure-channel update "$channel" --at n1 --to /node/n2
	quietly ockamctl secure-channel-listener create long --at n2 --linger 86400 --idle 86400
	check_eq "$(ockamctl secure-channel-listener show long --at n2 -j | jq -c '[.linger_ms, .idle_ms]')" \
		'[86400000,86400000]' "a day"
	says 2 "--linger" ockamctl secure-channel-listener create longer --at n2 --linger 86401
	says 2 "--linger" ockamctl secure-channel create --from n1 --to /node/n2/service/api --linger -1
	says 2 "--idle" ockamctl secure-channel create --from n1 --to /node/n2/service/api --idle soon
}

test_idle_channel_closes()
{
	local channel idle

	idle=$(on_debug 20 3)
	two_nodes || return
	channel=$(open_channel --idle "$idle") || return
	quietly ockamctl message ping "/service/$channel/service/echo" --from n1 -c 3
	check_eq "$(field n1 .idle_ms) $(field n2 .idle_ms)" "${idle}000 0" "milliseconds"
	wait_event '.event == "closed" and .node == "n1" and .reason == "idle"'
	wait_event '.event == "closed" and .node == "n2" and .reason == "closed-by-peer"'
}

# The events say which side it was.
test_who_closed()
{
	local channel

	two_nodes || return
	channel=$(open_channel) || return
	quietly ockamctl secure-channel delete "$channel" --at n1
	wait_event '.event == "closed" and .node == "n1" and .reason == "closed"'
	wait_event '.event == "closed" and .node == "n2" and .reason == "closed-by-peer"'
	channel=$(open_channel) || return
	quietly ockamctl secure-channel delete "$(field n2 .channel)" --at n2
	wait_event '.event == "closed" and .node == "n2" and .reason == "closed"'
	wait_event '.event == "closed" and .node == "n1" and .reason == "closed-by-peer"'
}

test_counters()
{
	local shown

	two_nodes || return
	part counters 4000
	shown=$(jq -c '.[0] | [.rx, .tx.msgs, .tx.bytes, .rekeys, .role, .status, .suite]' "$OCKAM_HOME/err")
	check_eq "$shown" '[{"auth_fail":3,"bytes":4103,"msgs":42,"out_of_window":6,"replays":2},42,4103,2,"responder","Up","OCKAM_XX_25519_AES256_GCM_SHA256"]' \
		"what it counted"
	check_eq "$(jq -r '.[0].driver' "$OCKAM_HOME/err")" "$(ockamctl module status -j | jq -r .crypto)" \
		"the driver"
	check_match "$(jq -r '.[0] | .their_identifier + .our_identifier' "$OCKAM_HOME/err")" \
		'^I[0-9a-f]{64}I[0-9a-f]{64}$' "both identifiers"
}

# Bad tags never change anything; genuine messages that are far ahead do, in time.
test_far_counters()
{
	two_nodes || return
	part forged_far 4000
	part back_in_time 4000
	check_eq "$(jq -c 'select(.reason == "too-far-ahead")' "$FILE")" "" "events"
	part deaf 4000
	wait_event '.event == "closed" and .node == "n2" and .reason == "too-far-ahead"'
}

# Each rekey takes the peer along; without a message between there is one.
test_rekey()
{
	local channel i

	two_nodes || return
	channel=$(open_channel) || return
	check_eq "$(ockamctl secure-channel rekey "$channel" --at n1)" "/service/$channel" "what it prints"
	check_eq "$(field n1 .rekeys)" 0 "rekeys before the first message"
	for i in 1 2 3 4 5; do
		asked "$channel" "one$i"
		quietly ockamctl secure-channel rekey "$channel" --at n1
		quietly ockamctl secure-channel rekey "$channel" --at n1
		quietly ockamctl secure-channel rekey "$(field n2 .channel)" --at n2
		asked "$channel" "two$i"
	done
	check_eq "$(field n1 .rekeys) $(field n2 .rekeys)" "10 10" "rekeys in both directions"
	check_eq "$(field n2 .rx.out_of_window) $(field n1 .rx.out_of_window)" "0 0" "messages lost by it"
	part exact "$channel"
}

test_messages_that_fit_into_no_frame()
{
	local channel

	two_nodes || return
	channel=$(open_channel) || return
	part too_large "$channel"
}

test_rekey_against_the_reference_peer()
{
	local channel i

	setup_module || return
	quietly ockamctl node create n1
	python3 "$SELFTESTS/ref/live.py" serve 5000 > "$OCKAM_HOME/serve" 2>&1 &
	defer kill $!
	busywait 60 grep -q listening "$OCKAM_HOME/serve" || return
	channel=$(ockamctl secure-channel create --from n1 --to /ip4/127.0.0.1/tcp/5000/service/api --timeout 60 2> /dev/null)
	channel=${channel##*/}
	for i in $(seq 20); do
		asked "$channel" "m$i"
		quietly ockamctl secure-channel rekey "$channel" --at n1
	done
	check_eq "$(field n1 .rekeys)" 20 rekeys
}

# What the listener may reach is what its channels may reach, those of before, too.
test_channels_follow_their_listener()
{
	local channel

	two_nodes || return
	quietly ockamctl service start echo --addr late --at n2
	channel=$(open_channel) || return
	check_rc 75 "not exposed yet" ockamctl message send x --from n1 --to "/service/$channel/service/late" --timeout 1
	quietly ockamctl service expose api late --at n2
	check_eq "$(ockamctl message send x --from n1 --to "/service/$channel/service/late" --timeout 60)" x \
		"exposed later"
	quietly ockamctl service hide api late --at n2
	check_rc 75 "hidden again" ockamctl message send x --from n1 --to "/service/$channel/service/late" --timeout 1
	asked "$channel" others
}

# Channels in channels; with the outermost the others go.
test_three_deep()
{
	local a b c

	limit channel_linger_ms 0
	two_nodes || return
	quietly ockamctl service expose api api --at n2
	a=$(open_channel) || return
	b=$(ockamctl secure-channel create --from n1 --to "/service/$a/service/api" --timeout 60 2> /dev/null) || return
	c=$(ockamctl secure-channel create --from n1 --to "$b/service/api" --timeout 60 2> /dev/null) || return
	part exact "${c##*/}"
	check_eq "$(ockamctl secure-channel list --at n2 | jq length)" 3 "channels"
	quietly ockamctl secure-channel delete "$a" --at n1
	wait_event '.event == "closed" and .node == "n1" and .reason == "transport-lost"' 2
	wait_event '.event == "closed" and .node == "n2"' 3
	check_eq "$(ockamctl secure-channel list | jq length)" 0 "channels left"
}

# Neither side waits for ever.
test_time_outs()
{
	limit handshake_timeout_ms 700
	two_nodes || return
	part half_open 4000 1
	wait_event '.event == "refused" and .node == "n2" and .reason == "handshake-timeout"'
	check_eq "$(ockamctl secure-channel-listener show api --at n2 -j | jq -c '[.half_open, .accepted, .refused]')" \
		'[0,0,1]' "what the listener counted"
	PYTHONPATH=$SELFTESTS/ref python3 "$HERE/channel.py" silent 5000 > "$OCKAM_HOME/silent" &
	defer kill $!
	busywait 60 grep -q listening "$OCKAM_HOME/silent" || return
	check_rc 75 "nobody answers" ockamctl secure-channel create --from n1 \
		--to /ip4/127.0.0.1/tcp/5000/service/api --timeout 1
	check_eq "$(ockamctl secure-channel list --at n1 | jq length)" 0 "channels left"
}

# Lists of one and of two; who is not in them is told nothing, and seen.
test_trust()
{
	local i listener tcp
	local -a ID

	two_nodes || return
	tcp=$(ockamctl tcp-listener show 127.0.0.1:4000 --at n2 -j | jq -r .worker_addr)
	quietly ockamctl identity create i3
	quietly ockamctl node create n3 --identity i3
	quietly ockamctl identity create i4
	quietly ockamctl node create n4 --identity i4
	for i in 1 3 4; do
		ID[i]=$(ockamctl node show "n$i" | jq -r .identifier)
	done
	quietly ockamctl secure-channel-listener create one --at n2 --authorized "${ID[1]}"
	quietly ockamctl secure-channel-listener create two --at n2 --authorized "${ID[1]}" --authorized "${ID[3]}"
	quietly ockamctl service expose "$tcp" one --at n2
	quietly ockamctl service expose "$tcp" two --at n2
	for i in 1 3 4; do
		for listener in one two; do
			quietly ockamctl secure-channel create --from "n$i" --timeout 60 \
				--to "/ip4/127.0.0.1/tcp/4000/service/$listener"
		done
	done
	wait_event '.event == "refused" and .node == "n2" and .reason == "not-authorized"' 3
	check_eq "$(jq -r 'select(.event == "refused") | .peer' "$FILE" | sort)" \
		"$(printf '%s\n' "${ID[3]}" "${ID[4]}" "${ID[4]}" | sort)" "who was refused"
	check_rc 0 "a peer that is not pinned" ockamctl secure-channel create --from n1 --timeout 60 \
		--to /ip4/127.0.0.1/tcp/4000/service/api
	check_match "$ERR" "peer I[0-9a-f]{64} is not pinned" "its identifier"
	check_rc 0 "a pinned one" ockamctl secure-channel create --from n1 --timeout 60 \
		--to /ip4/127.0.0.1/tcp/4000/service/api --authorized "$(ockamctl node show n2 | jq -r .identifier)"
	check_eq "$ERR" "" "nothing to say"
}

# What comes before the verdict waits for it, and data does not wait for handshakes.
test_before_the_verdict()
{
	two_nodes || return
	part early 4000
}

# judged NUMBER: so many first messages were admitted or refused
judged()
{
	ADMITTED=$(ockamctl secure-channel-listener show api --at n2 -j | jq '.half_open')
	REFUSED=$(dropped n2 handshake-limit)
	[ $((ADMITTED + REFUSED)) = "$1" ]
}

# More first messages than signatures could be checked for: those that 400 checks
# are enough for and 200 more a second are admitted, two for each.
test_flood_of_first_messages()
{
	local channel number most began

	number=$(on_debug 500 3000)
	limit max_half_open 4096
	limit max_half_open_per_peer 4096
	limit handshake_timeout_ms 600000
	two_nodes || return
	channel=$(open_channel) || return
	began=$SECONDS
	PYTHONPATH=$SELFTESTS/ref python3 "$HERE/channel.py" half_open 4001 "$number" 600 &
	defer kill $!
	quietly ockamctl message ping "/service/$channel/service/echo" --from n1 -c 30 --timeout 60
	busywait 180 judged "$number" || fail "$ADMITTED admitted, $REFUSED refused"
	most=$((200 + 100 * (SECONDS - began + 1)))
	note "$ADMITTED of $number were admitted, at most $most"
	if [ "$ADMITTED" -lt 100 ] || [ "$ADMITTED" -gt "$most" ]; then
		fail "$ADMITTED were admitted"
	fi
}

run_tests "$@"
