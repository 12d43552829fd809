#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Reset the TCP connections of these peers to a port of this machine: reset.py PORT PEER...

It waits for a packet of each, which says what sequence number its peer takes a reset for.
"""

import socket
import struct
import sys

PORT, PEERS = int(sys.argv[1]), set(sys.argv[2:])
ETH_P_IP = 0x0800


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def reset(source: str, peer: str, port: int, seq: int) -> None:
    ends = socket.inet_aton(source) + socket.inet_aton(peer)
    head = struct.pack("!HHIIBBH", PORT, port, seq, 0, 5 << 4, 4, 0)
    pseudo = ends + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(head) + 4)
    head += struct.pack("!HH", checksum(pseudo + head + bytes(4)), 0)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
        raw.bind((source, 0))
        raw.sendto(head, (peer, 0))


left = set(PEERS)
with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as wire:
    wire.settimeout(30)
    while left:
        packet = wire.recv(65536)
        size = (packet[0] & 15) * 4
        peer, here = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        if packet[9] != socket.IPPROTO_TCP or peer not in left:
            continue
        port, to, _, ack, _, flags = struct.unpack("!HHIIBB", packet[size:size + 14])
        if to == PORT and flags & 16 and not flags & 7:
            reset(here, peer, port, ack)
            left.discard(peer)
