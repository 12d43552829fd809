#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Send "x" from a node along a route, as whoever runs it: user_send.py NODE HOP...

Python knows no address of this family: the route and the node are options, and
connect() goes by ctypes. Exit code 0 when an answer came.
"""

import ctypes
import socket
import struct
import sys

FAMILY, SOL_OCKAM, OCKAM_NODE, OCKAM_ROUTE, USE_ROUTE = 18, 0x4f43, 1, 2, 3

route = b"".join(bytes([0, len(hop)]) + hop.encode() for hop in sys.argv[2:])
with socket.socket(FAMILY, socket.SOCK_DGRAM) as sock:
    sock.setsockopt(SOL_OCKAM, OCKAM_NODE, sys.argv[1].encode())
    sock.setsockopt(SOL_OCKAM, OCKAM_ROUTE, route)
    address = struct.pack("=HBBI", FAMILY, USE_ROUTE, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(sock.fileno(), address, len(address)):
        sys.exit(f"connect: errno {ctypes.get_errno()}")
    sock.settimeout(2)
    sock.send(b"\x01x")
    print(sock.recv(64))
