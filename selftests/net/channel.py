#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What becomes of channels: channel.py CASE [ARGUMENT...]. Exit code 0: as it must be.

Cases that take a port are the reference peer, which opens a channel with the node that
listens there; the others send through a channel of node n1.
"""

import contextlib
import errno
import os
import socket
import subprocess
import sys
import threading
import time

import af_ockam
from live import ed25519, new_party
from ockam_ref.messages import RefreshCredentials, local
from ockam_ref.node import ChannelEnd, Node
from ockam_ref.transport import Envelope


SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33


def ctl(*words: str) -> str:
    return subprocess.run(["ockamctl", *words], check=True, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL).stdout


# ---------------------------------------------------------------- through a channel of n1


def through(*hops: str) -> socket.socket:
    sock = af_ockam.connected(af_ockam.route(*hops), "n1")
    sock.settimeout(120)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    return sock


class Flow:
    """Numbered messages, eight of them under way at most; each must be answered once."""

    def __init__(self, address: str) -> None:
        self.sock = through(address, "echo")
        self.sent, self.open = 0, set()

    def step(self, most: int = 8) -> None:
        if len(self.open) < most:
            self.sock.send(b"%d" % self.sent)
            self.open.add(self.sent)
            self.sent += 1
        else:
            self.open.remove(int(self.sock.recv(64)))

    def end(self) -> int:
        while self.open:
            self.step(0)
        return self.sent


def move(address: str, *connections: str) -> bool:
    """The channel changes its connection again and again while messages flow."""
    flow = Flow(address)
    moved = []

    def changes() -> None:
        for connection in connections * 5:
            moved.append(ctl("secure-channel", "update", address, "--at", "n1", "--to", connection))
            time.sleep(0.05)

    thread = threading.Thread(target=changes)
    thread.start()
    while thread.is_alive():
        flow.step()
    for _ in range(100):
        flow.step()
    print(f"{flow.end()} messages were answered over {len(moved)} changes")
    return len(moved) == 5 * len(connections)


def wait_room(address: str, connection: str) -> bool:
    """Without a way a bounded number is kept, and goes when there is one."""
    sock = through(address, "echo")
    sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 23)
    kept, why = 0, 0
    try:
        while kept < 2000:
            sock.send(b"%d" % kept)
            kept += 1
    except OSError as error:
        why = error.errno or 0
    print(f"{kept} were kept, then {errno.errorcode.get(why)}")
    ctl("secure-channel", "update", address, "--at", "n1", "--to", connection)
    answers = [int(sock.recv(64)) for _ in range(kept)]
    return 100 < kept < 1000 and why == errno.EHOSTUNREACH and answers == list(range(kept))


def exact(address: str) -> bool:
    """Messages of many sizes come back as they were."""
    with through(address, "echo") as sock:
        for size in (0, 1, 31, 1000, 65000, 70001, 1 << 20, (5 << 20) + 3):
            data = os.urandom(size)
            sock.send(data)
            if sock.recv(1 << 24) != data:
                print(f"{size} bytes came back changed")
                return False
    return True


def too_large(address: str) -> bool:
    """What fits into no frame once it is sealed is refused before that: no counter is used in vain."""
    long = [chr(ord("a") + i) * 255 for i in range(7)] + ["h" * 90]
    data = bytes((16 << 20) - 2048)
    with through(address, *long, "echo") as sock:
        for _ in range(33):
            try:
                sock.send(data)
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    continue
                raise
            print("it was taken")
            return False
    with through(address, "echo") as sock:
        sock.send(b"on")
        return sock.recv(16) == b"on"


def silent(port: str) -> bool:
    """Accept connections and say nothing for as long as we are let."""
    with socket.create_server(("127.0.0.1", int(port))) as server:
        print("listening", flush=True)
        kept = []
        while True:
            kept.append(server.accept()[0])
            kept[-1].sendall(b"\x01")


# ---------------------------------------------------------------- the reference peer


class Peer:
    """An end of a channel with the node at a port; its messages wait until flush()."""

    def __init__(self, port: str, listener: str = "api") -> None:
        self.port = int(port)
        self.node = Node()
        self.tcp = self.node.connect("127.0.0.1", self.port)
        self.answers: list[bytes] = []
        self.me = self.node.start(lambda m: self.answers.append(m.payload))
        self.party = new_party(ed25519())
        self.end = ChannelEnd.open(self.node, self.party, local(self.tcp, listener))
        if not self.node.run(lambda: self.end.ready, 60):
            raise TimeoutError("no channel")

    def seal(self, payload: bytes, to: str = "echo") -> bytes:
        """The next ciphertext, not sent."""
        kept: list[bytes] = []
        send, self.node.send = self.node.send, lambda onward, back, data: kept.append(data)
        send(self.end.route_to(to), local(self.me), payload)
        self.node.send = send
        return kept[0]

    def put(self, ciphertext: bytes) -> None:
        self.node.send(self.end.remote, (), ciphertext)

    def ask(self, payload: bytes, seconds: float = 60) -> bool:
        seen = len(self.answers)
        self.put(self.seal(payload))
        return self.node.run(lambda: payload in self.answers[seen:], seconds)

    def gone(self) -> bool:
        """Does the node say that its end is closed?"""
        return self.end.channel.closed


def counters(port: str) -> bool:
    """Ten messages of 100 bytes, 2 replays, 3 forged tags, 5 far and 1 old counters."""
    peer = Peer(port)
    first = peer.seal(bytes(100))
    peer.put(first)
    for _ in range(39):
        if not peer.ask(bytes(100)):
            return False
    last = peer.seal(bytes(100))
    peer.put(last)
    for ciphertext in (last, last):
        peer.put(ciphertext)
    for at in (8, 20, -1):
        bad = bytearray(last)
        bad[at] ^= 1
        bad[:8] = (int.from_bytes(last[:8], "big") + 1).to_bytes(8, "big")
        peer.put(bytes(bad))
    for ahead in (34, 100, 2**32, 2**63, 2**64 - 1):
        peer.put(ahead.to_bytes(8, "big") + last[8:] if ahead > 99 else
                 (int.from_bytes(last[:8], "big") + ahead).to_bytes(8, "big") + last[8:])
    peer.put(first)
    if not peer.ask(b"end"):
        return False
    print(ctl("secure-channel", "list", "--at", "n2", "--output", "json"), file=sys.stderr)
    return True


def forged_far(port: str) -> bool:
    """Counters that are far ahead close nothing and move nothing, whoever sends how many."""
    peer = Peer(port)
    if not peer.ask(b"one"):
        return False
    for burst in range(4):
        for ahead in range(40, 140):
            peer.put((ahead + 200 * burst).to_bytes(8, "big") + os.urandom(64))
        time.sleep(1.1)  # once a second the node looks at one
        if not peer.ask(b"between"):
            return False
    return not peer.gone()


def deaf(port: str) -> bool:
    """The peer went on without us: 100 messages are lost, and none will come again."""
    peer = Peer(port)
    if not peer.ask(b"one"):
        return False
    for _ in range(100):
        peer.seal(b"lost")
    end = time.monotonic() + 120
    while not peer.gone() and time.monotonic() < end:
        peer.put(peer.seal(b"far"))
        peer.node.run(peer.gone, 0.5)
    return peer.gone() and not peer.answers[1:]


def back_in_time(port: str) -> bool:
    """What was far ahead is taken once the messages before it have come after all."""
    peer = Peer(port)
    messages = [peer.seal(b"%d" % i) for i in range(100)]
    for _ in range(3):
        peer.put(messages[99])
        time.sleep(1.1)
    for message in messages:
        peer.put(message)
    return peer.node.run(lambda: len(peer.answers) == 100, 60) and not peer.gone()


def early(port: str) -> bool:
    """Messages right behind message 3, before the node can have judged us."""
    peer = Node()
    tcp = peer.connect("127.0.0.1", int(port))
    answers: list[bytes] = []
    me = peer.start(lambda m: answers.append(m.payload))
    end = ChannelEnd.open(peer, new_party(*[ed25519() for _ in range(20)]), local(tcp, "api"))
    wire = peer.connections[tcp]
    held: list[bytes] = []
    send = wire.send

    def hold(message: Envelope) -> None:
        held.append(message.frame())

    wire.send = hold
    if not peer.run(lambda: end.ready, 60):
        return False
    for i in range(200):
        peer.send(end.route_to("echo"), local(me), b"%d" % i)
    wire.sock.sendall(b"".join(held))
    wire.send = send
    return peer.run(lambda: len(answers) == 200, 60) and answers == [b"%d" % i for i in range(200)]


def half_open(port: str, count: str, seconds: str = "3") -> bool:
    """First messages, of which none is followed by a third."""
    node = Node()
    tcp = node.connect("127.0.0.1", int(port))
    frames = []
    for i in range(int(count)):
        frames.append(Envelope(local("api"), local(f"d{i}"), os.urandom(32)).frame())
    node.connections[tcp].sock.sendall(b"".join(frames))
    node.run(lambda: False, int(seconds))
    return True


def follow(first: str, second: str) -> bool:
    """The node answers along the connection that the newest message came by."""
    peer = Peer(first)
    if not peer.ask(b"one") or not peer.ask(b"two"):
        return False
    old = peer.tcp
    peer.tcp = peer.node.connect("127.0.0.1", int(second))
    peer.end.remote = local(peer.tcp) + peer.end.remote[1:]
    peer.node.connections[old].close()
    del peer.node.connections[old]
    return all(peer.ask(b"%d" % i) for i in range(50))


def stay(first: str, second: str) -> bool:
    """What is old, said before, forged or no message does not make the node answer elsewhere."""
    peer = Peer(first)
    late, again = peer.seal(b"late"), peer.seal(b"again")
    peer.put(again)
    if not peer.node.run(lambda: b"again" in peer.answers, 60) or not peer.ask(b"newest"):
        return False
    forged = bytearray(peer.seal(b"forged"))
    forged[-1] ^= 1
    refresh = peer.end.channel.seal(RefreshCredentials(peer.party.identity.history, ()))
    with socket.create_connection(("127.0.0.1", int(second)), 10) as other:
        other.sendall(b"\1")
        for ciphertext in (late, again, bytes(forged), refresh):
            other.sendall(Envelope(peer.end.remote[1:], (), ciphertext).frame())
        # The late one is genuine: it is answered, where all are.
        if not peer.node.run(lambda: b"late" in peer.answers, 60) or not peer.ask(b"after"):
            return False
        other.settimeout(1)
        got = other.recv(4096)
        with contextlib.suppress(TimeoutError):
            got += other.recv(4096)
    return got == b"\1" and not {b"forged"} & set(peer.answers)


CASES = [move, wait_room, exact, too_large, silent, counters, forged_far, deaf, back_in_time, early,
         half_open, follow, stay]


if __name__ == "__main__":
    sys.exit(not {case.__name__: case for case in CASES}[sys.argv[1]](*sys.argv[2:]))
