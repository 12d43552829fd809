#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Send a node what it must refuse: hostile.py HOST PORT. Prints TAP."""

import os
import pathlib
import random
import socket
import sys
import time

from af_ockam import worker
from drops import counts
from live import ask, ed25519, new_party, report, text
from ockam_ref.identity import Identity, PurposeKey, attest, create_identity, rotate_identity
from ockam_ref.messages import RefreshCredentials, local
from ockam_ref.node import ChannelEnd, Node, bare_string
from ockam_ref.noise import INITIATOR
from ockam_ref.primitives import Ed25519Key, X25519Key
from ockam_ref.secure_channel import Party, SecureChannel
from ockam_ref.transport import Envelope

HOST, PORT = sys.argv[1], int(sys.argv[2])
TIME_OUT = pathlib.Path("/proc/sys/net/ockam/handshake_timeout_ms")


def raw(data: bytes, wait: float = 0.3) -> bytes | None:
    """What comes back until the node closes; None when it keeps the connection."""
    with socket.create_connection((HOST, PORT), 10) as sock:
        sock.sendall(data)
        sock.settimeout(wait)
        got = b""
        try:
            while True:
                part = sock.recv(4096)
                if not part:
                    return got
                got += part
        except TimeoutError:
            return None
        except ConnectionError:
            return got


def alive() -> bool:
    node = Node()
    tcp = node.connect(HOST, PORT)
    return text(ask(node, local(tcp, "uppercase"), bare_string(b"a"), 5)) == "A"


def closed_after(data: bytes) -> bool:
    return raw(data, 3) is not None and alive()


@counts("k", "transport-version", 2)
def wrong_version() -> bool:
    return closed_after(b"\x02") and closed_after(b"\x00\x34")


@counts("k", "transport-limit", 2)
def frame_too_long() -> bool:
    return closed_after(b"\x01\x01\x00\x00\x01") and closed_after(b"\x01\xff\xff\xff\xff")


@counts("k", "transport-frame", 1)
def undecodable() -> bool:
    return closed_after(b"\x01\x00\x00\x00\x03\xff\xff\xff")


@counts("k", "heartbeat", 1)
def zero_frame_and_heartbeat() -> bool:
    """Neither closes the connection."""
    return raw(b"\x01" + bytes(4) + bytes.fromhex("0000000584808040f6")) is None


CUT_FRAME = Envelope(local("uppercase"), local("x"), b"\x01a").frame()


@counts("k", "transport-frame", len(CUT_FRAME) - 1)
def cut_frame() -> bool:
    for cut in range(1, len(CUT_FRAME)):
        with socket.create_connection((HOST, PORT), 10) as sock:
            sock.sendall(b"\x01" + CUT_FRAME[:cut])
            sock.recv(1)  # else it ends with a reset
    return alive()


def one_byte_at_a_time() -> bool:
    frame = Envelope(local("uppercase"), local("x"), bare_string(b"slow")).frame()
    with socket.create_connection((HOST, PORT), 10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"\x01" + frame:
            sock.send(bytes([byte]))
        sock.settimeout(5)
        got = b""
        while b"SLOW" not in got:
            got += sock.recv(4096)
    return True


@counts("k", "transport-frame", 1, 150)
def mutations() -> bool:
    rng = random.Random(7)
    body = Envelope(local("uppercase"), local("x"), bare_string(b"abc")).encode()
    for _ in range(150):
        data = bytearray(body)
        for _ in range(rng.randint(1, 5)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with socket.create_connection((HOST, PORT), 10) as sock:
            sock.sendall(b"\x01" + len(data).to_bytes(4, "big") + bytes(data))
    return alive()


@counts("k", "too-many-hops", 1)
def too_many_hops() -> bool:
    """Dropped, and the connection kept."""
    node = Node()
    tcp = node.connect(HOST, PORT)
    lost = ask(node, local(tcp, *["uppercase"] * 40), bare_string(b"x"), 0.5)
    return lost is None and text(ask(node, local(tcp, "uppercase"), bare_string(b"b"))) == "B"


def echo_to_itself() -> bool:
    """A return route that leads back to the service leads to the peer first."""
    node = Node()
    tcp = node.connect(HOST, PORT)
    node.send(local(tcp, "echo"), local("echo", "echo", "echo"), b"x")
    node.run(lambda: False, 0.3)
    return alive()


@counts("k", "not-exposed", 1)
def not_exposed() -> bool:
    """Nothing but what is exposed: not even what exists."""
    node = Node()
    tcp = node.connect(HOST, PORT)
    with worker("hidden", "k") as hidden:
        hidden.settimeout(0.5)
        ask(node, local(tcp, "hidden"), b"x", 0.5)
        try:
            return not hidden.recv(16)
        except TimeoutError:
            return True


def flipped_handshake() -> bool:
    """Every 7th byte of message 3: the channel must not open."""
    for at in range(0, 300, 43):
        node = Node()
        tcp = node.connect(HOST, PORT)
        end = ChannelEnd.open(node, new_party(ed25519()), local(tcp, "api"))
        sent = node.send

        def damaged(onward, back, payload, at=at, sent=sent):  # noqa: ANN001
            if len(payload) > 200:
                payload = bytearray(payload)
                payload[at % len(payload)] ^= 1
                payload = bytes(payload)
            sent(onward, back, payload)

        node.send = damaged
        node.run(lambda end=end: end.ready, 5)
        node.send = sent
        if ask(node, end.route_to("uppercase"), bare_string(b"x"), 0.5) is not None:
            return False
    return alive()


def answered(party: Party, wait: float) -> bool:
    """Does a channel of this party carry a message and its answer?"""
    node = Node()
    tcp = node.connect(HOST, PORT)
    end = ChannelEnd.open(node, party, local(tcp, "api"))
    node.run(lambda: end.ready, 5 + wait)
    return ask(node, end.route_to("uppercase"), bare_string(b"x"), wait) is not None


def refused(party: Party) -> bool:
    return not answered(party, 0.7)


def expired_attestation() -> bool:
    now = int(time.time())
    key, static = Ed25519Key(os.urandom(32)), X25519Key(os.urandom(32))
    identity = create_identity(key, now - 10**9)
    old = attest(identity, key, PurposeKey(x25519=static.public), now - 10**9)
    return refused(Party(identity, static, old))


def foreign_attestation() -> bool:
    good, other = new_party(ed25519()), new_party(ed25519())
    return refused(Party(good.identity, good.static, other.attestation))


def another_static_key() -> bool:
    good = new_party(ed25519())
    return refused(Party(good.identity, X25519Key(os.urandom(32)), good.attestation))


def party(identity: Identity, key: Ed25519Key) -> Party:
    static = X25519Key(os.urandom(32))
    now = int(time.time()) - 5
    return Party(identity, static, attest(identity, key, PurposeKey(x25519=static.public), now))


def rolled_back_identity() -> bool:
    """Who has shown a rotation comes back with no older history and no other branch."""
    now = int(time.time()) - 10
    first, second, third = (Ed25519Key(os.urandom(32)) for _ in range(3))
    old = create_identity(first, now)
    new, branch = rotate_identity(old, first, second, now), rotate_identity(old, first, third, now)
    return (not refused(party(old, first)) and not refused(party(new, second))
            and refused(party(old, first)) and refused(party(branch, third))
            and not refused(party(new, second)))


def rotation_in_a_channel() -> bool:
    """A refresh message tells of a rotation; many of them cost nothing more."""
    now = int(time.time()) - 10
    first, second = Ed25519Key(os.urandom(32)), Ed25519Key(os.urandom(32))
    old = create_identity(first, now)
    new = rotate_identity(old, first, second, now)
    node = Node()
    tcp = node.connect(HOST, PORT)
    end = ChannelEnd.open(node, party(old, first), local(tcp, "api"))
    node.run(lambda: end.ready, 10)
    for _ in range(20):
        node.send(end.remote, (), end.channel.seal(RefreshCredentials(new.history, ())))
    if text(ask(node, end.route_to("uppercase"), bare_string(b"on"))) != "ON":
        return False
    return refused(party(old, first)) and not refused(party(new, second))


def half_open_behind_one_hop() -> bool:
    """First messages with ever new return routes: a part is answered, others get in."""
    before = TIME_OUT.read_text()
    TIME_OUT.write_text("600000")  # no place is free again meanwhile
    node = Node()
    tcp = node.connect(HOST, PORT)
    answers: list[Envelope] = []
    for i in range(200):
        node.start(answers.append, f"d{i}")
        first = SecureChannel.new(INITIATOR, new_party(ed25519()), X25519Key(os.urandom(32)))
        node.send(local(tcp, "api"), local(f"d{i}", f"x{i}"), first.start())
    node.run(lambda: len(answers) == 200, 10)
    other_gets_in = answered(new_party(ed25519()), 20)
    TIME_OUT.write_text(before)
    print(f"# {len(answers)} of 200 were answered, another gets in: {other_gets_in}")
    return 16 <= len(answers) <= 64 and other_gets_in


def replayed_and_forged() -> bool:
    """Ciphertexts again, flipped, with far counters: the channel goes on."""
    node = Node()
    tcp = node.connect(HOST, PORT)
    end = ChannelEnd.open(node, new_party(ed25519()), local(tcp, "api"))
    node.run(lambda: end.ready, 10)
    kept: list[bytes] = []
    sent = node.send

    def keep(onward, back, payload):  # noqa: ANN001
        if onward[:1] == end.remote[:1]:
            kept.append(payload)
        sent(onward, back, payload)

    node.send = keep
    for word in (b"one", b"two"):
        if text(ask(node, end.route_to("uppercase"), bare_string(word))) != word.upper().decode():
            return False
    node.send = sent
    for message in kept:
        sent(end.remote, (), message)
        for at in (0, 7, 8, -1):
            bad = bytearray(message)
            bad[at] ^= 0x80
            sent(end.remote, (), bytes(bad))
        for cut in range(0, 25):
            sent(end.remote, (), message[:cut])
    return text(ask(node, end.route_to("uppercase"), bare_string(b"three"))) == "THREE"


def relay_names() -> bool:
    node = Node()
    tcp = node.connect(HOST, PORT)
    for name in (b"", b"a/b", b"a#b", b"\x01", b"x" * 129, b"\xff"):
        if ask(node, local(tcp, "forwarding_service"), bare_string(name), 0.3) is not None:
            return False
    return ask(node, local(tcp, "forwarding_service"), b"\x50short", 0.3) is None


def idle_connections() -> bool:
    """Many that send nothing do not keep others out."""
    idle = [socket.create_connection((HOST, PORT), 10) for _ in range(200)]
    good = alive()
    for sock in idle:
        sock.close()
    return good


CASES = [
    wrong_version, frame_too_long, undecodable, zero_frame_and_heartbeat, cut_frame,
    one_byte_at_a_time, mutations, too_many_hops, echo_to_itself, not_exposed,
    flipped_handshake, expired_attestation, foreign_attestation, another_static_key,
    rolled_back_identity, rotation_in_a_channel, replayed_and_forged, relay_names, idle_connections,
    half_open_behind_one_hop,
]


if __name__ == "__main__":
    sys.exit(1 if report(CASES) else 0)
