# SPDX-License-Identifier: GPL-2.0 OR MIT
# Shared by the scripts of the VM runner: places, messages, packages.
# shellcheck shell=bash

VM_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd -- "$VM_DIR/../.." && pwd)
CACHE=${OCKAM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ockam}
JOBS=${OCKAM_JOBS:-$(n=$(nproc); echo $((n > 8 ? 8 : n)))}
# What is built of this checkout has a place of its own.
TREE_ID=$(printf '%s' "$TOP" | sha256sum | cut -c1-8)
export VM_DIR TOP CACHE JOBS TREE_ID

# say TEXT...: progress, on stderr, so that stdout stays TAP.
say()
{
	printf '# %s\n' "$*" >&2
}

die()
{
	printf '# error: %s\n' "$*" >&2
	exit 1
}

# locked NAME COMMAND...: run it with the cache's lock NAME held.
locked()
{
	local name=$1 fd

	shift
	mkdir -p "$CACHE/locks"
	exec {fd}> "$CACHE/locks/$name"
	if ! flock -n "$fd"; then
		say "waiting for another run that prepares $name"
		flock "$fd"
	fi
	"$@" {fd}>&-
	local rc=$?
	exec {fd}>&-
	return $rc
}

# quietly LOG COMMAND...: keep the output in LOG, show its end on failure.
quietly()
{
	local log=$1

	shift
	mkdir -p "$(dirname -- "$log")"
	if "$@" > "$log" 2>&1 < /dev/null; then
		return 0
	fi
	tail -n 25 "$log" | sed 's/^/#   /' >&2
	say "failed: $* (all output: $log)"
	return 1
}

# ticking TEXT COMMAND...: a line each half minute while COMMAND runs.
ticking()
{
	local text=$1 start=$SECONDS ticker rc

	shift
	say "$text"
	(
		while sleep "${TICK_SECONDS:-30}"; do
			say "$text: $((SECONDS - start)) s so far${TICK_HINT:+, $(eval "$TICK_HINT")}"
		done
	) &
	ticker=$!
	"$@"
	rc=$?
	kill "$ticker" 2> /dev/null
	wait "$ticker" 2> /dev/null
	say "$text: $((SECONDS - start)) s"
	return $rc
}

# have_packages NAME...: print those that are not installed.
missing_packages()
{
	local name

	for name; do
		case $(dpkg-query -W -f '${Status}' "$name" 2> /dev/null) in
		*' installed') ;;
		*) printf '%s\n' "$name" ;;
		esac
	done
}

# as_root COMMAND...: run it as root, directly or through sudo.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

apt_try()
{
	local try

	for try in 1 2 3 4; do
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
			-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 \
			"$@" && return 0
		say "apt-get ${1} failed (attempt $try of 4)"
		sleep $((try * 5))
	done
	return 1
}

# need_packages NAME...: install what is missing, or say how.
need_packages()
{
	local missing

	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ] && ! sudo -n true 2> /dev/null; then
		say "packages are missing and I am not root. Run this line:"
		printf 'sudo apt-get update && sudo apt-get install -y --no-install-recommends %s\n' \
			"${missing[*]}" >&2
		exit 1
	fi
	say "installing ${#missing[@]} Debian packages: ${missing[*]}"
	quietly "$CACHE/logs/apt-update.log" apt_try update ||
		say "apt-get update failed; trying with the lists that are there"
	quietly "$CACHE/logs/apt-install.log" \
		apt_try install --no-install-recommends "${missing[@]}" ||
		die "cannot install ${missing[*]}"
}

# module_sources AREA: a copy of the module's sources, to be changed there; what
# did not change keeps its time
module_sources()
{
	mkdir -p "$1"
	rsync -rc --delete --include='*/' --include='*.c' --include='*.h' \
		--include=Kbuild --exclude='*' \
		"$TOP/Kbuild" "$TOP/kmod" "$TOP/uapi" "$1/"
}
