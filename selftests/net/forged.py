#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A peer that means another connection: forged.py PORT. Prints TAP.

The addresses of the node's connections are what ockamctl lists; a real attacker would
have to guess them. The other connection must get nothing in any case.
"""

import json
import socket
import subprocess
import sys

from live import report
from ockam_ref.messages import local
from ockam_ref.node import bare_string
from ockam_ref.transport import Envelope

PORT = int(sys.argv[1])


def connections() -> set[str]:
    out = subprocess.run(["ockamctl", "tcp-connection", "list", "--at", "k", "--output", "json"],
                         capture_output=True, check=True).stdout
    return {json.dumps(entry, sort_keys=True) for entry in json.loads(out)}


def addresses() -> set[str]:
    return {text for entry in connections() for text in strings(json.loads(entry))}


def strings(value) -> list[str]:  # noqa: ANN001
    """Each text in the entry that may be an address of the node."""
    if isinstance(value, str):
        return [value.removeprefix("0#").removeprefix("/service/").removeprefix("/worker/")]
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    return []


class Raw:
    def __init__(self) -> None:
        before = addresses()
        self.sock = socket.create_connection(("127.0.0.1", PORT), 30)
        self.sock.sendall(b"\x01")
        self.sock.recv(1)
        self.hops = sorted(addresses() - before)

    def send(self, onward: tuple, back: tuple, payload: bytes) -> None:
        self.sock.sendall(Envelope(onward, back, payload).frame())

    def got(self, seconds: float) -> bytes:
        self.sock.settimeout(seconds)
        try:
            return self.sock.recv(65536)
        except TimeoutError:
            return b""


def to_another_connection() -> bool:
    a, b = Raw(), Raw()
    assert b.hops, "no address in the list"
    for hop in b.hops:
        a.send(local(hop, "x"), local("y"), b"forged")
    return not b.got(1.5)


def answer_to_another_connection() -> bool:
    """The return route says the other one: the answer goes to who sent, or nowhere."""
    a, b = Raw(), Raw()
    for hop in b.hops:
        a.send(local("uppercase"), local(hop, "x"), bare_string(b"forged"))
    return not b.got(1.5) and b"FORGED" in a.got(20)


def first_hop_is_the_connection_itself() -> bool:
    """Its own address is no way round what is exposed, either."""
    a = Raw()
    for hop in a.hops:
        a.send(local(hop, "x"), local("y"), b"mirrored")
    return b"mirrored" not in a.got(1.5)


def still_serves() -> bool:
    a = Raw()
    a.send(local("uppercase"), local("x"), bare_string(b"fine"))
    return b"FINE" in a.got(20)


CASES = [to_another_connection, answer_to_another_connection,
         first_hop_is_the_connection_itself, still_serves]


if __name__ == "__main__":
    sys.exit(1 if report(CASES) else 0)
