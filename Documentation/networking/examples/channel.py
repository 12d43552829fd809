#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Both ends of a secure channel: channel.py serve NAME | ask ROUTE TEXT.

Python's own bind(), connect() and accept() know no address of this family: those
calls go to the C library.
"""

import contextlib
import ctypes
import os
import socket
import struct
import sys

AF_OCKAM, SOL_OCKAM = 18, 0x4F43
OCKAM_ROUTE, OCKAM_PEER_IDENTIFIER = 2, 4
OCKAM_KIND_NAME, OCKAM_KIND_USE_ROUTE = 1, 3
LIBC = ctypes.CDLL(None, use_errno=True)


def call(function, *args):
    result = function(*args)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def address(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("=HBBI", AF_OCKAM, kind, len(data), 0) + data


def route(text: str) -> bytes:
    """In binary form: "/service/NAME"..., perhaps behind "/ip4/A/tcp/PORT"."""
    parts = text.strip("/").split("/")
    hops = []
    if parts[0] == "ip4":
        hops.append((1, f"{parts[1]}:{parts[3]}"))
        parts = parts[4:]
    hops += [(0, name) for name in parts[1::2]]
    return b"".join(bytes([kind, len(name)]) + name.encode() for kind, name in hops)


def peer(sock: socket.socket) -> str:
    return "I" + sock.getsockopt(SOL_OCKAM, OCKAM_PEER_IDENTIFIER, 32).hex()


def serve(name: str) -> None:
    with socket.socket(AF_OCKAM, socket.SOCK_SEQPACKET) as server:
        own = address(OCKAM_KIND_NAME, name.encode())
        call(LIBC.bind, server.fileno(), own, len(own))
        server.listen(16)
        while True:
            fd = call(LIBC.accept, server.fileno(), None, None)
            # One that is cut off does not end the server.
            with contextlib.suppress(ConnectionError), \
                    socket.socket(AF_OCKAM, socket.SOCK_SEQPACKET, 0, fd) as sock:
                print("channel from", peer(sock), flush=True)
                while message := sock.recv(65536):
                    sock.send(message)


def ask(text: str, question: str) -> None:
    with socket.socket(AF_OCKAM, socket.SOCK_SEQPACKET) as sock:
        sock.setsockopt(SOL_OCKAM, OCKAM_ROUTE, route(text))
        to = address(OCKAM_KIND_USE_ROUTE)
        call(LIBC.connect, sock.fileno(), to, len(to))
        print("channel to", peer(sock))
        sock.send(question.encode())
        print(sock.recv(65536).decode())


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
