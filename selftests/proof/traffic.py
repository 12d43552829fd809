#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Use many keys: traffic.py CHANNELS MESSAGES. Prints what was done.

Node a opens CHANNELS channels to srv on node b, one after the other, with a few messages in
each. The last one carries MESSAGES in each direction at once, from several processes which
share its socket and whose calls signals interrupt. Sends may fail; that is part of it. The
last channel then stays open until this program gets its end of input.
"""

import os
import signal
import socket
import struct
import sys

import af_ockam

SENDERS = 3
CHANNELS, MESSAGES = int(sys.argv[1]), int(sys.argv[2])
TO_SRV = af_ockam.route("1#127.0.0.1:4001", "srv")


def child(job, *args) -> int:  # noqa: ANN001
    pid = os.fork()
    if pid:
        return pid
    try:
        job(*args)
    finally:
        os._exit(0)


def send(sock: socket.socket, count: int) -> None:
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    for i in range(count):
        try:
            sock.send(b"m" * (i % 200 + 1))
        except OSError:
            pass


def read(sock: socket.socket) -> None:
    while True:
        try:
            if not sock.recv(65536):
                return
        except OSError:
            return


def both_ways(ours: socket.socket, theirs: socket.socket) -> None:
    readers = [child(read, sock) for sock in (ours, theirs)]
    senders = [child(send, sock, MESSAGES // SENDERS) for sock in (ours, theirs)
               for _ in range(SENDERS)]
    for pid in senders:
        os.waitpid(pid, 0)
    for pid in readers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def main() -> None:
    server = af_ockam.server("srv", "b")
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("=qq", 20, 0))
    opened = 0
    for _ in range(CHANNELS):
        try:
            with af_ockam.connected(TO_SRV, "a", socket.SOCK_SEQPACKET) as ours, \
                    af_ockam.accepted(server) as theirs:
                opened += 1
                for sock in (ours, theirs, ours):
                    sock.send(b"hello")
        except OSError:
            pass
    ours = af_ockam.connected(TO_SRV, "a", socket.SOCK_SEQPACKET)
    theirs = af_ockam.accepted(server)
    both_ways(ours, theirs)
    print(f"{opened + 1} channels, {2 * MESSAGES} messages in the last one", flush=True)
    sys.stdin.read()


main()
