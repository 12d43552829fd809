#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Workers that never read: idle.py NODE NAME binds the name and sleeps.

    idle.py NODE NAME COUNT   binds NAME0, NAME1, ...
    idle.py NODE NAME churn   binds and closes the name, on and on
"""

import ctypes
import os
import signal
import socket
import struct
import sys

FAMILY, SOL_OCKAM, OCKAM_NODE, KIND_NAME = 18, 0x4f43, 1, 1
LIBC = ctypes.CDLL(None, use_errno=True)


def worker(node: str, name: str) -> socket.socket:
    raw = os.fsencode(name)
    sock = socket.socket(FAMILY, socket.SOCK_DGRAM)
    sock.setsockopt(SOL_OCKAM, OCKAM_NODE, node.encode())
    address = struct.pack("=HBBI", FAMILY, KIND_NAME, len(raw), 0) + raw
    if LIBC.bind(sock.fileno(), address, len(address)):
        sys.exit(f"bind: errno {ctypes.get_errno()}")
    return sock


node, name, *how = sys.argv[1:]
if how == ["churn"]:
    while True:
        worker(node, name).close()
names = [f"{name}{i}" for i in range(int(how[0]))] if how else [name]
held = [worker(node, one) for one in names]
signal.pause()
