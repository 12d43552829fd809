# SPDX-License-Identifier: GPL-2.0 OR MIT
# Helpers for shell self tests: KTAP, cleanup, namespaces, waiting.
# shellcheck shell=bash
#
# A test file defines functions test_*, sources this file and ends with
# `run_tests`. Each function is one case: it fails when a check in it fails or
# when it returns non-zero; `skip REASON` ends it as skipped. What it registers
# with `defer` is undone afterwards, last first.

KSFT_PASS=0
KSFT_FAIL=1
KSFT_SKIP=4

SELFTESTS=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
TOOLS_TIMEOUT=${TOOLS_TIMEOUT:-30}

declare -a _deferred=()
_failures=0
_skip=

# defer COMMAND...: run it when the case ends.
defer()
{
	local words

	printf -v words '%q ' "$@"
	_deferred+=("$words")
}

_run_deferred()
{
	local i

	for ((i = ${#_deferred[@]} - 1; i >= 0; i--)); do
		eval "${_deferred[i]}" > /dev/null 2>&1
	done
	_deferred=()
}

note()
{
	printf '# %s\n' "$*"
}

fail()
{
	_failures=$((_failures + 1))
	printf '#   FAIL: %s\n' "$*"
	return 1
}

# skip REASON: call as `skip why; return`
skip()
{
	_skip=${*:-no reason given}
}

# check_eq GOT WANTED WHAT
check_eq()
{
	[ "$1" = "$2" ] || fail "${3:-value}: got '$1', wanted '$2'"
}

# check_match GOT REGEX WHAT
check_match()
{
	[[ $1 =~ $2 ]] || fail "${3:-value}: got '$1', wanted a match of '$2'"
}

# check_contains GOT TEXT WHAT
check_contains()
{
	case $1 in
	*"$2"*) ;;
	*) fail "${3:-value}: '$2' is not in '$1'" ;;
	esac
}

# dropped NODE REASON: how often the node has counted it; needs jq
dropped()
{
	ockamctl stats "$1" -j | jq --arg why "$2" '.[0].drops[$why] // 0'
}

# check_ok WHAT COMMAND...: it must succeed; its output is shown if not
check_ok()
{
	local what=$1 out rc

	shift
	out=$("$@" 2>&1)
	rc=$?
	[ $rc = 0 ] || fail "$what: exit $rc: $out"
}

# check_rc WANTED WHAT COMMAND...: the exit code must be WANTED; OUT and ERR
# keep what it printed
check_rc()
{
	local wanted=$1 what=$2 rc errfile

	shift 2
	errfile=$(mktemp)
	OUT=$("$@" 2> "$errfile")
	rc=$?
	# shellcheck disable=SC2034 # for the caller
	ERR=$(cat "$errfile")
	rm -f "$errfile"
	[ $rc = "$wanted" ] ||
		fail "$what: exit $rc, wanted $wanted: $OUT $ERR"
}

# busywait SECONDS COMMAND...: until it succeeds
busywait()
{
	local end=$((SECONDS + $1))

	shift
	until "$@" > /dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# setup_ns VAR...: a namespace each with a random name, lo up, removed at the
# end of the case; the name is put into the variable
setup_ns()
{
	local var name

	for var; do
		name=$var-$(mktemp -u XXXXXX)
		ip netns add "$name" || return $KSFT_FAIL
		defer ip netns del "$name"
		ip -n "$name" link set lo up
		printf -v "$var" '%s' "$name"
	done
}

# setup_veth NS1 ADDR1 NS2 ADDR2: a cable between two namespaces
_veth_count=0
setup_veth()
{
	local a=v${_veth_count}a b=v${_veth_count}b

	_veth_count=$((_veth_count + 1))
	ip link add "$a" netns "$1" type veth peer name "$b" netns "$3" &&
	ip -n "$1" addr add "$2" dev "$a" &&
	ip -n "$3" addr add "$4" dev "$b" &&
	ip -n "$1" link set "$a" up &&
	ip -n "$3" link set "$b" up
}

# setup_home: an empty OCKAM_HOME for the case
setup_home()
{
	OCKAM_HOME=$(mktemp -d)
	export OCKAM_HOME
	defer rm -rf "$OCKAM_HOME"
}

module_file()
{
	local file

	for file in "${OCKAM_KO:-}" "$SELFTESTS/../ockam.ko" ./ockam.ko; do
		if [ -n "$file" ] && [ -e "$file" ]; then
			realpath "$file"
			return
		fi
	done
	return 1
}

# load_module [PARAMETERS]: what it depends on, then the module itself
load_module()
{
	local file dep

	[ ! -d /sys/module/ockam ] || return 0
	file=$(module_file) || { note "no ockam.ko"; return 1; }
	for dep in $(modinfo -F depends "$file" | tr , ' ') \
		   $(modinfo -F softdep "$file" | sed 's/pre: //'); do
		modprobe -q "$dep"
	done
	insmod "$file" "$@"
}

unload_module()
{
	[ -d /sys/module/ockam ] || return 0
	rmmod ockam
}

# on_debug FEWER ELSE: FEWER on the debug kernel, which is many times slower
on_debug()
{
	if [ "${VM_KERNEL:-}" = debug ]; then
		echo "$1"
	else
		echo "$2"
	fi
}

# setup_module: the module and an empty home; all nodes go with the case, the
# module with the file. A case that changes more than nodes unloads it itself.
setup_module()
{
	load_module || return
	setup_home
	defer ockamctl node delete --all --yes
}

# need COMMAND...: skip the whole file where one is missing
need()
{
	local cmd

	for cmd; do
		if ! command -v "$cmd" > /dev/null; then
			echo "TAP version 13"
			echo "1..0 # SKIP no $cmd"
			exit $KSFT_SKIP
		fi
	done
}

_run_one()
{
	local number=$1 name=$2 rc

	_failures=0
	_skip=
	"$name"
	rc=$?
	_run_deferred
	if [ $_failures -gt 0 ] || { [ $rc != 0 ] && [ -z "$_skip" ]; }; then
		[ $_failures -gt 0 ] || note "  $name returned $rc"
		echo "not ok $number ${name#test_}"
		return 1
	fi
	echo "ok $number ${name#test_}${_skip:+ # SKIP $_skip}"
}

# run_tests [NAME...]: all functions test_* in the order of the file
run_tests()
{
	local names number=0 bad=0 skipped=0 name

	if [ $# -gt 0 ]; then
		names=("$@")
	else
		mapfile -t names < <(grep -o '^test_[A-Za-z0-9_]*' "$0")
	fi
	trap '_run_deferred; unload_module' EXIT
	echo "TAP version 13"
	if [ ${#names[@]} = 0 ]; then
		echo "Bail out! no test in $0"
		exit $KSFT_FAIL
	fi
	echo "1..${#names[@]}"
	for name in "${names[@]}"; do
		number=$((number + 1))
		_run_one $number "$name" || bad=$((bad + 1))
		[ -z "$_skip" ] || skipped=$((skipped + 1))
	done
	if ! busywait 60 unload_module; then
		note "the module does not leave"
		bad=$((bad + 1))
	fi
	echo "# Totals: pass:$((number - bad - skipped)) fail:$bad skip:$skipped"
	[ $bad = 0 ] || exit $KSFT_FAIL
	exit $KSFT_PASS
}
