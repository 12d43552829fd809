#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Plain messages between the kernel and a live upstream node.
. "$(dirname -- "$0")/interop.sh"

LARGEST=$((16 * 1024 * 1024 - 4096))	# leaves room for routes in the frame

test_kernel_socket_to_upstream_worker()
{
	kernel_node && upstream_node || return
	echoed "$MESSAGES" worker send k 127.0.0.1:5000/echo "$MESSAGES"
}

test_upstream_client_to_kernel_worker()
{
	kernel_node || return
	check_eq "$(ockam-peer uppercase 127.0.0.1:4000 uppercase hello)" "answer HELLO" "a service"
	echoed $FEW ockam-peer send 127.0.0.1:4000 echo $FEW &&
	echoed "$MESSAGES" ockam-peer send 127.0.0.1:4000 mirror "$MESSAGES"
}

test_largest_message()
{
	local channel

	kernel_node && upstream_node || return
	echoed 1 worker -s $LARGEST send k 127.0.0.1:5000/echo 1
	echoed 1 ockam-peer send 127.0.0.1:4000 mirror 1 --size $LARGEST
	channel=$(channel_to_upstream)
	echoed 1 worker -s $LARGEST send k "$channel/echo" 1
}

run_tests "$@"
