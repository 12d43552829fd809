#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A worker named "parrot": answers each message with the same bytes.

Python's own bind(), recvfrom() and sendto() know no address of this family:
those calls go to the C library.
"""

import ctypes
import os
import socket
import struct

AF_OCKAM = 18
OCKAM_KIND_NAME = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def call(function, *args):
    result = function(*args)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def address(name: bytes) -> bytes:
    return struct.pack("=HBBI", AF_OCKAM, OCKAM_KIND_NAME, len(name), 0) + name


with socket.socket(AF_OCKAM, socket.SOCK_DGRAM) as sock:
    own = address(b"parrot")
    call(LIBC.bind, sock.fileno(), own, len(own))
    message = ctypes.create_string_buffer(65536)
    sender = ctypes.create_string_buffer(120)
    while True:
        length = ctypes.c_uint(len(sender))
        size = call(LIBC.recvfrom, sock.fileno(), message, len(message), 0,
                    sender, ctypes.byref(length))
        call(LIBC.sendto, sock.fileno(), message, size, 0, sender, length)
