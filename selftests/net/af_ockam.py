# SPDX-License-Identifier: GPL-2.0 OR MIT
"""AF_OCKAM for Python, which knows no address of this family: those calls go by ctypes."""

import ctypes
import os
import socket
import struct

FAMILY, SOL_OCKAM, OCKAM_NODE, OCKAM_ROUTE = 18, 0x4f43, 1, 2
OCKAM_PEER_CREDENTIAL = 10
KIND_NAME, KIND_ROUTE, KIND_USE_ROUTE, KIND_CHANNEL = 1, 2, 3, 5

libc = ctypes.CDLL(None, use_errno=True)


def address(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("=HBBI", FAMILY, kind, len(data), 0) + data.ljust(112, b"\0")


def call(name: str, sock: socket.socket, to: bytes) -> None:
    if getattr(libc, name)(sock.fileno(), to, len(to)):
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))


def route(*hops: str) -> bytes:
    """A binary route; a hop "1#ADDRESS" is of transport type 1, every other one local."""
    out = b""
    for hop in hops:
        value = hop.removeprefix("1#").encode()
        out += bytes([hop.startswith("1#"), len(value)]) + value
    return out


def opened(kind: int, node: str = "") -> socket.socket:
    sock = socket.socket(FAMILY, kind)
    if node:
        sock.setsockopt(SOL_OCKAM, OCKAM_NODE, node.encode())
    return sock


def worker(name: str, node: str = "") -> socket.socket:
    sock = opened(socket.SOCK_DGRAM, node)
    call("bind", sock, address(KIND_NAME, os.fsencode(name)))
    return sock


def connected(hops: bytes, node: str = "", kind: int = socket.SOCK_DGRAM) -> socket.socket:
    sock = opened(kind, node)
    sock.setsockopt(SOL_OCKAM, OCKAM_ROUTE, hops)
    call("connect", sock, address(KIND_USE_ROUTE))
    return sock


def server(name: str, node: str = "") -> socket.socket:
    """A listening socket for channels; accepted() takes them."""
    sock = opened(socket.SOCK_SEQPACKET, node)
    call("bind", sock, address(KIND_NAME, name.encode()))
    sock.listen(16)
    return sock


def accepted(sock: socket.socket) -> socket.socket:
    fd = libc.accept(sock.fileno(), None, None)
    if fd < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return socket.socket(FAMILY, socket.SOCK_SEQPACKET, 0, fd)
