#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Bring a node to a step of a handshake: handshake_step.py STEP HOST PORT FILE.

FILE appears when it is there. We are the initiator where message 3 is in the step's name,
else the responder on PORT, and FILE.listens appears when the node may connect.
"""

import os
import socket
import sys
import time

from live import ed25519, new_party
from ockam_ref.messages import local
from ockam_ref.node import Node
from ockam_ref.noise import INITIATOR, RESPONDER
from ockam_ref.primitives import X25519Key
from ockam_ref.secure_channel import SecureChannel
from ockam_ref.transport import Envelope

STEP, HOST, PORT, FILE = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]


def there(name: str) -> None:
    with open(name, "w", encoding="ascii"):
        pass


def main() -> None:
    node = Node()
    got: list[Envelope] = []
    me = node.start(got.append, "api")
    initiator = STEP.endswith("third")
    channel = SecureChannel.new(INITIATOR if initiator else RESPONDER, new_party(ed25519()),
                                X25519Key(os.urandom(32)))
    if initiator:
        node.send(local(node.connect(HOST, PORT), "api"), local(me), channel.start())
    else:
        node.listener = socket.create_server(("", PORT))
        there(FILE + ".listens")
    node.run(lambda: bool(got), 30)
    ours = channel.on_handshake(got[0].payload, int(time.time()))
    assert ours is not None
    if STEP.startswith("early"):	# ciphertexts that wait for message 3
        for size in range(100):
            node.send(got[0].return_, local(me), os.urandom(64 + size))
    if STEP.startswith("at"):
        node.send(got[0].return_, local(me), ours)
    there(FILE)
    node.run(lambda: False, 60)


main()
