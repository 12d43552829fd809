#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""One call on a fresh socket, as whoever runs it: act.py NODE CALL NAME.

CALL is bind, connect, send, or channel (connect of SOCK_SEQPACKET). With UID in
the environment that user takes over after socket(). Prints ok or the error.
"""

import ctypes
import errno
import os
import socket
import struct
import sys

FAMILY, SOL_OCKAM, OCKAM_NODE, KIND_NAME = 18, 0x4f43, 1, 1
LIBC = ctypes.CDLL(None, use_errno=True)

node, call, name = sys.argv[1], sys.argv[2], sys.argv[3].encode()
kind = socket.SOCK_SEQPACKET if call == "channel" else socket.SOCK_DGRAM
address = struct.pack("=HBBI", FAMILY, KIND_NAME, len(name), 0) + name
with socket.socket(FAMILY, kind) as sock:
    if "UID" in os.environ:
        os.setgroups([])
        os.setgid(int(os.environ["UID"]))
        os.setuid(int(os.environ["UID"]))
    sock.setsockopt(SOL_OCKAM, OCKAM_NODE, node.encode())
    if call == "bind":
        result = LIBC.bind(sock.fileno(), address, len(address))
    elif call == "send":
        result = LIBC.sendto(sock.fileno(), b"\1x", 2, 0, address, len(address))
    else:
        result = LIBC.connect(sock.fileno(), address, len(address))
    print("ok" if result >= 0 else errno.errorcode[ctypes.get_errno()])
