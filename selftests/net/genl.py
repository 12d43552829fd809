# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Generic netlink requests to the module, byte by byte."""

import re
import socket
import struct
from pathlib import Path

NETLINK_GENERIC, GENL_ID_CTRL, GETFAMILY, CTRL_FAMILY_ID, CTRL_FAMILY_NAME = 16, 16, 3, 1, 2
NLMSG_ERROR, NLMSG_DONE = 2, 3
F_REQUEST, F_ACK, F_DUMP = 1, 4, 0x300


def constants() -> dict[str, int]:
    """The enumerations of the header that programs include."""
    out: dict[str, int] = {}
    text = (Path(__file__).parent / "ockam_genl.h").read_text(encoding="ascii")
    for body in re.findall(r"^enum \w*\s*{(.*?)^};", text, re.S | re.M):
        names = re.findall(r"^\t(\w+)(?: = (\d+))?,", body, re.M)
        value = -1
        for name, given in names:
            value = int(given) if given else value + 1
            out[name] = value
    return out


C = constants()


def attr(name: str, value: bytes | str | int) -> bytes:
    """One attribute; a number is of 32 bits, but a port of 16."""
    if isinstance(value, str):
        value = value.encode() + b"\0"
    elif isinstance(value, int):
        value = struct.pack("=H" if name.endswith("PORT") else "=I", value)
    data = struct.pack("=HH", 4 + len(value), C["OCKAM_A_" + name]) + value
    return data + bytes(-len(data) % 4)


class Genl:
    def __init__(self) -> None:
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.sock.settimeout(30)
        self.family = GENL_ID_CTRL
        name = struct.pack("=HH", 10, CTRL_FAMILY_NAME) + b"ockam\0\0\0"
        for answer in self._talk(GETFAMILY, name, F_REQUEST | F_ACK)[1]:
            self.family = struct.unpack("=H", attributes(answer)[CTRL_FAMILY_ID][:2])[0]

    def _talk(self, cmd: int, attrs: bytes, flags: int) -> tuple[int, list[bytes]]:
        head = struct.pack("=IHHIIBBH", 20 + len(attrs), self.family, flags, 1, 0, cmd, 1, 0)
        self.sock.send(head + attrs)
        answers: list[bytes] = []
        while True:
            data = self.sock.recv(1 << 16)
            while data:
                size, kind = struct.unpack("=IH", data[:6])
                body, data = data[16:size], data[(size + 3) & ~3:]
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    return (-struct.unpack("=i", body[:4])[0] if len(body) >= 4 else 0), answers
                answers.append(body[4:])

    def drain(self) -> None:
        """Throw away what a request that failed half-way left to read."""
        self.sock.setblocking(False)
        try:
            while True:
                self.sock.recv(1 << 16)
        except BlockingIOError:
            self.sock.settimeout(30)

    def ask(self, cmd: str, attrs: bytes = b"") -> tuple[int, list[bytes]]:
        """The errno, 0 for success, and the answers."""
        return self._talk(C["OCKAM_CMD_" + cmd], attrs, F_REQUEST | F_ACK)

    def dump(self, cmd: str, attrs: bytes = b"") -> tuple[int, list[bytes]]:
        return self._talk(C["OCKAM_CMD_" + cmd], attrs, F_REQUEST | F_DUMP)


def attributes(data: bytes) -> dict[int, bytes]:
    out: dict[int, bytes] = {}
    while len(data) >= 4:
        size, kind = struct.unpack("=HH", data[:4])
        out[kind & 0x3fff] = data[4:size]
        data = data[(size + 3) & ~3:]
    return out
