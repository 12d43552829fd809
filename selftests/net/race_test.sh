#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Objects are made, changed, listed, used and deleted at the same time, and a
# peer means a connection that is not its own. OCKAM_RACE_SECONDS says how long.
. "$(dirname -- "$0")/../lib.sh"
need python3

HERE=$(realpath "$(dirname -- "$0")")

node_k()
{
	setup_module || return
	ockamctl node create k --tcp-listener-address 127.0.0.1:4000 > /dev/null 2>&1
}

# shown COMMAND...: its output as diagnostics, its exit code as ours
shown()
{
	local rc

	"$@" > "$OCKAM_HOME/out" 2>&1
	rc=$?
	sed 's/^/# /' "$OCKAM_HOME/out"
	return $rc
}

test_same_objects_at_once()
{
	node_k || return
	ockamctl service expose 127.0.0.1:4000 echo --at k > /dev/null
	shown python3 "$HERE/race.py" "${OCKAM_RACE_SECONDS:-10}" 4000 || fail "a job stopped"
	check_eq "$(ockamctl message send after --from k --to /ip4/127.0.0.1/tcp/4000/service/uppercase)" \
		AFTER "afterwards"
}

test_peer_means_another_connection()
{
	node_k || return
	PYTHONPATH=$SELFTESTS/ref shown python3 "$HERE/forged.py" 4000
}

# Who has no right gets EPERM for each request, whatever is in it.
test_requests_without_the_right()
{
	local user

	node_k || return
	for user in "setpriv --reuid 65534 --regid 65534 --clear-groups" \
		    "setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Ur" \
		    "setpriv --bounding-set -net_admin --inh-caps -net_admin"; do
		# shellcheck disable=SC2086 # words
		shown $user python3 "$HERE/netlink_rights.py" k || fail "as $user"
	done
	python3 "$HERE/netlink_rights.py" k > /dev/null && fail "refused to root, too"
	check_contains "$(ockamctl node list)" k "the node"
}

run_tests "$@"
