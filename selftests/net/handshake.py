#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Handshakes and ciphertexts of no honest peer: handshake.py PORT [CASE...]. Prints TAP.

The node is k, with its listener "api" behind PORT. Each case says what must be counted, by
name, and that is all that may change: no answer, no channel, and nothing half-open is left.
"""

import contextlib
import copy
import errno
import json
import os
import select
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Iterator

import af_ockam
from drops import drops
from live import ask, ed25519, new_party, report, text
from ockam_ref import cbor
from ockam_ref.identity import (
    ATTESTATION, VERSION, AttestationData, Change, PurposeKey, SignedData, VersionedData,
    _make_change, attest, create_identity, encode_history, identifier_text,
    public_key, sign,
)
from ockam_ref.messages import Close, Payload, Route, local
from ockam_ref.node import Node, bare_string
from ockam_ref.noise import INITIATOR, RESPONDER, HandshakeError
from ockam_ref.primitives import Ed25519Key, X25519Key, sha256
from ockam_ref.secure_channel import Party, SecureChannel
from ockam_ref.transport import Envelope
from until import until

PORT = int(sys.argv[1])
LIMITS = "/proc/sys/net/ockam/"
P = 2**255 - 19
LOW_ORDER = [value.to_bytes(32, "little") for value in (
    0, 1, P - 1, P, P + 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)]
LOW_ORDER += [point[:31] + bytes([point[31] | 0x80]) for point in LOW_ORDER]


# ------------------------------------------------- what the node says of itself


def ockamctl(*words: str):  # noqa: ANN201
    out = subprocess.run(["ockamctl", *words, "--output", "json"], capture_output=True, check=True)
    return json.loads(out.stdout)


def quiet() -> bool:
    """Nothing is half-open."""
    return (ockamctl("secure-channel-listener", "show", "api", "--at", "k")["half_open"] == 0
            and all(entry["status"] != "Connecting" for entry in channels()))


def channels() -> list[dict]:
    return ockamctl("secure-channel", "list", "--at", "k")


def addresses() -> set[str]:
    """Of the channels that are open."""
    return {entry["address"] for entry in channels() if entry["status"] == "Up"}


@contextlib.contextmanager
def limit(name: str, value: int) -> Iterator[None]:
    file = Path(LIMITS, name)
    before = file.read_text(encoding="ascii")
    file.write_text(str(value), encoding="ascii")
    try:
        yield
    finally:
        file.write_text(before, encoding="ascii")


@contextlib.contextmanager
def counted(opened: int = 0, **wanted: int) -> Iterator[None]:
    """All that changes: these drops, exactly, and so many channels that open and stay."""
    before, there = drops("k"), addresses()
    yield
    names = {name.replace("_", "-"): count for name, count in wanted.items()}
    got: dict[str, int] = {}

    def as_wanted() -> bool:
        nonlocal got
        now = drops("k")
        got = {name: now[name] - before.get(name, 0) for name in now
               if now[name] != before.get(name, 0)}
        return got == names and quiet()

    if not until(as_wanted):
        raise AssertionError(f"counted {got}, wanted {names}, half-open left: {not quiet()}")
    if len(addresses() - there) != opened:
        raise AssertionError(f"{len(addresses() - there)} channels opened, not {opened}")


# ------------------------------------------------------------------- our side


class Crafted(Party):
    """It shows whatever it is told to."""

    def payload(self) -> bytes:
        return self.raw


def crafted(raw: bytes, static: X25519Key) -> Party:
    some = new_party(ed25519())
    party = Crafted(some.identity, static, some.attestation)
    party.raw = raw
    return party


# Whom we let go, k loses: what it then counts must not disturb the next case.
KEPT: list[object] = []


class Peer:
    """One connection to k, and a handshake that we control message by message."""

    def __init__(self, party: Party | None = None) -> None:
        KEPT.append(self)
        self.node = Node()
        self.tcp = self.node.connect("127.0.0.1", PORT)
        self.got: list[Envelope] = []
        self.me = self.node.start(self.got.append)
        self.channel = SecureChannel.new(INITIATOR, party or new_party(ed25519()),
                                         X25519Key(os.urandom(32)))
        self.remote: Route = ()

    def send(self, payload: bytes, to: Route = ()) -> None:
        self.node.send(to or self.remote or local(self.tcp, "api"), local(self.me), payload)

    def answer(self, seconds: float = 10) -> Envelope | None:
        self.node.run(lambda: bool(self.got), seconds)
        return self.got.pop(0) if self.got else None

    def silent(self) -> bool:
        """k has taken all that we sent, and sent nothing but the answer to this."""
        alive = text(ask(self.node, local(self.tcp, "uppercase"), bare_string(b"a"), 20)) == "A"
        return alive and not self.got

    def first(self) -> bytes:
        return self.channel.start()

    def half_open(self) -> bytes:
        """Up to message 3, which is returned and not sent."""
        self.send(self.first())
        return self.third()

    def third(self) -> bytes:
        answer = self.answer()
        assert answer is not None, "no message 2"
        self.remote = answer.return_
        third = self.channel.on_handshake(answer.payload, int(time.time()))
        assert third is not None
        return third

    def open(self) -> "Peer":
        self.send(self.half_open())
        assert self.works(), "the channel did not open"
        return self

    def seal(self, word: bytes) -> bytes:
        back = local("encryptor", "asks")
        return self.channel.seal(Payload(local("uppercase"), back, bare_string(word)))

    def replies(self, seconds: float = 10) -> bytes:
        answer = self.answer(seconds)
        if answer is None:
            return b""
        inner = self.channel.open(answer.payload, int(time.time()))
        return inner.payload if isinstance(inner, Payload) else b""

    def works(self) -> bool:
        self.send(self.seal(b"still"))
        return self.replies() == bare_string(b"STILL")


def flipped(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        yield data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:]


def cut(data: bytes) -> Iterator[bytes]:
    for size in range(len(data)):
        yield data[:size]


# --------------------------------------------------------- message 1, to a listener


def first_message_cut_at_every_byte() -> bool:
    peer = Peer()
    with counted(handshake_malformed=32):
        for part in cut(peer.first()):
            peer.send(part)
        return peer.silent()


def first_message_flipped_at_every_byte() -> bool:
    """Nothing protects it, so k answers; but whoever sent the true one takes no answer."""
    refused = 0
    with limit("handshake_timeout_ms", 3000), limit("max_half_open_per_peer", 64), \
            counted(handshake_timeout=33):
        peer = Peer()
        for bad in first_flips(peer.first()):
            peer.send(bad)
        for _ in range(33):
            answer = peer.answer()
            assert answer is not None
            try:
                copy.deepcopy(peer.channel).on_handshake(answer.payload, int(time.time()))
            except HandshakeError:
                refused += 1
    return refused == 33


def first_flips(first: bytes) -> list[bytes]:
    """The last one is the bit that X25519 ignores: only the transcript has it."""
    return [*flipped(first), first[:31] + bytes([first[31] ^ 0x80])]


def first_message_of_low_order() -> bool:
    peer = Peer()
    with counted(handshake_malformed=len(LOW_ORDER)):
        for point in LOW_ORDER:
            peer.send(point)
        return peer.silent()


def first_message_twice_in_parallel() -> bool:
    """Each gets an answer of its own; what finishes one does not finish the other."""
    a, b = Peer(), Peer()
    with limit("handshake_timeout_ms", 3000), \
            counted(opened=1, handshake_malformed=1, handshake_timeout=1):
        first = a.first()
        a.send(first)
        b.send(first)
        third, other = a.third(), b.answer()
        assert other is not None
        b.send(third, to=other.return_)
        silent = b.silent()
        a.send(third)
        return silent and a.works()


def third_message_as_a_first_one() -> bool:
    """It is as good as any first message, and leads nowhere."""
    a, b = Peer(), Peer()
    with limit("handshake_timeout_ms", 1500), counted(handshake_timeout=2):
        b.send(a.half_open())
        return b.answer() is not None


# ------------------------------------------------- message 3, to a half-open channel


def third_message_cut_and_flipped_at_every_byte() -> bool:
    """None of them changes anything: the true one then opens the channel."""
    peer = Peer()
    third = peer.half_open()
    with counted(opened=1, handshake_malformed=2 * len(third) + 1):
        for bad in (*cut(third), *flipped(third), third + b"\0"):
            peer.send(bad)
        silent = peer.silent()
        peer.send(third)
        return silent and peer.works()


def third_message_twice() -> bool:
    """Again after it opened the channel: a ciphertext with a counter far away."""
    peer = Peer()
    third = peer.half_open()
    with counted(opened=1, too_far_ahead=1):
        peer.send(third)
        peer.send(third)
        return peer.works()


def third_message_of_another_handshake() -> bool:
    old, peer = Peer(), Peer()
    theirs = old.half_open()
    old.send(theirs)
    ours = peer.half_open()
    with counted(opened=1 + (not old.works()), handshake_malformed=1):
        peer.send(theirs)
        silent = peer.silent()
        peer.send(ours)
        return silent and peer.works()


def wrong_message_for_the_state() -> bool:
    """Messages 1 and 2 and a ciphertext where message 3 is due."""
    peer, other = Peer(), Peer().open()
    first = peer.first()
    peer.send(first)
    second = peer.answer()
    assert second is not None
    peer.remote = second.return_
    third = peer.channel.on_handshake(second.payload, int(time.time()))
    with counted(opened=1, handshake_malformed=3):
        for bad in (first, second.payload, other.seal(b"x")):
            peer.send(bad)
        silent = peer.silent()
        peer.send(third)
        return silent and peer.works()


class LowOrderKey(X25519Key):
    """Its public key is of low order, so that any secret gives the same."""

    @property
    def public(self) -> bytes:
        return self.secret

    def dh(self, peer: bytes) -> bytes:
        return bytes(32)


def static_key_of_low_order() -> bool:
    with limit("handshake_timeout_ms", 3000), limit("max_half_open_per_peer", 64), \
            counted(handshake_malformed=len(LOW_ORDER), handshake_timeout=len(LOW_ORDER)):
        for point in LOW_ORDER:
            peer = Peer(crafted(b"", LowOrderKey(point)))
            peer.send(peer.half_open())
            if not peer.silent():
                return False
    return True


# ----------------------------------------------- identities that are not good, both roles


NOW = int(time.time()) - 100
STATIC = X25519Key(os.urandom(32))
KEYS = [Ed25519Key(bytes([i]) * 32) for i in range(34)]


def chain(count: int) -> list[Change]:
    """Changes, each with its own key."""
    identity = create_identity(KEYS[0], NOW)
    changes = list(identity.history)
    for i in range(1, count):
        changes.append(_make_change(KEYS[i], KEYS[i - 1], sha256(changes[-1].data), NOW, 10**8,
                                    False))
    return changes


def show(changes: list[Change], attestation: SignedData | None = None, static: X25519Key = STATIC,
         **wrong: object) -> bytes:
    """A payload whose attestation is right for @changes but for what is @wrong."""
    if attestation is None:
        body = AttestationData(sha256(changes[0].data) if changes else bytes(32),
                               sha256(changes[-1].data) if changes else bytes(32),
                               PurposeKey(x25519=static.public), NOW, NOW + 10**6)
        key = wrong.pop("key", KEYS[len(changes) - 1])
        data = VersionedData(VERSION, ATTESTATION, replace(body, **wrong).encode()).encode()
        attestation = SignedData(data, sign(key, data))
    return cbor.struct(encode_history(tuple(changes)), attestation.encode(), cbor.array())


def bad_identities() -> dict[str, bytes]:
    one, two = chain(1), chain(2)
    other = new_party(ed25519())
    good = show(one)

    def second(previous: bytes | None, signer: Ed25519Key | None, at: int = NOW) -> list[Change]:
        return [two[0], _make_change(KEYS[1], signer, previous, at, 10**8, False)]

    def wrong(change: Change, which: str) -> Change:
        raw = getattr(change, which).raw
        bad = replace(getattr(change, which), raw=raw[:63] + bytes([raw[63] ^ 1]))
        return replace(change, **{which: bad})

    link = sha256(two[0].data)
    bad = {
        "history of 0 changes": show([]),
        "history of 33 changes": show(chain(33)),
        "link to another change": show(second(bytes(32), KEYS[0])),
        "no link": show(second(None, KEYS[0])),
        "first change with a link": show([_make_change(KEYS[0], None, link, NOW, 10**8, False)]),
        "older than its predecessor": show(second(link, KEYS[0], NOW - 1)),
        "not signed by the key before": show(second(link, KEYS[2])),
        "no signature by the key before": show(second(link, None)),
        "wrong signature by the key before": show([two[0], wrong(two[1], "previous_signature")]),
        "wrong signature by its own key": show([wrong(one[0], "signature")]),
        "attestation expired": show(one, expires_at=int(time.time()) - 1),
        "attestation of the future": show(one, created_at=int(time.time()) + 3600),
        "attestation older than the key": show(one, created_at=NOW - 1),
        "attestation outlives the key": show(one, expires_at=NOW + 10**10),
        "attestation for another identity": show(one, subject=other.identity.identifier),
        "attestation of another identity": show(one, attestation=other.attestation),
        "attestation under an older change": show(two, subject_latest_change=link),
        "attestation for another static key": show(one, static=X25519Key(os.urandom(32))),
        "attestation signed by another key": show(one, key=KEYS[5]),
        "attestation of a credential key": credential_key(),
        "no payload": b"",
    }
    for size in range(1, len(good), 29):
        bad[f"payload of {size} bytes"] = good[:size]
    return bad


def credential_key() -> bytes:
    """An attestation for a key that signs credentials."""
    identity = create_identity(KEYS[0], NOW)
    attestation = attest(identity, KEYS[0], PurposeKey(signing=public_key(KEYS[1])), NOW)
    return show(list(identity.history), attestation=attestation)


def good_identities() -> list[bytes]:
    """What is at the edge: 32 changes, and bytes behind the payload, as upstream has it."""
    return [show(chain(32)), show(chain(32)) + b"\xff" * 8]


RULES = {
    "history of 0 changes": "empty",
    "history of 33 changes": "limit",
    "link to another change": "link",
    "no link": "link",
    "first change with a link": "link",
    "older than its predecessor": "link",
    "not signed by the key before": "signature",
    "no signature by the key before": "signature",
    "wrong signature by the key before": "signature",
    "wrong signature by its own key": "signature",
    "attestation of the future": "not_yet_valid",
    "attestation older than the key": "validity",
    "attestation outlives the key": "validity",
    "attestation for another identity": "subject",
    "attestation of another identity": "subject",
    "attestation under an older change": "stale_key",
    "attestation for another static key": "static_key",
    "attestation signed by another key": "signature",
    "attestation of a credential key": "purpose",
}


def refusal(name: str) -> tuple[str, int]:
    """The reason that is counted, and what a socket says."""
    if name == "attestation expired":
        return "handshake_expired", errno.EKEYEXPIRED
    return f"identity_{RULES.get(name, 'malformed')}", errno.EKEYREJECTED


def listener_refuses_bad_identities() -> bool:
    bad = bad_identities()
    for name, raw in bad.items():
        with counted(**{refusal(name)[0]: 1}):
            peer = Peer(crafted(raw, STATIC))
            peer.send(peer.half_open())
            if not peer.silent():
                raise AssertionError(f"answered: {name}")
    print(f"# {len(bad)} kinds")
    for raw in good_identities():
        Peer(crafted(raw, STATIC)).open()
    return True


class Server:
    """k opens channels to us: one connection of k's, and one handshake at a time."""

    def __init__(self, party: Party | None = None) -> None:
        KEPT.append(self)
        self.node = Node()
        self.got: list[Envelope] = []
        self.node.start(self.got.append, "api")
        self.me = self.node.start(self.got.append)
        self.port = self.node.listen()
        self.channel = SecureChannel.new(RESPONDER, party or new_party(ed25519()),
                                         X25519Key(os.urandom(32)))
        self.remote: Route = ()

    def __enter__(self) -> "Server":
        self.socket = af_ockam.opened(socket.SOCK_SEQPACKET, "k")
        self.socket.setsockopt(af_ockam.SOL_OCKAM, af_ockam.OCKAM_ROUTE,
                               af_ockam.route(f"1#127.0.0.1:{self.port}", "api"))
        self.socket.setblocking(False)
        while not self.connects():	# the TCP connection comes first
            self.node.run(lambda: False, 0.05)
        assert self.node.run(lambda: bool(self.got), 10), "no message 1"
        self.remote = self.got[0].return_
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def connects(self) -> bool:
        try:
            af_ockam.call("connect", self.socket, af_ockam.address(af_ockam.KIND_USE_ROUTE))
        except BlockingIOError as error:
            return error.errno != errno.EAGAIN
        return True

    def second(self) -> bytes:
        answer = self.channel.on_handshake(self.got.pop(0).payload, int(time.time()))
        assert answer is not None
        return answer

    def send(self, payload: bytes) -> None:
        self.node.send(self.remote, local(self.me), payload)

    def outcome(self, seconds: float = 20) -> int:
        """The errno of connect(), 0 when the channel is open."""
        end = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self.socket, select.POLLOUT)
        while time.monotonic() < end:
            if poll.poll(50):
                return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.node.run(lambda: False, 0.05)
        return -1

    def says_nothing(self) -> bool:
        self.node.run(lambda: bool(self.got), 0.2)
        return not self.got


def initiator_refuses_bad_identities() -> bool:
    for name, raw in bad_identities().items():
        why, error = refusal(name)
        with counted(**{why: 1}), Server(crafted(raw, STATIC)) as server:
            server.send(server.second())
            if server.outcome() != error or not server.says_nothing():
                raise AssertionError(f"not refused: {name}")
    for raw in good_identities():
        with Server(crafted(raw, STATIC)) as server:
            server.send(server.second())
            if server.outcome():
                return False
    return True


# --------------------------------------------------------- message 2, to an initiator


def second_message_cut_and_flipped_at_every_byte() -> bool:
    with Server() as server:
        second = server.second()
        bad = [*cut(second), *flipped(second), second + b"\0"]
        with counted(opened=1, handshake_malformed=len(bad)):
            for message in bad:
                server.send(message)
            silent = server.says_nothing()
            server.send(second)
            return silent and server.outcome() == 0


def second_message_of_low_order() -> bool:
    """In place of the ephemeral key, and as a static key that is sealed properly."""
    with Server() as server:
        second = server.second()
        with counted(opened=1, handshake_malformed=len(LOW_ORDER)):
            for point in LOW_ORDER:
                server.send(point + second[32:])
            silent = server.says_nothing()
            server.send(second)
            if not silent or server.outcome():
                return False
    with limit("handshake_timeout_ms", 3000), \
            counted(handshake_malformed=1, handshake_timeout=1), \
            Server(crafted(b"", LowOrderKey(bytes(32)))) as server:
        server.send(server.second())
        return server.says_nothing() and server.outcome() == errno.ETIMEDOUT


def wrong_message_for_an_initiator() -> bool:
    """Its own message, a ciphertext, message 2 for another handshake, message 2 twice."""
    with Server() as other:
        theirs = other.second()
    with Server() as server:
        first = server.got[0].payload
        second = server.second()
        with counted(opened=1, handshake_malformed=3, too_far_ahead=1):
            for bad in (first, os.urandom(60), theirs):
                server.send(bad)
            silent = server.says_nothing()
            server.send(second)
            server.send(second)
            return silent and server.outcome() == 0


def no_second_message() -> bool:
    with limit("handshake_timeout_ms", 500), counted(handshake_timeout=1), Server() as server:
        return server.outcome() == errno.ETIMEDOUT


# ------------------------------------------------------------------ ciphertexts


def far(message: bytes, counter: int) -> bytes:
    return counter.to_bytes(8, "big") + message[8:]


def forged_counters_move_nothing() -> bool:
    """31 in a row that are far away: the window is where it was."""
    peer = Peer().open()
    message = peer.seal(b"first")
    number = int.from_bytes(message[:8], "big")
    counters = [number + 33 + i for i in range(24)] + [2**32, 2**63, 2**63 - 1] + \
               [2**64 - i for i in range(1, 5)]
    with counted(too_far_ahead=len(counters), auth_failed=2):
        for counter in counters:
            peer.send(far(message, counter))
        peer.send(far(message, number + 31))	# inside, but not authentic
        peer.send(far(message, number + 5))
        silent = peer.silent()
        peer.send(message)
        return silent and peer.replies() == bare_string(b"FIRST") and peer.works()


def replays_inside_and_outside_the_window() -> bool:
    peer = Peer().open()
    kept = [peer.seal(b"%d" % i) for i in range(80)]
    for message in kept:
        peer.send(message)
    for i in range(80):
        assert peer.replies() == bare_string(b"%d" % i)
    with counted(replay=33, too_old=47):
        for message in kept:
            peer.send(message)
        return peer.silent() and peer.works()


def lost_messages() -> bool:
    """Of 31 the channel takes no notice; behind 33 it takes nothing more."""
    peer = Peer().open()
    for _ in range(31):
        peer.seal(b"lost")
    if not peer.works():
        return False
    for _ in range(33):
        peer.seal(b"lost")
    with counted(too_far_ahead=32):
        for _ in range(32):
            peer.send(peer.seal(b"too late"))
        return peer.silent()


def of(peer: Peer) -> list[dict]:
    """k's end of the channel."""
    name = identifier_text(peer.channel.party.identity.identifier)
    return [entry for entry in channels() if entry["their_identifier"] == name]


def short_ciphertexts() -> bool:
    peer = Peer().open()
    message = peer.seal(b"x")
    with counted(malformed=24, auth_failed=1):
        for size in range(25):
            peer.send(message[:size])
        return peer.silent() and peer.works()


def ciphertexts_for_a_closed_channel() -> bool:
    peer = Peer().open()
    message = peer.seal(b"late")
    ockamctl("secure-channel", "delete", of(peer)[0]["address"], "--at", "k")
    peer.answer()	# its last words
    with counted(no_route=3):
        for _ in range(3):
            peer.send(message)
        return peer.silent() and not of(peer)


def close_right_behind_the_third_message() -> bool:
    """What waits for the verdict may be a Close: the channel ends, and nothing answers."""
    peer = Peer()
    with counted():
        peer.send(peer.half_open())
        peer.send(peer.channel.seal(Close()))
        return until(quiet) and until(lambda: not of(peer)) and peer.silent()


def flood_of_first_messages() -> bool:
    """What an open channel asks is answered, and as fast as one can expect."""
    peer, flood = Peer().open(), Peer()
    worst = 0.0
    with limit("handshake_timeout_ms", 500):
        for _ in range(60):
            for _ in range(10):
                flood.send(os.urandom(32))
            start = time.monotonic()
            if not peer.works():
                return False
            worst = max(worst, time.monotonic() - start)
        refused = drops("k").get("handshake-limit", 0)
        print(f"# longest answer {worst * 1000:.0f} ms, {refused} first messages refused")
        return until(quiet) and refused > 0 and worst < 5


CASES = [
    first_message_cut_at_every_byte, first_message_flipped_at_every_byte,
    first_message_of_low_order, first_message_twice_in_parallel, third_message_as_a_first_one,
    third_message_cut_and_flipped_at_every_byte, third_message_twice,
    third_message_of_another_handshake, wrong_message_for_the_state, static_key_of_low_order,
    listener_refuses_bad_identities, initiator_refuses_bad_identities,
    second_message_cut_and_flipped_at_every_byte, second_message_of_low_order,
    wrong_message_for_an_initiator, no_second_message, forged_counters_move_nothing,
    replays_inside_and_outside_the_window, lost_messages, short_ciphertexts,
    ciphertexts_for_a_closed_channel, close_right_behind_the_third_message,
    flood_of_first_messages,
]


if __name__ == "__main__":
    chosen = [case for case in CASES if not sys.argv[2:] or case.__name__ in sys.argv[2:]]
    sys.exit(1 if report(chosen) else 0)
