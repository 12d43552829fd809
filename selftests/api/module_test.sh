#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# The module loads, shows itself and leaves again, by insmod and by modprobe.
. "$(dirname -- "$0")/../lib.sh"

test_loads_and_unloads()
{
	unload_module
	check_ok "load" load_module || return
	check_eq "$(cat /sys/module/ockam/initstate)" live "state"
	check_ok "unload" unload_module
	[ ! -d /sys/module/ockam ] || fail "still loaded"
}

test_proc_file_names_the_family()
{
	load_module || return
	defer unload_module
	[ -r /proc/net/ockam ] || fail "no /proc/net/ockam" || return
	check_match "$(cat /proc/net/ockam)" 'family[[:space:]]+18' "family"
	unload_module
	[ ! -e /proc/net/ockam ] || fail "/proc/net/ockam outlives the module"
}

test_family_parameter()
{
	unload_module
	load_module family=22 || return
	defer unload_module
	check_match "$(cat /proc/net/ockam)" 'family[[:space:]]+22' "family"
}

test_bad_family_is_refused()
{
	unload_module
	if load_module family=2 2> /dev/null; then
		unload_module
		fail "took over AF_INET"
	fi
}

test_modprobe_alone_loads_what_it_needs()
{
	depmod || return
	modprobe ockam || fail "modprobe failed" || return
	defer unload_module
	check_eq "$(cat /sys/module/ockam/initstate)" live "state"
}

run_tests "$@"
