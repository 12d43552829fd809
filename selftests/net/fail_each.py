#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Let each allocation fail once, in each request and call: fail_each.py PORT. Prints TAP.

Each allocation of this task counts, and each copy from and to it. A failed operation must
leave nothing behind; once none is left to fail, it must succeed.
"""

import os
import socket
import struct
import sys
import time

import af_ockam
from genl import C, F_ACK, F_DUMP, F_REQUEST, Genl, attr, attributes

PORT = int(sys.argv[1])
MOST = 400  # allocations in one operation
NODE = attr("NODE_NAME", "k")
HOST = attr("IP", socket.inet_aton("127.0.0.1"))
THERE = HOST + attr("PORT", PORT)

genl = Genl()
genl.sock.settimeout(5)
fail_nth = os.open("/proc/thread-self/fail-nth", os.O_RDWR)


def arm(count: int) -> None:
    """The failure of before, if it is still to come, may hit this call."""
    while True:
        try:
            os.pwrite(fail_nth, str(count).encode(), 0)
            return
        except OSError:
            pass


def disarm() -> bool:
    """True when the failure happened before."""
    try:
        happened = not int(os.pread(fail_nth, 16, 0))
    except OSError:
        return False  # it hit this call
    arm(0)
    return happened


def objects() -> int:
    return len(genl.dump("ENDPOINT_GET", NODE)[1]) + len(genl.dump("NODE_GET")[1])


def number(found: dict[int, bytes], name: str) -> int | None:
    value = found.get(C["OCKAM_A_" + name])
    return None if value is None else struct.unpack("=I", value)[0]


def kinds() -> list[int | None]:
    return sorted(number(attributes(a), "KIND") for a in genl.dump("ENDPOINT_GET", NODE)[1])


def calm() -> int:
    """Objects, once their number has stayed the same for a while."""
    before, since = objects(), time.monotonic()
    while time.monotonic() < since + 3:
        time.sleep(0.2)
        now = objects()
        if now != before:
            before, since = now, time.monotonic()
    return before


def settled(before: int) -> bool:
    """What the operation began is gone, or will be soon."""
    start = time.monotonic()
    while objects() != before:
        if time.monotonic() > start + 60:
            return False
        if time.monotonic() > start + 10:
            drop_answerers()
        time.sleep(0.1)
    return True


def remove(answers: list[bytes]) -> None:
    for answer in answers:
        address = attributes(answer).get(C["OCKAM_A_ADDRESS"])
        if address:
            if genl.ask("ENDPOINT_DEL", NODE + attr("ADDRESS", address))[0]:
                print(f"# {address!r} cannot be deleted")
        else:
            genl.ask("NODE_DEL", attr("NODE_NAME", "x"))


class Request:
    """A netlink request that makes something; it is handled while it is sent."""

    flags = F_REQUEST | F_ACK

    def __init__(self, cmd: str, *attrs: bytes) -> None:
        self.cmd, self.attrs = C["OCKAM_CMD_" + cmd], b"".join(attrs)

    def __call__(self, count: int) -> tuple[bool, bool]:
        arm(count)
        try:
            genl.send(self.cmd, self.attrs, self.flags)
            sent = True
        except OSError:
            sent = False
        failed = disarm()
        errno, answers = genl.read() if sent else (1, [])
        if self.flags & F_ACK:
            remove(answers)
        if errno and not failed:
            print(f"# {os.strerror(errno)}, without a failure")
        return not errno, failed


class NamedRequest(Request):
    """Its answer is an acknowledgement alone: what it made goes by its name."""

    def __init__(self, name: bytes, cmd: str, *attrs: bytes) -> None:
        super().__init__(cmd, attr("ADDRESS", name), *attrs)
        self.name = name

    def __call__(self, count: int) -> tuple[bool, bool]:
        result = super().__call__(count)
        genl.ask("ENDPOINT_DEL", NODE + attr("ADDRESS", self.name))
        return result


class Dump(Request):
    flags = F_REQUEST | F_DUMP


class Call:
    """Calls on sockets; fds are closed again whatever happens."""

    def __init__(self, function) -> None:  # noqa: ANN001
        self.function = function

    def __call__(self, count: int) -> tuple[bool, bool]:
        arm(count)
        try:
            self.function()
            good = True
        except (OSError, MemoryError):
            good = False
        return good, disarm()


def drop_answerers() -> None:
    """Ends that answered and opened. When the other end fails with its last message under way,
    or its Close message is what failed, they learn of it when the connection ends."""
    for answer in genl.dump("ENDPOINT_GET", NODE)[1]:
        found = attributes(answer)
        if number(found, "KIND") == C["OCKAM_ENDPOINT_CHANNEL"] \
                and number(found, "ROLE") == C["OCKAM_ROLE_RESPONDER"] \
                and number(found, "STATE") == C["OCKAM_STATE_UP"]:
            genl.ask("ENDPOINT_DEL", NODE + attr("ADDRESS", found[C["OCKAM_A_ADDRESS"]]))


def bind_and_close() -> None:
    with af_ockam.worker("w", "k"):
        pass


def ask_locally() -> None:
    with af_ockam.connected(af_ockam.route("uppercase"), "k") as sock:
        sock.settimeout(5)
        sock.send(b"\1a")
        sock.recv(16)


def ask_over_tcp() -> None:
    """The answer passes workers of the kernel: only what this task does may fail."""
    with af_ockam.connected(af_ockam.route(f"1#127.0.0.1:{PORT}", "uppercase"), "k") as sock:
        sock.settimeout(20)
        sock.send(b"\1a")
        sock.recv(16)


def send_large() -> None:
    with af_ockam.worker("w", "k"), af_ockam.connected(af_ockam.route("w"), "k") as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        sock.setblocking(False)
        sock.send(bytes(150000))


def listen_and_close() -> None:
    with af_ockam.server("s", "k"):
        pass


def open_channel() -> None:
    hops = af_ockam.route(f"1#127.0.0.1:{PORT}", "api")
    with af_ockam.connected(hops, "k", socket.SOCK_SEQPACKET):
        pass


LISTENER = af_ockam.route("echo")
CASES = {
    "node": Request("NODE_NEW", attr("NODE_NAME", "x")),
    "service": NamedRequest(b"h", "SERVICE_NEW", NODE, attr("TYPE", "hop")),
    "tcp-listener": Request("TCP_LISTENER_NEW", NODE, HOST, attr("PORT", 0),
                            attr("EXPOSE", LISTENER)),
    "tcp-connection": Request("TCP_CONNECTION_NEW", NODE, THERE, attr("EXPOSE", LISTENER)),
    "channel-listener": Request("CHANNEL_LISTENER_NEW", NODE, attr("ADDRESS", b"l"),
                                attr("IDENTIFIERS", bytes(64)), attr("EXPOSE", LISTENER)),
    "link": Request("LINK_NEW", NODE, THERE, attr("LABEL", "p"),
                    attr("ROUTE", af_ockam.route("api"))),
    "relay-client": Request("RELAY_CLIENT_NEW", NODE, THERE, attr("LABEL", "r"),
                            attr("ADDRESS", b"r"), attr("ROUTE", af_ockam.route("api"))),
    "dump of nodes": Dump("NODE_GET"),
    "dump of endpoints": Dump("ENDPOINT_GET", NODE),
    "dump of counters": Dump("STATS_GET"),
    "bind": Call(bind_and_close),
    "a message in the node": Call(ask_locally),
    "a message over TCP": Call(ask_over_tcp),
    "a large message": Call(send_large),
    "listen": Call(listen_and_close),
    "a channel": Call(open_channel),
}


def run(name: str, operation) -> str:  # noqa: ANN001
    """What is wrong, or an empty string."""
    if not operation(0)[0]:
        return "it fails by itself"
    before = calm()
    for count in range(1, MOST):
        good, failed = operation(count)
        if not settled(before):
            return f"failure {count} left something behind: {before} objects, now {kinds()}"
        if not failed:
            print(f"# {name}: {count - 1} allocations failed, one after the other")
            return "" if good and count > 1 else f"good {good} without failure {count}"
    return f"more than {MOST} allocations"


def main() -> int:
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (name, operation) in enumerate(CASES.items(), 1):
        why = run(name, operation)
        failed += bool(why)
        print(f"{'not ok' if why else 'ok'} {number} {name}{' # ' * bool(why)}{why}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
