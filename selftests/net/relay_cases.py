#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A peer of a relay node: relay_cases.py PORT CASE. Exit code 0: it went as it should."""

import json
import socket
import subprocess
import sys

from drops import drops
from live import ask, ed25519, new_party, text
from ockam_ref.messages import local
from ockam_ref.node import ChannelEnd, Node, bare_string
from ockam_ref.transport import Envelope
from until import until

PORT = int(sys.argv[1])
STATIC, ANY = "static_forwarding_service", "forwarding_service"


def joined() -> tuple[Node, str]:
    node = Node()
    return node, node.connect("127.0.0.1", PORT)


def opened(party) -> tuple[Node, ChannelEnd]:  # noqa: ANN001
    node, tcp = joined()
    end = ChannelEnd.open(node, party, local(tcp, "api"))
    assert node.run(lambda: end.ready, 30), "no channel"
    return node, end


def register(node: Node, way, name: bytes, seconds: float = 10) -> str | None:  # noqa: ANN001
    """The relay's address; None when nobody confirmed."""
    answer = ask(node, way, bare_string(name), seconds)
    return answer.return_[-1].value.decode() if answer else None


def names() -> bool:
    """Both services; a name as it is, with the prefix, and one that the relay chooses."""
    node, tcp = joined()
    prefixed = [register(node, local(tcp, STATIC), b"forward_to_p"),
                register(node, local(tcp, ANY), b"forward_to_p")]
    chosen = {register(node, local(tcp, ANY), b"register") for _ in range(3)}
    return prefixed == ["forward_to_forward_to_p", "forward_to_p"] and \
        register(node, local(tcp, STATIC), b"n") == "forward_to_n" and \
        register(node, local(tcp, ANY), b"m" * 128) == "forward_to_" + "m" * 128 and \
        len(chosen) == 3 and all(len(one or "") == len("forward_to_") + 32 for one in chosen)


def bad_names() -> bool:
    """Nine of them, each of which is counted."""
    node, tcp = joined()
    bad = [bare_string(name) for name in (b"", b"a/b", b"a#b", b"\x01", b"a b", b"x" * 129, b"\xff")]
    return not any(ask(node, local(tcp, STATIC), payload, 0.2)
                   for payload in [*bad, b"\x50short", b""])


def hops() -> bool:
    """What the target gets: its own part of the route, and the same payload."""
    got: list[Envelope] = []
    node, tcp = joined()
    node.start(got.append, "deep")
    register(node, local(tcp, STATIC), b"h")
    other, way = joined()
    other.send(local(way, "forward_to_h", "deep", "deeper"), local("back", "farther"), b"\x00\xff" * 40000)
    node.run(lambda: bool(got), 20)
    return [[a.value for a in got[0].onward], [a.value for a in got[0].return_[2:]], got[0].payload] == \
        [[b"deep", b"deeper"], [b"back", b"farther"], b"\x00\xff" * 40000]


def replaced() -> bool:
    """An identity's name is taken by it again, and by nobody else."""
    owner, stranger = new_party(ed25519()), new_party(ed25519())
    first, end = opened(owner)
    assert register(first, end.route_to(STATIC), b"mine") == "forward_to_mine"
    other, way = opened(stranger)
    plain, tcp = joined()
    if register(other, way.route_to(STATIC), b"mine", 1) or register(plain, local(tcp, STATIC), b"mine", 1):
        return False
    second, again = opened(owner)
    second.serve_uppercase()
    assert register(second, again.route_to(STATIC), b"mine") == "forward_to_mine"
    answers: list[Envelope] = []
    plain.send(local(tcp, "forward_to_mine", "uppercase"), local(plain.start(answers.append)), bare_string(b"x"))
    for _ in range(20):
        second.run(lambda: False, 0.2)
        if plain.run(lambda: bool(answers), 0.2):
            break
    return text(answers[0]) == "X"


def plain_names() -> bool:
    """Without an identity the connection is what a name belongs to, as long as it lives."""
    first, tcp = joined()
    other, way = joined()
    if register(first, local(tcp, STATIC), b"p") is None or register(other, local(way, STATIC), b"p", 1):
        return False
    again = register(first, local(tcp, STATIC), b"p")
    first.connections[tcp].close()
    first.connections.clear()
    return again == "forward_to_p" and any(
        register(other, local(way, STATIC), b"p", 1) for _ in range(10))


def many(names: list[bytes]) -> int:
    """Send registrations as fast as they go; how many were confirmed. The names are of one length."""
    confirmed: list[Envelope] = []
    node, tcp = joined()
    me = node.start(confirmed.append)
    frame = Envelope(local(STATIC), local(me), bare_string(names[0])).frame()
    node.connections[tcp].sock.sendall(b"".join(frame.replace(names[0], name) for name in names))
    return len(confirmed) if ask(node, local(tcp, "echo"), b"done", 60) else -1


def flood_of_names() -> bool:
    return many([b"f%05d" % number for number in range(10000)]) == 3


def flood_of_one_name() -> bool:
    """Ten a second are allowed."""
    confirmed = many([b"same"] * 2000)
    print(f"# {confirmed} of 2000 registrations of one name")
    return 10 <= confirmed < 1000


def not_authorized() -> bool:
    node, end = opened(new_party(ed25519()))
    plain, tcp = joined()
    return register(node, end.route_to(STATIC), b"z", 1) is None and \
        register(plain, local(tcp, STATIC), b"z", 1) is None


def loop() -> bool:
    """A target that sends back to its relay what it gets from there."""
    rounds = 0
    node, tcp = joined()

    def back(message: Envelope) -> None:
        nonlocal rounds
        rounds += 1
        node.route(Envelope(local(tcp, "forward_to_loop", "again"), message.return_, message.payload))

    node.start(back, "again")
    register(node, local(tcp, STATIC), b"loop")
    node.send(local(tcp, "forward_to_loop", "again"), local("me"), b"round")
    node.run(lambda: False, 5)
    print(f"# {rounds} rounds")
    return 10 < rounds <= 16


def liar() -> bool:
    """A return route with the address of another connection: nothing is opened to that one."""
    got: list[Envelope] = []
    here: list[Envelope] = []
    third, tcp = joined()
    third.start(got.append, "victim")
    register(third, local(tcp, STATIC), b"third")
    hop = json.loads(subprocess.run(["ockamctl", "relay", "show", "forward_to_third", "--host", "-j"],
                                    capture_output=True, check=True).stdout)["forwarding_route"].split("/")[2]
    target, way = joined()
    target.start(here.append, "worker")
    register(target, local(way, STATIC), b"t")
    sender, by = joined()
    sender.send(local(by, "forward_to_t", "worker"), local(hop, "victim"), b"lie")
    target.run(lambda: bool(here), 10)
    target.send(here[0].return_, local("worker"), b"answer")
    target.send(local(way, hop, "victim"), local("worker"), b"short cut")
    sender.run(lambda: False, 0.5)
    third.run(lambda: bool(got), 1)
    return here[0].return_[2].value == hop.encode() and not got


def deaf() -> bool:
    """A target that stops reading: others go on, and what waits for it is bounded."""
    target, way = joined()
    register(target, local(way, STATIC), b"deaf")
    sender, by = joined()
    sock = sender.connections[by].sock
    sock.settimeout(2)
    sent = 0
    try:
        for _ in range(2000):
            sender.send(local(by, "forward_to_deaf", "x"), local("me"), bytes(1 << 16))
            sent += 1 << 16
    except (OSError, TimeoutError):
        pass
    print(f"# {sent >> 10} KiB went towards a target that reads nothing")
    good, hear = joined()
    good.serve_uppercase()
    register(good, local(hear, STATIC), b"good")
    ask_by, tcp = joined()
    answers: list[Envelope] = []
    ask_by.send(local(tcp, "forward_to_good", "uppercase"), local(ask_by.start(answers.append)), bare_string(b"on"))
    good.run(lambda: False, 1)
    ask_by.run(lambda: bool(answers), 5)
    return bool(answers) and text(answers[0]) == "ON" and sent < 64 << 20


def many_senders() -> bool:
    """Each sender's first message waits for the target, but not those of any number of senders."""
    target, way = joined()
    register(target, local(way, STATIC), b"deaf")
    there = []
    for _ in range(14):
        sender, by = joined()
        sender.connections[by].sock.settimeout(60)
        sender.send(local(by, "forward_to_deaf", "x"), local("me"), bytes(8 << 20))
        there.append(sender)
    return until(lambda: drops("project").get("queue-full", 0), 60)


def gone() -> bool:
    """A relay goes with its connection."""
    node, tcp = joined()
    return register(node, local(tcp, STATIC), b"gone") == "forward_to_gone"


if __name__ == "__main__":
    socket.setdefaulttimeout(60)
    sys.exit(not globals()[sys.argv[2]]())
