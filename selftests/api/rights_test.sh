#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Who may do what, as each kind of user: administrator, member, anybody, and in
# user namespaces of their own.
. "$(dirname -- "$0")/../lib.sh"
need python3 setpriv unshare

ACT=$(realpath "$(dirname -- "$0")/act.py")
# 4711 and 4720 are the ends of the node's group
ADMIN=(env)
ANYBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/tmp)
BY_GROUP=(setpriv --reuid 65534 --regid 4711 --clear-groups env HOME=/tmp)
BY_SECOND_GROUP=(setpriv --reuid 65534 --regid 65534 --groups "100,4720" env HOME=/tmp)
BESIDE=(setpriv --reuid 65534 --regid 4710 --groups 4721 env HOME=/tmp)
POWERLESS=(setpriv --bounding-set -net_admin --inh-caps -net_admin env HOME=/root)

scene()
{
	setup_module || return
	ockamctl node create open --allow-group 4711-4720 > /dev/null 2>&1 &&
	ockamctl node create shut > /dev/null 2>&1
}

# gets WANTED NODE CALL NAME USER...: what the call gives that user
gets()
{
	local wanted=$1 node=$2 call=$3 name=$4

	shift 4
	check_eq "$("$@" python3 "$ACT" "$node" "$call" "$name" 2>&1)" "$wanted" \
		"$call $name in $node as $*"
}

may_do_all()
{
	gets ok open bind mine "$@"
	gets ok open send echo "$@"
	gets ok open connect echo "$@"
	gets ok open channel api "$@"
}

may_do_nothing()
{
	local call

	for call in bind connect send channel; do
		gets EACCES open $call echo "$@"
		gets EACCES shut $call echo "$@"
	done
}

test_administrator()
{
	scene || return
	may_do_all "${ADMIN[@]}"
	gets ok shut bind credential_issuer "${ADMIN[@]}"
	gets EACCES shut bind forward_to_me "${ADMIN[@]}"
	gets EACCES shut bind _me "${ADMIN[@]}"
}

test_member()
{
	local name

	scene || return
	may_do_all "${BY_GROUP[@]}"
	may_do_all "${BY_SECOND_GROUP[@]}"
	gets EACCES shut send echo "${BY_GROUP[@]}"
	gets EACCES shut bind mine "${BY_SECOND_GROUP[@]}"
	for name in api echo uppercase hop udp outlet forwarding_service \
		    static_forwarding_service key_exchanger credential_issuer \
		    direct_authenticator enrollment_token_issuer \
		    enrollment_token_acceptor forward_to_me _me; do
		gets EACCES open bind $name "${BY_GROUP[@]}"
	done
}

test_anybody()
{
	scene || return
	may_do_nothing "${ANYBODY[@]}"
	may_do_nothing "${BESIDE[@]}"
}

test_root_without_the_capability()
{
	scene || return
	may_do_nothing "${POWERLESS[@]}"
}

# Rights are those of who opened the socket, as for any descriptor
test_socket_of_the_administrator_keeps_its_right()
{
	scene || return
	gets ok shut bind mine env THEN=65534
	gets ok shut send echo env THEN=65534
}

# The creator of a network namespace is its administrator, and of no other
test_user_namespace_that_owns_its_network()
{
	scene || return
	check_eq "$("${ANYBODY[@]}" OCKAM_HOME="$(mktemp -u)" unshare -Urn sh -c "
		ip link set lo up
		ockamctl node create n1 > /dev/null 2>&1 || exit
		python3 $ACT n1 bind mine
		python3 $ACT n1 bind credential_issuer
		python3 $ACT n1 send echo
		python3 $ACT open send echo
		ockamctl node list | grep -c open" 2>&1 | xargs)" "ok ok ok ENETUNREACH 0" "in its own namespace"
	check_contains "$(ockamctl node list)" open "ours are still there"
}

test_user_namespace_that_owns_nothing()
{
	scene || return
	may_do_nothing "${ANYBODY[@]}" unshare -Ur
	check_rc 77 "netlink" "${ANYBODY[@]}" OCKAM_HOME="$(mktemp -u)" unshare -Ur ockamctl node delete open
	check_rc 77 "netlink dump" "${ANYBODY[@]}" OCKAM_HOME="$(mktemp -u)" unshare -Ur ockamctl node list
	# A member stays one: what counts is the group that we know him by.
	gets ok open send echo "${BY_GROUP[@]}" unshare -Ur
	gets EACCES open bind api "${BY_GROUP[@]}" unshare -Ur
	check_contains "$(ockamctl node list)" open "ours are still there"
}

run_tests "$@"
