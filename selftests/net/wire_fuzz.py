#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Mutated messages for a node: wire_fuzz.py HOST PORT SEED ROUNDS.

Takes genuine frames, handshakes, ciphertexts and plaintexts of channels, changes
some and sends them. What comes back is not looked at, until the end: then the
node must answer as ever, in plain and through a channel.
"""

import os
import random
import socket
import struct
import sys
from typing import Callable

from live import ask, ed25519, new_party, p256, text
from ockam_ref import cbor
from ockam_ref.messages import Address, Close, Payload, RefreshCredentials, encode_padded, local
from ockam_ref.node import ChannelEnd, Node, bare_string
from ockam_ref.transport import Envelope

HOST, PORT, SEED, ROUNDS = sys.argv[1], *map(int, sys.argv[2:5])
RNG = random.Random(SEED)
WORKERS = ("echo", "uppercase", "api", "forwarding_service", "nobody", "", "x" * 255)
NUMBERS = (0, 1, 23, 24, 31, 32, 33, 127, 128, 255, 256, 65535, 1 << 24, (1 << 32) - 1)
INTERESTING = bytes.fromhex("00ff7f801718181958598081829fbff4f6fa")


def mutated(data: bytes) -> bytes:
    """One to four changes: bits, bytes, lengths, pieces gone or twice."""
    out = bytearray(data)
    for _ in range(RNG.randint(1, 4)):
        at, size = RNG.randrange(len(out) + 1), RNG.randint(1, 16)
        match RNG.randrange(7):
            case 0 if at < len(out):
                out[at] ^= 1 << RNG.randrange(8)
            case 1 if at < len(out):
                out[at] = RNG.choice(INTERESTING)
            case 2:
                del out[at:at + size]
            case 3:
                out[at:at] = out[at:at + size]
            case 4:
                out[at:at] = RNG.randbytes(size)
            case 5:
                del out[at:]
            case 6:
                wide = RNG.choice((1, 2, 4, 8))
                out[at:at + wide] = (RNG.choice(NUMBERS) % (1 << 8 * wide)).to_bytes(wide, "big")
    return bytes(out)


def maybe(data: bytes) -> bytes:
    return mutated(data) if RNG.random() < 0.5 else data


def a_route() -> tuple[Address, ...]:
    return tuple(Address(RNG.choice((0, 0, 0, 0, 1, 2, 255)), RNG.choice(WORKERS).encode())
                 for _ in range(RNG.choice((0, 1, 1, 1, 2, 3, 31, 32, 33))))


def a_payload() -> bytes:
    return RNG.choice((b"", bare_string(b"abc"), RNG.randbytes(RNG.choice((1, 8, 32, 96, 3000)))))


def frame() -> bytes:
    body = maybe(Envelope(a_route(), a_route(), a_payload()).encode())
    size = len(body) if RNG.random() < 0.9 else RNG.choice(NUMBERS)
    return size.to_bytes(4, "big") + body


def stream() -> None:
    """Frames in pieces, on a connection that ends in one of three ways."""
    version = b"\x01" if RNG.random() < 0.95 else RNG.randbytes(1)
    data = version + b"".join(frame() for _ in range(RNG.randint(1, 8)))
    with socket.create_connection((HOST, PORT), 20) as sock:
        sock.settimeout(20)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data:
            size = RNG.choice((1, 2, 7, 100, 1 << 20))
            sock.sendall(data[:size])
            data = data[size:]
        if RNG.random() < 0.3:
            sock.shutdown(socket.SHUT_WR)
        elif RNG.random() < 0.5:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Liar(Node):
    """A node that changes some of what it sends to the other."""

    chance = 0.0

    def send(self, onward, return_, payload) -> None:  # noqa: ANN001
        if onward and onward[0].value.decode(errors="replace") in self.connections:
            if RNG.random() < self.chance:
                payload = mutated(payload)
            if RNG.random() < self.chance / 8:
                return_ = a_route()
        super().send(onward, return_, payload)


def opened(chance: float, seconds: float) -> tuple[Liar, ChannelEnd]:
    node = Liar()
    tcp = node.connect(HOST, PORT)
    node.chance = chance
    keys = (ed25519(), p256(), ed25519())[:RNG.randint(1, 3)]
    end = ChannelEnd.open(node, new_party(*keys), local(tcp, "api"))
    node.run(lambda: end.ready, seconds)
    return node, end


def closed(node: Node) -> None:
    for connection in node.connections.values():
        connection.close()


def handshake() -> None:
    """A handshake with a lie in one of its messages, now and then in none."""
    node, _end = opened(RNG.choice((0, 0.4, 0.9)), 0.3)
    closed(node)


def a_plaintext() -> bytes:
    inner = RNG.choice((Payload(a_route(), a_route(), a_payload()), Close(),
                        RefreshCredentials(new_party(ed25519()).identity.history, ())))
    if RNG.random() < 0.1:
        return cbor.array(cbor.uint(RNG.choice(NUMBERS)), cbor.bytestr(RNG.randbytes(5)))
    return encode_padded(inner, RNG.randbytes(RNG.choice((0, 0, 1, 300))))


def channel() -> None:
    """In a genuine channel: sealed nonsense, changed and repeated ciphertexts."""
    node, end = opened(0, 20)
    if not end.ready:		# handshakes left half open take the room
        raise TimeoutError
    for _ in range(RNG.randint(1, 40)):
        sealed = end.channel.encryptor.encrypt(maybe(a_plaintext()))
        for _ in range(RNG.choice((1, 1, 1, 2))):
            node.send(end.remote, local(end.decryptor), maybe(sealed))
    closed(node)


def relay() -> None:
    node = Liar()
    tcp = node.connect(HOST, PORT)
    node.chance = 0.5
    node.send(local(tcp, "forwarding_service"), local("me"), bare_string(RNG.randbytes(RNG.randrange(140))))
    node.run(lambda: False, 0.05)
    closed(node)


KINDS: tuple[Callable[[], None], ...] = (stream, stream, stream, handshake, channel, relay)


def as_ever() -> bool:
    """Uppercase answers, in plain and through a channel, once half open ones are gone."""
    node = Node()
    tcp = node.connect(HOST, PORT)
    if text(ask(node, local(tcp, "uppercase"), bare_string(b"plain"), 60)) != "PLAIN":
        return False
    for _ in range(6):
        end = ChannelEnd.open(node, new_party(ed25519()), local(tcp, "api"))
        if node.run(lambda end=end: end.ready, 20):
            return text(ask(node, end.route_to("uppercase"), bare_string(b"sealed"), 60)) == "SEALED"
    return False


def main() -> int:
    os.urandom = RNG.randbytes		# all that is random comes from the seed
    rounds = dict.fromkeys((kind.__name__ for kind in KINDS), 0)
    lost = 0
    for _ in range(ROUNDS):
        kind = RNG.choice(KINDS)
        rounds[kind.__name__] += 1
        try:
            kind()
        except (ConnectionError, TimeoutError):
            lost += 1			# the node hung up, as it may
    print(", ".join(f"{count} of {name}" for name, count in rounds.items()) + f"; {lost} cut short")
    return 0 if as_ever() else 1


if __name__ == "__main__":
    sys.exit(main())
