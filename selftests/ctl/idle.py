#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A worker that never reads: idle.py NODE NAME binds the name and sleeps."""

import ctypes
import signal
import socket
import struct
import sys

FAMILY, SOL_OCKAM, OCKAM_NODE, KIND_NAME = 18, 0x4f43, 1, 1

name = sys.argv[2].encode()
with socket.socket(FAMILY, socket.SOCK_DGRAM) as sock:
    sock.setsockopt(SOL_OCKAM, OCKAM_NODE, sys.argv[1].encode())
    address = struct.pack("=HBBI", FAMILY, KIND_NAME, len(name), 0) + name
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.bind(sock.fileno(), address, len(address)):
        sys.exit(f"bind: errno {ctypes.get_errno()}")
    signal.pause()
