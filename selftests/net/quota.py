#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Use up what a peer may use: quota.py PORT frames|handshakes. Exit code 0: it was bounded.

The limits are 32 KiB of incomplete frames (half of the sysctl: the rest is for those with a
channel) and 4 handshakes by one connection.
"""

import socket
import sys
import time

from live import ask, ed25519, new_party, text
from ockam_ref.messages import local
from ockam_ref.node import ChannelEnd, Node, bare_string

PORT = int(sys.argv[1])


def closed(sock: socket.socket, seconds: float) -> bool:
    sock.settimeout(seconds)
    try:
        while sock.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def begun(size: int) -> socket.socket:
    """A connection with the first half of a frame of this size."""
    sock = socket.create_connection(("127.0.0.1", PORT), 30)
    sock.sendall(b"\x01" + size.to_bytes(4, "big"))
    try:
        sock.sendall(bytes(size // 2))
    except ConnectionError:
        pass	# closed already
    return sock


def upper(word: bytes) -> str:
    node = Node()
    tcp = node.connect("127.0.0.1", PORT)
    return text(ask(node, local(tcp, "uppercase"), bare_string(word), 30))


def frames() -> bool:
    """Those that are never completed; afterwards there is room again."""
    assert closed(begun(1 << 20), 20), "a frame above the limit"
    many = [begun(16000) for _ in range(20)]
    time.sleep(1)
    ended = sum(closed(sock, 0.1) for sock in many)
    print(f"{ended} of 20 were closed")
    for sock in many:
        sock.close()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            return upper(b"a" * 20000) == "A" * 20000 and 10 <= ended < 20
        except (AssertionError, OSError, TypeError, AttributeError):
            time.sleep(0.5)
    return False


def handshakes() -> bool:
    """Those of one connection; another one still gets its channel."""
    greedy = Node()
    tcp = greedy.connect("127.0.0.1", PORT)
    ends = [ChannelEnd.open(greedy, new_party(ed25519()), local(tcp, "api")) for _ in range(12)]
    time.sleep(1)
    node = Node()
    tcp = node.connect("127.0.0.1", PORT)
    end = ChannelEnd.open(node, new_party(ed25519()), local(tcp, "api"))
    node.run(lambda: end.ready, 30)
    return len(ends) == 12 and \
        text(ask(node, end.route_to("uppercase"), bare_string(b"b"), 30)) == "B"


sys.exit(not {"frames": frames, "handshakes": handshakes}[sys.argv[2]]())
