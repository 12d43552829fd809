#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Write seeds from the test vectors: seeds.py FOLDER makes FOLDER/TARGET/*.

Kept inputs, one in hexadecimal on each line of kept/TARGET, join them.
"""

import json
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parent / "unit/vectors"
REAL, LAX = b"\0", b"\1"	# how signatures are judged
# Targets whose input is choices, not a message: any bytes will do.
CHOICES = ("cbor_write", "envelope", "changes", "vouch", "noise", "handshake", "nonce", "slot",
           "ed25519")
NOW = 1700001000


class Seeds(dict[str, list[bytes]]):
    def add(self, target: str, *parts: bytes) -> None:
        self.setdefault(target, []).append(b"".join(parts))


def load(name: str) -> dict:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def part(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def clock(now: int) -> bytes:
    return now.to_bytes(8, "big")


def wire(seeds: Seeds, routing: dict, channel: dict) -> None:
    whole = b"\xff\xff"		# where the target cuts
    for entry in routing["upstream_tests"] + routing["derived"]:
        data, kind = entry.get("hex", ""), entry["format"]
        if not isinstance(data, str):
            continue
        if kind == "tcp-frame":
            seeds.add("transport", whole, bytes.fromhex(data[8:]))
        elif kind.startswith("bare"):
            seeds.add("bare", bytes.fromhex(data))
        elif kind.startswith("cbor"):
            seeds.add("cbor", bytes.fromhex(data))
        if kind.startswith("multiaddr") and "text" in entry:
            seeds.add("multiaddr", entry["text"].encode())
            seeds.add("client_route", entry["text"].encode())
        if "text" in entry:
            seeds.add("address", entry["text"].encode())
        if "route" in entry and all("#" in hop for hop in entry["route"]):
            hops = [hop.split("#", 1) for hop in entry["route"]]
            seeds.add("route", *(bytes([int(kind), len(value)]) + value.encode()
                                 for kind, value in hops))
        for text in entry.get("texts", []) + entry.get("accept", []):
            seeds.add("host_port", text.encode())
        for case in entry.get("cases", []):
            if "host" in case or kind.startswith("multiaddr"):
                seeds.add("host_port" if "host" in case else "multiaddr", case["text"].encode())
    for case in routing["decoder_tolerance"]["cases"]:
        seeds.add("transport", whole, bytes.fromhex(case["hex"]))
    for entry in channel["inner_messages"] + channel["inner_message_decoding"]:
        seeds.add("inner", whole, bytes.fromhex(entry["plaintext"]))
    for major in range(8):
        for width in range(4):
            for value in (0, 23, 24, 255, 256, (1 << (8 << width)) - 1):
                if value < 1 << (8 << width):
                    head = bytes([major << 5 | 24 + width]) + value.to_bytes(1 << width, "big")
                    seeds.add("cbor", head, b"\0" * (value if major > 1 and value < 300 else 0))
    for size in (0, 254, 255, 256):
        seeds.add("address", b"7#" + b"a" * size)
    for count in (31, 32, 33):
        seeds.add("route", b"\0\1a" * count)
        hops = b"\x98" + bytes([count]) + b"\x82\0\x41a" * count
        seeds.add("transport", whole, b"\x83", hops, hops, b"\x40")


def identities(seeds: Seeds, vectors: dict, channel: dict) -> None:
    named = {e["name"]: bytes.fromhex(e["change_history"]) for e in vectors["identities"]}
    known = {e["identifier"]: named[e["name"]] for e in vectors["identities"]
             if e["name"] in vectors["attestation_verification"]["known_identities"]}
    some = next(iter(known))

    def subject(case: dict) -> bytes:
        return bytes.fromhex((case["expected_subject"] or some)[1:])

    for mode in (REAL, LAX):
        for entry in vectors["histories"]:
            seeds.add("history", mode, bytes.fromhex(entry["change_history"]))
        for case in vectors["comparisons"]:
            seeds.add("compare", mode, part(named[case["current"]]), named[case["known"]])
        for case in vectors["attestation_verification"]["cases"]:
            for identifier, history in known.items():
                if identifier[1:] in case["attestation"]:
                    for wanted in b"\0\1\2":	# nobody, the subject, another
                        seeds.add("attestation", mode, clock(case["now"]), part(history),
                                  bytes([wanted]), bytes.fromhex(case["attestation"]))
        for case in vectors["credential_verification"]["cases"]:
            seeds.add("credential", mode, clock(case["now"]), part(known[case["authority"]]),
                      subject(case), b"\1", bytes.fromhex(case["credential"]))
        for role, number in (("responder", 1), ("initiator", 2)):
            seeds.add("payload", mode, clock(NOW),
                      bytes.fromhex(channel["full_handshake"][f"{role}_static"]["public"]),
                      bytes.fromhex(channel["full_handshake"]["payloads"][number]))
        for message in load("upstream")["messages"]:
            seeds.add("payload", mode, clock(NOW), bytes(32), bytes.fromhex(message["plaintext"]))
        for entry in load("upstream")["identities"]:
            seeds.add("history", mode, bytes.fromhex(entry["change_history"]))


def noise(seeds: Seeds, channel: dict) -> None:
    for vector in (channel["bare_handshake"], channel["full_handshake"]):
        secrets = {role: b"".join(bytes.fromhex(vector[f"{role}_{kind}"]["secret"])
                                  for kind in ("static", "ephemeral"))
                   for role in ("initiator", "responder")}
        messages = [part(bytes.fromhex(message)) for message in vector["messages"]]
        seeds.add("noise_read", b"\0", secrets["initiator"], messages[1])
        seeds.add("noise_read", b"\1", secrets["responder"], messages[0], messages[2])
        seeds.add("noise", secrets["initiator"], secrets["responder"], b"\3\10abcdefgh" * 9)


def main() -> None:
    routing, channel = load("routing"), load("secure-channel")
    seeds = Seeds()
    wire(seeds, routing, channel)
    identities(seeds, load("identity"), channel)
    noise(seeds, channel)
    rng = random.Random(20241024)
    for target in CHOICES:
        for _ in range(24):
            seeds.add(target, rng.randbytes(rng.randint(16, 400)))
    for change in (b"\1\0", b"\2\0", b"\4\0"):	# in the signature, the key, s
        for at in (0, 31, 32, 63):
            seeds.add("ed25519", change, bytes([at, 1 << at % 8]), rng.randbytes(48))
    seeds.add("client_route", b"/service/a" * 33)
    seeds.add("client_route", b"/ip4/10.0.0.1/tcp/65536/worker/x/ip6/::1/tcp/1")
    for text in (b"I" + b"0123456789abcdef" * 4, b"I" + b"ABCDEF0123456789" * 4):
        seeds.add("client_id", text)
    for path in sorted(HERE.glob("kept/*")):
        for line in path.read_text(encoding="ascii").split():
            seeds.add(path.name, bytes.fromhex(line))
    for target, inputs in seeds.items():
        folder = Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(inputs):
            (folder / f"seed-{number}").write_bytes(data)


if __name__ == "__main__":
    main()
