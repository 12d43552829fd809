#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""TCP connections of a node, seen from a peer and from sockets: tcp_cases.py PORT. Prints TAP.

The node listens on 127.0.0.1:PORT and exposes echo, uppercase, slow and srv there.
"""

import contextlib
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator

from af_ockam import accepted, connected, route, server, worker
from drops import counts
from live import ask, ed25519, new_party, report, text
from ockam_ref.messages import Payload, local
from ockam_ref.node import ChannelEnd, Node, bare_string
from ockam_ref.transport import Envelope
from until import until

HOST, PORT = "127.0.0.1", int(sys.argv[1])
MAX = 16 << 20


def peer() -> tuple[Node, str, socket.socket]:
    node = Node()
    tcp = node.connect(HOST, PORT)
    return node, tcp, node.connections[tcp].sock


def answers(node: Node, tcp: str, seconds: float = 60) -> bool:
    return text(ask(node, local(tcp, "uppercase"), bare_string(b"a"), seconds)) == "A"


def alive() -> bool:
    node, tcp, sock = peer()
    good = answers(node, tcp)
    sock.close()
    return good


def connections() -> int:
    with open("/proc/net/ockam", encoding="ascii") as table:
        return int(dict(line.split() for line in table if line.count(" ") == 1)["connections"])


def quiet() -> bool:
    """All connections of the cases before are gone."""
    return until(lambda: connections() == 0, 60)


def frame(*onward: str, payload: bytes) -> bytes:
    return Envelope(local(*onward), local("back"), payload).frame()


@contextlib.contextmanager
def channel_of(node: Node, tcp: str) -> Iterator[tuple[ChannelEnd, socket.socket]]:
    """Our end of a channel with srv, and the socket that it was accepted by."""
    with server("srv") as listening:
        end = ChannelEnd.open(node, new_party(ed25519()), local(tcp, "srv"))
        node.run(lambda: end.ready, 20)
        with accepted(listening) as channel:
            yield end, channel


def sealed(end: ChannelEnd, payload: bytes) -> bytes:
    """The frame of a message through the channel, for any connection of the node."""
    ciphertext = end.channel.seal(Payload(local("srv"), local("x"), payload))
    return Envelope(end.remote[1:], (), ciphertext).frame()


def takes(sock: socket.socket, seconds: float) -> bool:
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    return bool(poller.poll(1000 * seconds))


def push(sock: socket.socket, data: bytes, most: int, quiet: float) -> int:
    """Send data again and again until nothing was taken for some time; bytes that were."""
    sock.setblocking(False)
    sent = 0
    while sent < most and takes(sock, quiet):
        at = sent % len(data)
        sent += sock.send(data[at:at + (1 << 16)])
    sock.setblocking(True)
    return sent


def largest_message() -> bool:
    """16 MiB less the envelope comes back; one byte above the limit ends the connection."""
    node, tcp, sock = peer()
    payload = os.urandom(MAX - 200)
    answer = ask(node, local(tcp, "echo"), payload, 200)
    if answer is None or answer.payload != payload:
        return False
    sock.sendall(struct.pack(">I", MAX + 1))
    sock.settimeout(20)
    return sock.recv(1) == b"" and alive()


def slow_channel_stalls_its_sender() -> bool:
    """Who does not read his channel stops the sender; nothing is lost, nobody else waits."""
    node, tcp, sock = peer()
    with channel_of(node, tcp) as (end, channel):
        sock.setblocking(False)
        count, size, stalled = 0, 8192, False
        while count < 2000 and not stalled:
            data = sealed(end, struct.pack(">I", count) + bytes(size))
            while data and not stalled:
                stalled = not takes(sock, 3)
                if not stalled:
                    data = data[sock.send(data):]
            count += not stalled
        if not stalled or not alive():
            print(f"# stalled: {stalled}, after {count} messages")
            return False
        channel.settimeout(30)
        for number in range(count):
            got = channel.recv(size + 100)
            if got[:4] != struct.pack(">I", number) or len(got) != size + 4:
                print(f"# message {number} of {count}: {got[:8]!r}")
                return False
        print(f"# stalled after {count} messages of {size} bytes, all came")
    sock.close()
    return True


def messages_that_end_with_a_piece_of_memory() -> bool:
    """A body whose last bytes lie in an skb of their own, which are as few as a trimmed tail leaves.

    Where it lies depends on how much is left of the page before: the short ones move that."""
    node, tcp, sock = peer()
    overhead = len(Envelope(local("echo"), local("back"), b"").encode()) + 8
    long, short = 2048 + 17 * 32768 + 40 - overhead, 2048 + 28673 - overhead
    for number in range(40):
        for size in (short, long):
            payload = number.to_bytes(4, "big") * (size // 4)
            answer = ask(node, local(tcp, "echo"), payload, 30)
            if answer is None or answer.payload != payload:
                print(f"# message {number} of {size} bytes: {answer and len(answer.payload)}")
                return False
    sock.close()
    return True


@counts("k", "queue-full", 1, 100)
def who_comes_by_ever_new_connections_finds_an_end() -> bool:
    """Each may have one message waiting; they are not kept without a bound, and the channel says so."""
    node, tcp, sock = peer()
    others = []
    with channel_of(node, tcp) as (end, channel):
        for _ in range(12):
            others.append(socket.create_connection((HOST, PORT), 10))
            others[-1].settimeout(60)
            try:
                others[-1].sendall(b"\1" + sealed(end, bytes(8 << 20)))
            except ConnectionError:
                break
        channel.settimeout(30)
        try:
            while channel.recv(8 << 20):
                pass
            ended = "in order"
        except OSError as error:
            ended = str(error)
    for other in (sock, *others):
        other.close()
    print(f"# the channel ended: {ended}")
    return "reset" in ended


@counts("k", "queue-full", 1, 200)
def slow_worker_loses_and_stalls_nobody() -> bool:
    """A datagram socket that stays full loses, and the connection's other messages get by."""
    node, tcp, sock = peer()
    with worker("slow"):
        data = frame("slow", payload=bytes(1 << 16))
        if push(sock, data, len(data) * 200, 20) != len(data) * 200:
            return False
        return answers(node, tcp)


def unread_answers_stall_the_connection() -> bool:
    """Who asks and never reads is not asked to be kept in memory for ever."""
    _, _, sock = peer()
    data = frame("echo", payload=bytes(1 << 16))
    sent = push(sock, data, 256 << 20, 4)
    print(f"# {sent >> 10} KiB were taken")
    return sent < 128 << 20 and alive()


def half_close_and_reset() -> bool:
    """An end in good order, one without, one in the middle of a frame: all are forgotten."""
    if not quiet():
        return False
    socks = [peer()[2] for _ in range(6)]
    if not until(lambda: connections() == 6, 60):
        return False
    socks[0].shutdown(socket.SHUT_WR)
    socks[1].sendall(frame("uppercase", payload=b"\1a"))
    socks[1].shutdown(socket.SHUT_WR)
    socks[2].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socks[2].close()
    socks[3].sendall(frame("echo", payload=bytes(1000))[:500])
    socks[3].close()
    socks[4].sendall(b"\0\0")
    socks[4].shutdown(socket.SHUT_RDWR)
    socks[5].close()
    return quiet() and alive()


def keepalive() -> bool:
    """As upstream's: an idle connection is probed."""
    _, _, sock = peer()
    port = sock.getsockname()[1]
    line = subprocess.run(["ss", "-tnoH", "sport", "=", f":{PORT}", "and", "dport", "=", f":{port}"],
                          capture_output=True, text=True, check=True).stdout
    return re.search(r"timer:\(keepalive,([1-4]min|[0-9]+sec|5min,)", line) is not None


def many_connections() -> bool:
    if not quiet():
        return False
    # The debug kernel takes a tenth of a second for each.
    count = 500 if os.environ.get("VM_KERNEL") == "debug" else 2000
    start = time.monotonic()
    socks = [peer()[2] for _ in range(count)]
    made = time.monotonic()
    good = until(lambda: connections() == count, 60)
    print(f"# {connections()} connections of {count}, made in {made - start:.1f} s, "
          f"there {time.monotonic() - made:.1f} s later")
    good = alive() and good
    for sock in socks:
        sock.close()
    return quiet() and good


def many_at_once(count: int = 300) -> bool:
    """A request on each of many connections, then all answers."""
    socks = [peer()[2] for _ in range(count)]
    for sock in socks:
        sock.sendall(frame("uppercase", payload=b"\1a"))
    good = 0
    for sock in socks:
        sock.settimeout(30)
        good += b"\1A" in sock.recv(4096)
        sock.close()
    return good == count


def automatic_connection_is_shared() -> bool:
    """Two sockets whose routes begin with the same 1#ip:port use one connection."""
    if not quiet():
        return False
    with connected(route(f"1#{HOST}:{PORT}", "uppercase")) as one, \
            connected(route(f"1#{HOST}:{PORT}", "uppercase")) as two:
        for sock in (one, two):
            sock.settimeout(20)
            sock.send(b"\1a")
            if sock.recv(16) != b"\1A":
                return False
        return connections() == 2  # both ends are ours


CASES = [
    largest_message, messages_that_end_with_a_piece_of_memory,
    who_comes_by_ever_new_connections_finds_an_end, slow_channel_stalls_its_sender, slow_worker_loses_and_stalls_nobody,
    unread_answers_stall_the_connection, half_close_and_reset, keepalive, many_connections,
    many_at_once, automatic_connection_is_shared,
]


if __name__ == "__main__":
    sys.exit(1 if report(CASES) else 0)
