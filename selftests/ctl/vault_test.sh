#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The vault: what is in it, who may read it, and that it is whole whatever
# happens: power cuts, several tools at once, damaged files, full disks.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/ctl.sh"
need jq python3

ALICE=vaults/default/alice.pem

# vault_of NAME...: an empty home with these identities
vault_of()
{
	local name

	setup_home
	SCRATCH=$(mktemp -d)
	defer rm -rf "$SCRATCH"
	for name; do
		ockamctl identity create "$name" > /dev/null || return
	done
}

# changes NAME: how many its history has
changes()
{
	ockamctl identity show "$1" --full -j | jq '.changes | length'
}

# whole NAME: its key, its history and its attestation belong together
whole()
{
	rm -f "$SCRATCH/copy"
	ockamctl identity export "$1" --private "$SCRATCH/copy" > /dev/null &&
	ockamctl identity renew "$1" > /dev/null
}

test_vaults()
{
	vault_of alice || return
	check_eq "$(ockamctl vault create work)" work "create"
	says 73 exists ockamctl vault create work
	says 2 "a name has" ockamctl vault create ../work
	says 67 nope ockamctl identity create bob --vault nope
	quietly ockamctl identity create bob --vault work
	says 73 exists ockamctl identity create bob
	check_eq "$(ockamctl identity list | jq -c 'map([.name, .vault_name, .is_default])')" \
		'[["alice","default",true],["bob","work",false]]' "identities"
	check_eq "$(ockamctl vault list | jq -c 'map(.vault | [.name, .is_default, .identities[]])')" \
		'[["default",true,"alice"],["work",false,"bob"]]' "vaults"
	check_eq "$(ockamctl vault show work | jq -r .vault.path)" "$OCKAM_HOME/vaults/work" "path"
	says 67 nope ockamctl vault show nope
	says 67 nope ockamctl vault delete nope
	says 73 "holds identities" ockamctl vault delete work
	check_eq "$(ockamctl identity delete bob)" bob "delete"
	check_eq "$(ockamctl vault delete work)" work "delete"
	check_eq "$(ockamctl vault list | jq -r '.[].vault.name')" default "vaults"
}

test_private_files()
{
	local words file=$ALICE

	umask 0
	vault_of alice || return
	umask 022
	quietly ockamctl identity rotate alice
	check_eq "$(find "$OCKAM_HOME" -type f -printf '%m\n' | sort -u)" 600 "modes of files"
	check_eq "$(find "$OCKAM_HOME" -mindepth 1 -type d -printf '%m\n' | sort -u)" 700 "modes of folders"
	file=$OCKAM_HOME/$ALICE
	check_eq "$(grep -c 'BEGIN PRIVATE KEY' "$file")" 2 "PKCS#8 keys in the file"
	for mode in 640 604 620; do
		chmod $mode "$file"
		for words in "show alice" "export alice" "rotate alice" "renew alice" "delete alice"; do
			# shellcheck disable=SC2086 # words
			says 77 "chmod 600 $file" ockamctl identity $words
		done
	done
	chmod 600 "$file"
	check_ok "as it was" whole alice
	chmod 644 "$SCRATCH/copy"
	says 77 "chmod 600" ockamctl identity import bob --private "$SCRATCH/copy"
}

# Nothing but the file that was asked for has a secret.
test_secrets_stay()
{
	local words key

	vault_of alice || return
	quietly ockamctl identity export alice --private "$SCRATCH/alice.pem"
	check_eq "$(stat -c %a "$SCRATCH/alice.pem")" 600 "mode of an exported key"
	says 73 exists ockamctl identity export alice --private "$SCRATCH/alice.pem"
	says 74 "cannot write" ockamctl identity export alice --private "$SCRATCH/no/alice.pem"
	key=$(openssl pkey -in "$SCRATCH/alice.pem" -outform DER | tail -c 32 | od -An -tx1 | tr -d ' \n')
	check_eq ${#key} 64 "digits of the key"
	for words in "show alice --full" "show alice --full -j" "export alice" "list -j" "renew alice -j" "rotate alice -j"; do
		# shellcheck disable=SC2086 # words
		check_rc 0 "$words" ockamctl identity $words
		case "$OUT$ERR" in *PRIVATE* | *"$key"*) fail "$words prints a secret" ;; esac
	done
}

# An exported key takes nobody's place, and touches nothing beside it.
test_export_makes_a_new_file()
{
	local file

	vault_of alice || return
	file=$SCRATCH/alice.pem
	echo mine > "$file.new"
	quietly ockamctl identity export alice --private "$file"
	check_eq "$(cat "$file.new")" mine "what was beside it"
	mkfifo "$SCRATCH/fifo.pem.new"
	check_rc 0 "beside a pipe" timeout 10 ockamctl identity export alice --private "$SCRATCH/fifo.pem"
	ln -s target "$SCRATCH/link"
	says 73 exists ockamctl identity export alice --private "$SCRATCH/link"
	check_eq "$(ls "$SCRATCH/target" 2> /dev/null)" "" "what a link leads to"
}

# What is left behind is cleared where the tool writes, and nowhere else.
test_leftovers()
{
	local ours=(default-identity vaults/default/x.pem known/x.pem projects/x.json pins/x@n1.json credentials/x.credential)
	local others=(notes sub/x.pem vaults/default/notes vaults/default/sub/x.pem vaults/x.pem known/notes) file

	vault_of alice || return
	for file in "${ours[@]}" "${others[@]}"; do
		mkdir -p "$(dirname "$OCKAM_HOME/$file")"
		echo text > "$OCKAM_HOME/$file.new"
	done
	mkfifo "$OCKAM_HOME/known/fifo.pem.new"
	check_rc 0 "a command that locks" timeout 10 ockamctl identity create bob
	for file in "${ours[@]}"; do
		[ ! -e "$OCKAM_HOME/$file.new" ] || fail "$file.new is there"
	done
	for file in "${others[@]}"; do
		check_eq "$(cat "$OCKAM_HOME/$file.new")" text "$file.new"
	done
}

# What can be no vault and no identity is not looked at.
test_stray_entries()
{
	vault_of alice || return
	mkdir "$OCKAM_HOME/vaults/lost+found" "$OCKAM_HOME/vaults/old~"
	touch "$OCKAM_HOME/vaults/file" "$OCKAM_HOME/vaults/default/a copy.pem"
	check_eq "$(ockamctl vault list | jq -c 'map(.vault | [.name, .identities[]])')" \
		'[["default","alice"],["file"]]' "vaults"
	check_eq "$(ockamctl identity list | jq -r '.[].name')" alice "identities"
	quietly ockamctl identity create bob
	quietly ockamctl identity rotate alice
}

# What may not be looked at is not said to be missing.
test_no_permission()
{
	local words user="setpriv --reuid 65534 --regid 65534 --clear-groups"

	vault_of alice || return
	$user true 2> /dev/null || { skip "not allowed to be another user"; return; }
	for words in "identity show" "identity show alice" "identity list" "identity delete alice" "vault list" \
			"vault show" "credential list" "project list"; do
		# shellcheck disable=SC2086 # words
		says 77 "Permission denied" $user ockamctl $words
	done
}

# survives STATE COMMAND...: the power is cut at each step of it. What the
# function STATE says afterwards is old or new, and new once the command ended.
survives()
{
	local state=$1 before=$OCKAM_HOME loses rc is n seen

	shift
	OCKAM_HOME=$SCRATCH/home
	for loses in "" "$SCRATCH/lost"; do
		seen=
		for ((n = 1; n < 200; n++)); do
			rm -rf "$OCKAM_HOME" "$SCRATCH/lost"
			mkdir "$SCRATCH/lost"
			cp -a "$before" "$OCKAM_HOME"
			env LD_PRELOAD="$HERE/powercut.so" POWERCUT=$n ${loses:+POWERCUT_LOSES="$loses"} \
				ockamctl "$@" > "$SCRATCH/out" 2>&1
			rc=$?
			is=$("$state")
			seen="$seen $is"
			case $rc:$is in
			99:old | 99:new) ;;
			0:new) break ;;
			*) fail "$*: step $n${loses:+, with loss}: exit $rc, $is: $(cat "$SCRATCH/out")"; break ;;
			esac
			check_eq "$(find "$OCKAM_HOME" -name '*.new')" "" "$*: left behind at step $n"
		done
		note "identity $2: $n steps${loses:+, with loss}"
		[ $n -gt 5 ] || fail "$*: only $n steps"
		check_contains "$seen" old "$*: states"
	done
	OCKAM_HOME=$before
}

# Each locks the vault, and so clears what was left behind.
alice_has_rotated()
{
	whole alice || { echo broken; return; }
	case $(ockamctl identity show alice)/$(changes alice) in
	"$ID/1") echo old ;;
	"$ID/2") if grep -rqF "$OLD_KEY" "$OCKAM_HOME"; then echo "old key is there"; else echo new; fi ;;
	*) echo neither ;;
	esac
}

there()
{
	ockamctl vault create x$$ > /dev/null
	ockamctl identity list | jq -e --arg name "$1" 'any(.name == $name)' > /dev/null || return 1
	[ "$1" = known ] || whole "$1" || echo broken
}

bob_is_there() { if there bob; then echo new; else echo old; fi }
alice_is_gone() { if there alice; then echo old; else echo new; fi }
default_is_bob()
{
	there alice
	case $(ockamctl identity default) in alice) echo old ;; bob) echo new ;; *) echo neither ;; esac
}

known_is_newer()
{
	there known || { echo lost; return; }
	case $(changes known) in 1) echo old ;; 2) echo new ;; *) echo neither ;; esac
}

test_power_cut_in_a_rotation()
{
	vault_of alice || return
	ID=$(ockamctl identity show alice)
	OLD_KEY=$(sed -n 2p "$OCKAM_HOME/$ALICE")
	survives alice_has_rotated identity rotate alice
	survives alice_has_rotated identity rotate alice --key-type p256
	export POWERCUT_NO_SWAP=1
	survives alice_has_rotated identity rotate alice
	unset POWERCUT_NO_SWAP
}

test_power_cut_in_the_rest()
{
	local newer

	vault_of alice || return
	survives bob_is_there identity create bob
	quietly ockamctl identity export alice --private "$SCRATCH/alice.pem"
	survives alice_is_gone identity delete alice
	quietly ockamctl identity create bob
	survives default_is_bob identity default bob
	quietly ockamctl identity import known "$(ockamctl identity export bob)"
	quietly ockamctl identity rotate bob
	newer=$(ockamctl identity export bob)
	survives known_is_newer identity import known "$newer"
	quietly ockamctl identity delete --all
	mv "$SCRATCH/alice.pem" "$SCRATCH/bob.pem"
	survives bob_is_there identity import bob --private "$SCRATCH/bob.pem"
}

# Another name of the file shows what its blocks hold.
test_old_keys_are_overwritten()
{
	vault_of alice || return
	ln "$OCKAM_HOME/$ALICE" "$SCRATCH/rotated"
	quietly ockamctl identity rotate alice
	check_eq "$(tr -d '\0' < "$SCRATCH/rotated" | wc -c)" 0 "what is left of the old key"
	ln "$OCKAM_HOME/$ALICE" "$SCRATCH/deleted"
	quietly ockamctl identity delete alice
	check_eq "$(tr -d '\0' < "$SCRATCH/deleted" | wc -c)" 0 "what is left of a deleted key"
	[ -s "$SCRATCH/deleted" ] || fail "the file is empty: nothing was seen"
}

# insist COMMAND...: again for as long as others hold the lock for too long
insist()
{
	local rc=75

	while [ $rc = 75 ]; do
		"$@" > /dev/null
		rc=$?
	done
	return $rc
}

test_many_tools_at_once()
{
	local number=12 i pids=() pid

	vault_of alice || return
	for ((i = 0; i < number; i++)); do
		insist ockamctl identity rotate alice 2>> "$SCRATCH/errors" & pids+=($!)
		insist ockamctl identity create "b$i" 2>> "$SCRATCH/errors" & pids+=($!)
		ockamctl identity create same > /dev/null 2> /dev/null &
		insist ockamctl identity renew alice 2>> "$SCRATCH/errors" & pids+=($!)
		insist ockamctl vault create "v$i" 2>> "$SCRATCH/errors" & pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "exit $?: $(cat "$SCRATCH/errors")"
	done
	wait
	check_eq "$(changes alice)" $((number + 1)) "changes"
	check_eq "$(ockamctl identity list | jq length)" $((number + 2)) "identities"
	check_eq "$(ockamctl vault list | jq length)" $((number + 1)) "vaults"
	for ((i = 0; i < number; i++)); do
		check_ok "b$i" whole "b$i"
	done
	check_ok "alice" whole alice
	check_ok "same" whole same
	ockamctl identity export alice | python3 "$HERE/history.py" > /dev/null || fail "the reference refuses the history"
}

test_waiting_for_the_lock_ends()
{
	vault_of alice || return
	flock "$OCKAM_HOME/lock" sleep 60 &
	defer kill $!
	busywait 10 sh -c "! flock -n '$OCKAM_HOME/lock' true"
	says 75 "another ockamctl" timeout 60 ockamctl identity create bob
	check_eq "$(ockamctl identity show alice | cut -c 1)" I "reading meanwhile"
}

# A file that is cut or changed anywhere: one clear line, and nothing is lost.
test_damaged_files()
{
	local type file

	for type in ed25519 p256; do
		vault_of || return
		quietly ockamctl identity create alice --key-type $type
		file=$OCKAM_HOME/$ALICE
		cp -p "$file" "$SCRATCH/good"
		check_ok "$type" python3 "$HERE/damage.py" "$file"
		cat "$SCRATCH/good" > "$file"
		check_ok "$type as it was" whole alice
		# Listing names the damaged one and goes on.
		quietly ockamctl identity create bob
		truncate -s 100 "$file"
		check_rc 65 "list" ockamctl identity list
		check_eq "$(count '.[].name')" '"bob"' "the others"
		check_contains "$ERR" "$file is damaged" "list"
	done
}

# What cannot be read can be given up.
test_damaged_files_go()
{
	vault_of alice bob carol || return
	truncate -s 100 "$OCKAM_HOME/$ALICE"
	says 65 "ockamctl identity delete alice" ockamctl identity show alice
	check_rc 0 "one" ockamctl identity delete alice
	check_eq "$OUT" alice "what was deleted"
	check_eq "$ERR" "identity 'alice' is damaged: nodes are not looked at" "what is said"
	truncate -s 100 "$OCKAM_HOME/vaults/default/carol.pem"
	check_rc 0 "all" ockamctl identity delete --all
	check_eq "$OUT" $'bob\ncarol' "what was deleted"
	check_eq "$(ockamctl identity list)" "[]" "identities"
}

# A list goes on, and its exit code tells of what is missing in it.
test_credentials()
{
	local good

	vault_of authority || return
	good=$(ockamctl credential issue --for "$(ockamctl identity show)" --as authority) || return
	check_eq "$(ockamctl credential store member "$good" --issuer authority)" member "store"
	echo 00 > "$OCKAM_HOME/credentials/bad.credential"
	check_rc 65 "list" ockamctl credential list
	check_eq "$(count '.[].name')" '"member"' "the good one"
	check_eq "$ERR" "error: credential 'bad' is none: ockamctl credential delete bad" "the other one"
	quietly ockamctl credential delete bad
	says 67 "ockamctl credential list" ockamctl credential delete bad
	# A name stays one when its file is damaged, whatever is in this folder.
	truncate -s 100 "$OCKAM_HOME/vaults/default/authority.pem"
	says 65 "is damaged" ockamctl credential verify "$good" --issuer authority
	says 2 "1 to 4" ockamctl secure-channel-listener create l --at n1 --authority a --authority a --authority a \
		--authority a --authority a
}

# Each part belongs to the others: no part of another identity is taken.
test_mixed_files()
{
	local file

	vault_of alice bob || return
	file=$OCKAM_HOME/$ALICE
	cp -p "$file" "$SCRATCH/good"
	{ sed -n 1,3p "$OCKAM_HOME/vaults/default/bob.pem"; sed 1,3d "$SCRATCH/good"; } > "$file"
	says 65 "do not belong together" ockamctl identity renew alice
	says 65 "do not belong together" ockamctl identity rotate alice
	{ cat "$SCRATCH/good"; sed -n 1,3p "$SCRATCH/good"; } > "$file"
	says 65 "is damaged" ockamctl identity renew alice
	{ cat "$SCRATCH/good"; sed 's/CHANGE HISTORY/SOMETHING/' "$SCRATCH/good"; } > "$file"
	says 65 "is damaged" ockamctl identity renew alice
	openssl genpkey -algorithm RSA -out "$SCRATCH/rsa" 2> /dev/null
	{ cat "$SCRATCH/rsa"; sed 1,3d "$SCRATCH/good"; } > "$file"
	says 65 "neither" ockamctl identity renew alice
	cat "$SCRATCH/good" > "$file"
	check_ok "as it was" whole alice
}

test_full_disk()
{
	vault_of || return
	mount -t tmpfs -o size=64k none "$OCKAM_HOME" 2> /dev/null ||
		{ skip "not allowed to mount"; return; }
	defer umount "$OCKAM_HOME"
	quietly ockamctl identity create alice
	cat /dev/zero > "$OCKAM_HOME/fill" 2> /dev/null
	says 74 "No space left" ockamctl identity create bob
	says 74 "No space left" ockamctl identity rotate alice
	check_eq "$(changes alice)" 1 "changes"
	check_eq "$(find "$OCKAM_HOME" -name '*.new')" "" "left behind"
	rm "$OCKAM_HOME/fill"
	check_ok "alice" whole alice
	quietly ockamctl identity rotate alice
	mount -o remount,ro "$OCKAM_HOME"
	says 74 "Read-only" ockamctl identity create bob
	says 74 "Read-only" ockamctl identity rotate alice
	says 74 "Read-only" ockamctl identity delete alice
	check_eq "$(changes alice)" 2 "changes"
	check_eq "$(ockamctl identity list | jq length)" 1 "identities"
}

run_tests "$@"
