#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""One call on a fresh socket, as whoever runs it: act.py NODE CALL NAME.

CALL is bind, connect, send, or channel (connect of SOCK_SEQPACKET). With THEN in
the environment that user takes over after socket(). Prints ok or the error.
"""

import errno
import os
import socket
import sys

import af_ockam


def act(sock: socket.socket, call: str, name: str) -> None:
    if call == "bind":
        af_ockam.call("bind", sock, af_ockam.address(af_ockam.KIND_NAME, name.encode()))
        return
    sock.setsockopt(af_ockam.SOL_OCKAM, af_ockam.OCKAM_ROUTE, af_ockam.route(name))
    if call == "send":
        sock.send(b"\1x")
    else:
        af_ockam.call("connect", sock, af_ockam.address(af_ockam.KIND_USE_ROUTE))


def main(node: str, call: str, name: str) -> str:
    kind = socket.SOCK_SEQPACKET if call == "channel" else socket.SOCK_DGRAM
    with af_ockam.opened(kind, node) as sock:
        if "THEN" in os.environ:
            user = int(os.environ["THEN"])
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        try:
            act(sock, call, name)
        except OSError as error:
            return errno.errorcode[error.errno]
    return "ok"


print(main(*sys.argv[1:]))
