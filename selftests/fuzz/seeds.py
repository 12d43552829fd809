#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Write seeds from the test vectors: seeds.py FOLDER makes FOLDER/TARGET/*."""

import json
import sys
from pathlib import Path

VECTORS = Path(__file__).resolve().parent.parent / "unit/vectors"


def load(name: str) -> dict:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def pair(first: str, second: str) -> bytes:
    data = bytes.fromhex(first)
    return len(data).to_bytes(2, "big") + data + bytes.fromhex(second)


def main() -> None:
    routing, identity, channel = load("routing"), load("identity"), load("secure-channel")
    seeds: dict[str, list[bytes]] = {}

    def add(target: str, data: bytes) -> None:
        seeds.setdefault(target, []).append(data)

    for entry in routing["upstream_tests"] + routing["derived"]:
        data = entry.get("hex", "")
        if not isinstance(data, str):
            continue
        if entry["format"] == "tcp-frame":
            add("transport", bytes.fromhex(data[8:]))
        elif entry["format"].startswith("bare"):
            add("bare", bytes.fromhex(data))
        elif entry["format"].startswith("cbor"):
            add("cbor", bytes.fromhex(data))
        elif entry["format"].startswith("multiaddr") and "text" in entry:
            add("multiaddr", entry["text"].encode())
        if "route" in entry and all("#" in hop for hop in entry["route"]):
            hops = [hop.split("#", 1) for hop in entry["route"]]
            add("route", b"".join(bytes([int(kind), len(value)]) + value.encode()
                                  for kind, value in hops))
    for entry in channel["inner_messages"] + channel["inner_message_decoding"]:
        add("inner", bytes.fromhex(entry["plaintext"]))
    named = {e["name"]: e["change_history"] for e in identity["identities"]}
    by_id = {e["identifier"]: e["change_history"] for e in identity["identities"]}
    for history in named.values():
        add("history", bytes.fromhex(history))
    for case in identity["attestation_verification"]["cases"]:
        for name in identity["attestation_verification"]["known_identities"]:
            add("attestation", pair(named[name], case["attestation"]))
    for case in identity["credential_verification"]["cases"]:
        if case["authority"] in by_id:
            add("credential", pair(by_id[case["authority"]], case["credential"]))
    for payload in channel["full_handshake"]["payloads"]:
        add("payload", bytes.fromhex(payload))
    for first in (b"\0", b"\1"):
        add("noise", first + b"".join(pair(m, "") for m in channel["bare_handshake"]["messages"]))
    add("nonce", bytes(range(64)))
    for target, all_of_it in seeds.items():
        folder = Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(all_of_it):
            (folder / f"seed-{number}").write_bytes(data)


if __name__ == "__main__":
    main()
