#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Many relays and channels at once: scale.py RELAYS CHANNELS PORT CONNECTION.

The relays are on the node that listens at PORT, the channels between node "c" and that one, over
c's CONNECTION. Prints what each took: memory, and the time of the last tenth against the first.
"""

import hashlib
import socket
import sys
import time

from genl import C, Genl, attr, attributes
from ockam_ref.messages import local
from ockam_ref.node import bare_string
from ockam_ref.transport import Envelope

RELAYS, CHANNELS, PORT, CONNECTION = *map(int, sys.argv[1:4]), sys.argv[4]
BATCH = 8
UP = 2


def meminfo() -> dict[str, int]:
    with open("/proc/meminfo", encoding="ascii") as lines:
        return {line.split(":")[0]: int(line.split()[1]) << 10 for line in lines}


def used() -> int:
    memory = meminfo()
    return memory["MemTotal"] - memory["MemFree"] - memory["Buffers"] - memory["Cached"]


def slabs() -> dict[str, int]:
    """Bytes in use by cache."""
    out = {}
    with open("/proc/slabinfo", encoding="ascii") as lines:
        for line in list(lines)[2:]:
            words = line.split()
            out[words[0]] = int(words[1]) * int(words[3])
    return out


def yardstick() -> float:
    """Seconds of a fixed computation: an emulator's speed depends on what else its host does."""
    began = time.monotonic()
    for _ in range(200):
        hashlib.sha256(bytes(10000)).digest()
    return time.monotonic() - began


def measured(what: str, count: int, ends: int, make) -> None:  # noqa: ANN001
    """Run make(first, last) for each tenth, and say what it took."""
    memory, before, tenths = used(), slabs(), count // 10
    times, sticks = [], []
    for tenth in range(10):
        sticks.append(yardstick())
        began = time.monotonic()
        make(tenth * tenths, (tenth + 1) * tenths)
        times.append(time.monotonic() - began)
        sticks[-1] += yardstick()
        print(f"# {what}: {(tenth + 1) * tenths} after {sum(times):.1f} s", file=sys.stderr, flush=True)
    time.sleep(1)
    each = (used() - memory) / (count * ends)
    ratio = times[-1] / times[0]
    after = slabs()
    most = sorted(after, key=lambda name: before.get(name, 0) - after[name])[:6]
    print(f"# {count} {what}: {each:.0f} bytes each" + (" end" if ends > 1 else "") +
          f", {sum(times):.1f} s; a tenth took " + " ".join(f"{t:.2f}" for t in times) +
          f" s: the last is {ratio:.2f} of the first, {ratio * sticks[0] / sticks[-1]:.2f}"
          " when each is measured by a fixed computation beside it")
    print("#   slab bytes each: " + ", ".join(
        f"{name} {(after[name] - before.get(name, 0)) / (count * ends):.0f}" for name in most), flush=True)


class Registrar:
    def __init__(self) -> None:
        self.sock = socket.create_connection(("127.0.0.1", PORT), 120)
        self.sock.sendall(b"\x01")
        self.stream = self.sock.makefile("rb")
        assert self.stream.read(1) == b"\x01"

    def make(self, first: int, last: int) -> None:
        frames = []
        for number in range(first, last):
            frames.append(Envelope(local("static_forwarding_service"), local("me"),
                                   bare_string(b"r%d" % number)).frame())
        for at in range(0, len(frames), 64):
            part = frames[at:at + 64]
            self.sock.sendall(b"".join(part))
            for _ in part:
                self.stream.read(int.from_bytes(self.stream.read(4), "big"))


def binary(*hops: str) -> bytes:
    return b"".join(bytes([0, len(hop)]) + hop.encode() for hop in hops)


class Opener:
    def __init__(self) -> None:
        self.genl = Genl()
        self.node = attr("NODE_NAME", "c")
        self.route = attr("ROUTE", binary(CONNECTION, "api"))

    def get(self, address: bytes) -> int:
        err, answers = self.genl.ask("ENDPOINT_GET", self.node + attr("ADDRESS", address))
        assert not err, f"a channel is gone: {err}"
        return int.from_bytes(attributes(answers[0])[C["OCKAM_A_STATE"]], sys.byteorder)

    def make(self, first: int, last: int) -> None:
        for at in range(first, last, BATCH):
            new = []
            for _ in range(min(BATCH, last - at)):
                err, answers = self.genl.ask("CHANNEL_NEW", self.node + self.route)
                assert not err, f"no channel: {err}"
                new.append(attributes(answers[0])[C["OCKAM_A_ADDRESS"]])
            for address in new:
                while self.get(address) != UP:
                    time.sleep(0.002)
        self.last = address.decode()


registrar, opener = Registrar(), Opener()
measured("relays", RELAYS, 1, registrar.make)
measured("channels", CHANNELS, 2, opener.make)
print(opener.last, flush=True)
sys.stdin.read()	# they stay until then
