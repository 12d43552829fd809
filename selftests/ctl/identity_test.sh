#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Identities: made, shown, rotated under running channels, renewed, moved and
# destroyed. The reference judges what is made.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/ctl.sh"
need jq python3

DAY=86400
YEAR=$((365 * DAY))

# judged NAME: what the tool shows of it is what the reference finds in its history
judged()
{
	check_eq "$(ockamctl identity show "$1" --full -j | jq -S .)" \
		"$(ockamctl identity export "$1" | python3 "$HERE/history.py" | jq -S .)" "history of $1"
}

# long_ago SECONDS ARGUMENTS...: ockamctl with a clock that is behind
long_ago()
{
	local seconds=$1

	shift
	env LD_PRELOAD="$HERE/clock.so" CLOCK_SHIFT=-"$seconds" ockamctl "$@"
}

test_both_kinds_of_keys()
{
	local id

	setup_home
	id=$(ockamctl identity create alice) || return
	quietly ockamctl identity create bob --key-type p256
	says 2 "ed25519 or p256" ockamctl identity create carol --key-type rsa
	says 73 exists ockamctl identity create alice
	says 67 nope ockamctl identity show nope
	check_eq "$(ockamctl identity show)" "$id" "the first one is the default"
	judged alice
	judged bob
	check_eq "$(ockamctl identity show bob --full -j | jq -r '.changes[0].primary_public_key' | cut -c -24)" \
		"ECDSASHA256CurveP256: 04" "kind of key"
	check_eq "$(ockamctl identity show alice --full | head -n 5 | sed 's/[0-9a-f]\{64\}/HEX/')" \
		"Identifier: IHEX
  Change[0]:
    identifier:              HEX
    primary_public_key:      EdDSACurve25519: HEX
    revoke_all_purpose_keys: false" "text, as upstream's"
	check_eq "$(ockamctl identity show alice --full --encoding hex)" "$(ockamctl identity export alice)" "hex"
	check_eq "$(ockamctl identity show alice --full --encoding hex -j | jq -r .encoded)" \
		"$(ockamctl identity export alice)" "hex in JSON"
	says 2 "--encoding is" ockamctl identity show alice --full --encoding base64
}

# Up to the most that a peer accepts, with every change of kind.
test_rotations()
{
	local id number kinds=(ed25519 p256 p256 ed25519)

	setup_home
	id=$(ockamctl identity create alice) || return
	for ((number = 2; number <= 32; number++)); do
		check_eq "$(ockamctl identity rotate alice --key-type "${kinds[number % 4]}" -j |
			jq -c '[.identifier, .changes]')" "[\"$id\",$number]" "change $number" || return
	done
	judged alice
	says 73 "no more" ockamctl identity rotate alice
	judged alice
	quietly ockamctl identity create bob --key-type p256
	quietly ockamctl identity rotate bob
	quietly ockamctl identity rotate bob --revoke-all-purpose-keys
	judged bob
	check_eq "$(ockamctl identity show bob --full -j |
		jq -c '[.changes[] | .revoke_all_purpose_keys, .primary_public_key[:5]]')" \
		'[false,"ECDSA",false,"ECDSA",true,"ECDSA"]' "flags; and the kind of key stays"
}

test_rotation_with_a_clock_put_back()
{
	setup_home
	quietly ockamctl identity create alice
	check_rc 0 "within the allowance" long_ago 30 identity rotate alice
	judged alice
	check_rc 76 "a day" long_ago $DAY identity rotate alice
	check_contains "$ERR" "is the clock right" "a day"
	check_eq "$(ockamctl identity show alice --full -j | jq '.changes | length')" 2 "changes"
}

# witness: a reference peer at port 5000; its lines are in $OCKAM_HOME/seen
witness()
{
	python3 "$HERE/witness.py" 5000 > "$OCKAM_HOME/seen" 2>&1 &
	defer kill $!
	busywait 60 grep -q listening "$OCKAM_HOME/seen"
}

WITNESS=/ip4/127.0.0.1/tcp/5000/service/api

# channel NODE ROUTE OPTIONS...: its address
channel()
{
	local node=$1 to=$2

	shift 2
	ockamctl secure-channel create --from "$node" --to "$to" --timeout 60 "$@" 2> "$OCKAM_HOME/error" ||
		fail "no channel from $node to $to: $(cat "$OCKAM_HOME/error")"
}

# answers NODE CHANNEL WORD
answers()
{
	check_eq "$(ockamctl message send "$3" --from "$1" --to "$2/service/uppercase" --timeout 60)" \
		"${3^^}" "answer over $2 of $1"
}

# seen NAME NUMBER: the witness has seen its present history NUMBER times
seen()
{
	local line

	line=$(ockamctl identity show "$1" --full -j |
		jq -r '"peer \(.identifier) \(.changes | length) \(.changes[-1].identifier)"')
	check_eq "$(grep -c "^$line$" "$OCKAM_HOME/seen")" "$2" "times that the witness saw $line: $(cat "$OCKAM_HOME/seen")"
}

# alice is at both ends of channels that run while her key changes, twice.
test_channels_run_through_a_rotation()
{
	local id out in kind perf

	setup_module || return
	witness || return
	id=$(ockamctl identity create alice)
	quietly ockamctl identity create bob --key-type p256
	quietly ockamctl node create n1 --identity alice
	quietly ockamctl node create n2 --identity bob
	out=$(channel n1 $WITNESS)
	in=$(channel n2 /node/n1/service/api --authorized "$id")
	answers n1 "$out" before
	answers n2 "$in" before
	seen alice 1
	for kind in p256 ed25519; do
		ockamctl message perf "$out/service/echo" --from n1 --count 400 --timeout 120 -j > "$OCKAM_HOME/perf" 2>&1 &
		perf=$!
		check_eq "$(ockamctl identity rotate alice --key-type $kind -j | jq -c .nodes)" '["n1"]' "nodes"
		wait $perf || fail "messages during the rotation: $(cat "$OCKAM_HOME/perf")"
		answers n1 "$out" after
		answers n2 "$in" after
		seen alice 0
		answers n1 "$(channel n1 $WITNESS)" new
		answers n2 "$(channel n2 /node/n1/service/api --authorized "$id")" new
		seen alice 1
	done
	answers n1 "$out" still
	answers n2 "$in" still
	# The other one's node has what it had, and its P-256 key is believed.
	answers n2 "$(channel n2 $WITNESS)" other
	seen bob 1
}

test_rotation_reaches_all_nodes_that_have_it()
{
	local node

	setup_module || return
	witness || return
	quietly ockamctl identity create alice
	quietly ockamctl identity create bob
	for node in n1 n2; do
		quietly ockamctl node create $node --identity alice --no-default-services
	done
	quietly ockamctl node create n3 --identity bob --no-default-services
	check_eq "$(ockamctl identity rotate alice -j | jq -c '[.changes, (.nodes | sort)]')" '[2,["n1","n2"]]' "nodes"
	for node in n1 n2; do
		answers $node "$(channel $node $WITNESS)" hello
	done
	seen alice 2
	check_eq "$(ockamctl identity renew bob | jq -c '.[].nodes')" '["n3"]' "nodes of bob"
}

# Of another network namespace, that is: until somebody looks after it there.
test_rotation_and_another_namespace()
{
	setup_module || return
	setup_ns N || return
	quietly ockamctl identity create alice
	quietly ockamctl --netns "$N" node create far --identity alice
	check_eq "$(ockamctl identity rotate alice -j | jq -c .nodes)" '[]' "nodes here"
	check_eq "$(ockamctl --netns "$N" identity renew --all | jq -c '.[].nodes')" '["far"]' "nodes there"
}

# expires NODE: days until its attestation ends; with a clock that sees no need to renew
expires()
{
	echo $((($(long_ago $((5 * YEAR)) node show "$1" | jq .identity_expires_at) - $(date +%s)) / DAY))
}

test_renewal_in_time()
{
	local ago=$((5 * YEAR - 10 * DAY)) channel node

	setup_module || return
	witness || return
	check_rc 0 "alice" long_ago $ago identity create alice
	for node in n1 n2; do
		check_rc 0 "$node" long_ago $ago node create $node --identity alice
	done
	check_eq "$(long_ago $ago node show n2 | jq .identity_expires_at)" \
		"$(long_ago $ago identity renew alice | jq '.[].expires_at')" "end of the attestation"
	channel=$(CLOCK_SHIFT=-$ago LD_PRELOAD=$HERE/clock.so channel n1 $WITNESS)
	# A command that names a node looks after it.
	quietly ockamctl service list --at n1
	check_match "$(expires n1)" '^182[3-5]$' "days after a command that names the node"
	answers n1 "$channel" before
	answers n1 "$(channel n1 $WITNESS)" after
	check_eq "$(ockamctl identity renew --all | jq -c '.[].nodes | sort')" '["n1","n2"]' "nodes"
	check_match "$(expires n2)" '^182[3-5]$' "days after renew --all"
}

# Whoever has not got the key says so, and goes on.
test_renewal_without_the_key()
{
	local ago=$((5 * YEAR - 10 * DAY))

	setup_module || return
	check_rc 0 "node" long_ago $ago node create n1
	export OCKAM_HOME=$OCKAM_HOME/other
	check_rc 0 "another home" ockamctl service list --at n1
	check_contains "$ERR" "run \`ockamctl identity renew\`" "the hint"
	check_rc 0 "quiet" ockamctl service list --at n1 -q
	check_eq "$ERR" "" "what is said"
}

# A rotation makes good a key whose ten years are over.
test_key_that_has_expired()
{
	setup_module || return
	check_rc 0 "alice" long_ago $((11 * YEAR)) identity create alice
	says 76 "identity rotate alice" ockamctl node create n1 --identity alice
	says 76 "identity rotate alice" ockamctl identity renew alice
	quietly ockamctl identity rotate alice
	judged alice
	quietly ockamctl node create n1 --identity alice
	check_rc 0 "bob" long_ago $((10 * YEAR - 10 * DAY)) identity create bob
	quietly ockamctl node create n2 --identity bob
	check_rc 0 "ends soon" ockamctl service list --at n2
	check_contains "$ERR" "identity rotate bob" "the hint"
}

test_known_identities()
{
	local first second

	setup_home
	quietly ockamctl identity create alice
	quietly ockamctl identity create bob
	first=$(ockamctl identity export alice)
	check_eq "$(ockamctl identity import friend "$first")" "$(ockamctl identity show alice)" "import"
	check_eq "$(ockamctl identity export friend)" "$first" "what is known"
	quietly ockamctl identity rotate alice
	second=$(ockamctl identity export alice)
	echo "$second" | check_rc 0 "from standard input" ockamctl identity import friend
	check_eq "$(ockamctl identity export friend)" "$second" "what is known"
	quietly ockamctl identity import friend "  $second "
	says 65 "newer history" ockamctl identity import friend "$first"
	says 73 "another one" ockamctl identity import friend "$(ockamctl identity export bob)"
	says 73 "another one" ockamctl identity import bob "$first"
	check_eq "$(ockamctl identity create again --identity "$first")" "$(ockamctl identity show alice)" "as upstream spells it"
	check_eq "$(ockamctl identity list | jq -c 'map([.name, .vault_name])')" \
		'[["alice","default"],["bob","default"],["again",null],["friend",null]]' "list"
	says 67 "another one's" ockamctl identity rotate friend
	says 67 "another one's" ockamctl identity default friend
	says 67 "another one's" ockamctl identity export friend --private "$OCKAM_HOME/x"
	says 65 "is hex" ockamctl identity import x 8182zz
	says 65 "is hex" ockamctl identity import x ""
	says 65 "something behind" ockamctl identity import x "${first}00"
	says 65 "standard input" ockamctl identity import x
	says 2 "how the identity" ockamctl identity import
}

# Each change that is missing, double, cut or flipped anywhere.
test_histories_that_are_none()
{
	local hex at bad

	setup_home
	quietly ockamctl identity create alice
	quietly ockamctl identity rotate alice
	hex=$(ockamctl identity export alice)
	for ((at = 0; at < ${#hex}; at += 10)); do
		says 65 "" ockamctl identity import x "${hex:0:at}"
		bad=${hex:0:at}$(printf %x $((0x${hex:at:1} ^ 1)))${hex:at+1}
		says 65 "" ockamctl identity import x "$bad"
	done
	check_eq "$(ockamctl identity list | jq length)" 1 "identities"
}

test_moving_to_another_machine()
{
	local id file key

	setup_home
	id=$(ockamctl identity create alice --key-type p256)
	quietly ockamctl identity rotate alice
	file=$OCKAM_HOME/alice.pem
	check_eq "$(ockamctl identity export alice --private "$file")" "$file" "export"
	key=$(ockamctl identity export alice)
	says 73 "same one" ockamctl identity import twin --private "$file"
	export OCKAM_HOME=$OCKAM_HOME/other
	quietly ockamctl vault create work
	check_eq "$(ockamctl identity import moved --private "$file" --vault work)" "$id" "import"
	check_eq "$(ockamctl identity export moved)" "$key" "history"
	quietly ockamctl identity rotate moved
	judged moved
	says 73 exists ockamctl identity import moved --private "$file"
	says 66 nofile ockamctl identity import more --private nofile
	says 65 damaged ockamctl identity import more --private <(head -c 300 "$file")
	says 2 "say one of" ockamctl identity import more 81 --private "$file"
	says 2 "--private" ockamctl identity import more 81 --vault work
}

test_deleting()
{
	setup_module || return
	quietly ockamctl identity create alice
	quietly ockamctl identity create bob
	quietly ockamctl node create n1 --identity alice
	says 73 "node n1 uses" ockamctl identity delete alice
	check_rc 73 "all" ockamctl identity delete --all
	check_eq "$OUT" bob "what was deleted"
	check_eq "$(ockamctl identity list | jq -r '.[].name')" alice "what is left"
	quietly ockamctl node delete n1
	check_eq "$(ockamctl identity delete alice)" alice "delete"
	says 67 alice ockamctl identity delete alice
	says 67 "no default" ockamctl identity show
	says 2 "--all" ockamctl identity delete
	quietly ockamctl identity create carol
	check_eq "$(ockamctl identity default)" carol "the next one is the default"
}

run_tests "$@"
