#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Keep a node busy, whatever becomes of it: flood.py plain|channel HOST PORT FILE.

Asks uppercase over TCP, or through a channel, again and again, from a new connection when
the old one ends; FILE always holds the number of answers.
"""

import os
import socket
import sys

from live import ed25519, new_party
from ockam_ref.messages import local
from ockam_ref.node import ChannelEnd, Node, bare_string
from ockam_ref.transport import Envelope

KIND, HOST, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
counter = os.open(sys.argv[4], os.O_WRONLY | os.O_CREAT, 0o644)
answered = 0


def count(more: int) -> None:
    global answered
    answered += more
    os.pwrite(counter, b"%12d\n" % answered, 0)


def plain() -> None:
    burst = Envelope(local("uppercase"), local("x"), bare_string(b"a" * 100)).frame() * 20
    with socket.create_connection((HOST, PORT)) as sock:
        sock.sendall(b"\1")
        while True:
            sock.sendall(burst)
            got = sock.recv(1 << 16)
            if not got:
                return
            count(got.count(b"A" * 100))


def channel() -> None:
    node = Node()
    tcp = node.connect(HOST, PORT)
    end = ChannelEnd.open(node, new_party(ed25519()), local(tcp, "api"))
    node.start(lambda answer: count(1), "me")
    node.run(lambda: end.ready or tcp not in node.connections, 5)
    while end.ready and tcp in node.connections:
        seen = answered
        for _ in range(10):
            node.send(end.route_to("uppercase"), local("me"), bare_string(b"secret"))
        if not node.run(lambda seen=seen: answered >= seen + 10 or tcp not in node.connections, 3):
            break  # the other end is gone without a word
    for connection in node.connections.values():
        connection.close()


socket.setdefaulttimeout(3)
count(0)
while True:
    try:
        {"plain": plain, "channel": channel}[KIND]()
    except OSError:
        pass
