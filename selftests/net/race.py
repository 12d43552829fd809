#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Make, change, list and delete the same objects at once: race.py SECONDS PORT.

Each process repeats one job; errors are expected, an end is not. Prints how often
each job ran.
"""

import contextlib
import multiprocessing
import random
import socket
import sys
import time

import af_ockam
from genl import Genl, attr

SECONDS, PORT = float(sys.argv[1]), int(sys.argv[2])
X, KEPT = attr("NODE_NAME", "x"), attr("NODE_NAME", "k")
ECHO = attr("EXPOSE", af_ockam.route("echo"))
HERE = attr("IP", socket.inet_aton("127.0.0.1"))


def nodes(genl: Genl) -> None:
    genl.ask(random.choice(["NODE_NEW", "NODE_NEW", "NODE_DEL"]), X)


def settings(genl: Genl) -> None:
    group = random.randrange(1, 9)
    genl.ask("NODE_SET", X + attr("GROUP_LOW", group) + attr("GROUP_HIGH", group))
    genl.ask("NODE_SET", X + attr("DEFAULT", b""))


def contents(genl: Genl) -> None:
    """A service, a listener and a connection of one address each."""
    name = attr("ADDRESS", b"s")
    genl.ask("SERVICE_NEW", X + attr("TYPE", "echo") + name)
    genl.ask("CHANNEL_LISTENER_NEW", X + attr("ADDRESS", b"l"))
    genl.ask("TCP_LISTENER_NEW", X + HERE + attr("PORT", PORT + 1) + ECHO)
    genl.ask("TCP_CONNECTION_NEW", X + HERE + attr("PORT", PORT) + ECHO)
    genl.ask("ENDPOINT_DEL", X + random.choice([name, attr("ADDRESS", b"l")]))


def dumps(genl: Genl) -> None:
    for command in ("NODE_GET", "ENDPOINT_GET", "EXPOSURE_GET", "STATS_GET"):
        genl.dump(command)
        genl.dump(command, X)


def sockets(_: Genl) -> None:
    """Open and close, on the node that comes and goes and on the one that stays."""
    name = random.choice("abc")
    for node in ("x", "k"):
        with contextlib.suppress(OSError), af_ockam.worker(name, node) as sock, \
                af_ockam.connected(af_ockam.route(name), node) as other:
            sock.setblocking(False)
            other.setblocking(False)
            other.send(b"x")
            sock.recv(1)
    with contextlib.suppress(OSError), af_ockam.server("c", "x") as sock:
        pass


JOBS = [nodes, nodes, settings, contents, dumps, sockets, sockets]


def repeat(job, count) -> None:  # noqa: ANN001
    genl = Genl()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        job(genl)
        count.value += 1


def main() -> int:
    counts = [multiprocessing.Value("L", 0) for _ in JOBS]
    workers = [multiprocessing.Process(target=repeat, args=pair)
               for pair in zip(JOBS, counts, strict=True)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(SECONDS + 120)
    for job, count in zip(JOBS, counts, strict=True):
        print(f"{job.__name__}: {count.value} times")
    bad = [worker for worker in workers if worker.exitcode != 0]
    return 1 if bad or not all(count.value for count in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
