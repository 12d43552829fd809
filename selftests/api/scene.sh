#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# What the socket tests stand on: "scene.sh up" loads the module and makes the
# node w, "scene.sh down" takes the node away again.
. "$(dirname -- "$0")/../lib.sh"

case ${1:-} in
up)
	load_module || exit
	ockamctl node create w --tcp-listener-address 127.0.0.1:4000 2>&1 &&
	ockamctl tcp-listener create 127.0.0.1:4001 --at w --expose srv --expose worker 2>&1 ;;
down)
	ockamctl node delete --all --yes 2>&1 ;;
*)
	echo "usage: scene.sh up|down" >&2
	exit 2 ;;
esac
