#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Ask the hop of a node to go on to a TCP address, where nobody must come: type_one.py PORT."""

import socket
import sys

listening = socket.create_server(("127.0.0.1", 0))
where = f"127.0.0.1:{listening.getsockname()[1]}".encode()
# [ [[0, "hop"], [1, where], [0, "echo"]], [], "x" ] as CBOR
body = (b"\x83\x83" + b"\x82\x00\x43hop" + b"\x82\x01" + bytes([0x40 | len(where)]) + where +
        b"\x82\x00\x44echo" + b"\x80" + b"\x41x")
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as sock:
    sock.sendall(b"\x01" + len(body).to_bytes(4, "big") + body)
    sock.settimeout(0.5)
    try:
        assert sock.recv(4096) in (b"\x01",), "the node answered"
    except TimeoutError:
        pass
listening.settimeout(2)
try:
    listening.accept()
    sys.exit("the node connected")
except TimeoutError:
    pass
