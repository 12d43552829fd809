#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Run the pure core over every test vector: vectors.py DRIVER. Prints KTAP."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator

HERE = os.path.dirname(os.path.abspath(__file__))
WINDOW_FIELDS = ("highest", "bitmap", "rekeys")


def load(name: str) -> dict:
    with open(os.path.join(HERE, "vectors", name + ".json"), encoding="utf-8") as file:
        return json.load(file)


class Driver:
    """The C code behind a pipe; a sanitizer that fires ends it."""

    def __init__(self, path: str) -> None:
        # pylint: disable=consider-using-with
        self.pipe = subprocess.Popen([path], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)

    def ask(self, command: str, *args: str | bytes | int) -> dict[str, str]:
        words = [command]
        for arg in args:
            if isinstance(arg, int):
                arg = arg.to_bytes(8, "big")
            if isinstance(arg, bytes):
                arg = arg.hex()
            words.append(arg or "-")
        self.pipe.stdin.write(" ".join(words) + "\n")
        self.pipe.stdin.flush()
        line = self.pipe.stdout.readline()
        if not line:
            raise AssertionError("the driver died: " + " ".join(words)[:200])
        answer = dict(word.split("=", 1) for word in line.split())
        return {key: "" if value == "-" else value for key, value in answer.items()}

    def end(self) -> int:
        self.pipe.stdin.close()
        return self.pipe.wait()


class Skip(Exception):
    """The vector is for something that this core does not speak."""


def eq(got: object, wanted: object, what: str) -> None:
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def accepted(answer: dict[str, str], wanted: bool) -> None:
    eq(answer["err"] == "0", wanted, f"accepted ({answer})")


def hops(route: list[str]) -> str:
    """Text addresses as a binary route."""
    out = b""
    for text in route:
        kind, value = text.split("#", 1)
        out += bytes([int(kind), len(value)]) + value.encode()
    return out.hex()


Case = tuple[str, Callable[[], None]]


# ---------------------------------------------------------------- routing


def envelope(d: Driver, command: str, entry: dict, body: str) -> None:
    answer = d.ask(command, body)
    accepted(answer, True)
    for key, name in (("onward", "onward"), ("ret", "return")):
        if key in entry:
            eq(answer[name], hops(entry[key]), name)
    if "payload" in entry:
        eq(answer["payload"], entry["payload"], "payload")
    if entry.get("tracing", None) is None and "tracing" in entry:
        again = d.ask("put_" + command, answer["onward"], answer["return"],
                      answer["payload"])["out"]
        eq(again, len(bytes.fromhex(body)).to_bytes(4, "big").hex() + body
           if command == "transport" else body, "encoded again")


def frame(d: Driver, entry: dict, data: str) -> None:
    eq(int(data[:8], 16) * 2, len(data) - 8, "frame length")
    envelope(d, "transport", entry, data[8:])
    cut = d.ask("prefix", data[8:])
    eq(cut["err"], "0", "cut at every byte")
    whole = "83" if data[8:10] == "83" else None
    if not whole:
        eq("accepted" in cut, False, "a cut frame is accepted")


def varint(d: Driver, entry: dict) -> None:
    if entry.get("expect") == "reject":
        for data in entry["hex"]:
            accepted(d.ask("bare", data), False)
        return
    for item in entry.get("values", [entry]):
        value = int(item["value"])
        eq(d.ask("bare_len", value)["out"], item["hex"], "encoded")
        if value < 1 << 16:
            text = item["hex"] + "61" * value
            eq(d.ask("bare", text)["value"], "61" * value, "decoded")


def address(d: Driver, entry: dict) -> None:
    kind, value = entry["text"].split("#", 1)
    answer = d.ask("addr_text", entry["text"].encode())
    eq((answer["type"], answer["value"]), (kind, value.encode().hex()), "text")
    body = d.ask("transport", "8381" + entry["hex"] + "8040")
    eq(body["onward"], hops([entry["text"]]), "decoded")
    back = d.ask("put_inner", hops([entry["text"]]), "", "")["out"]
    eq(back, "828200818381" + entry["hex"] + "804040", "encoded")


def printed(d: Driver, full: list[str]) -> None:
    text = bytes.fromhex(d.ask("route", hops(full))["text"]).decode()
    eq(text, " => ".join(full), "printed")


def route(d: Driver, entry: dict) -> None:
    answer = d.ask("transport", "83" + entry["hex"] + "8040")
    eq(answer["onward"], hops(entry["route"]), "decoded")
    back = d.ask("put_inner", hops(entry["route"]), "", "")["out"]
    eq(back, "8282008183" + entry["hex"] + "804040", "encoded")
    printed(d, entry["route"])


def address_text(d: Driver, entry: dict) -> None:
    for case in entry["cases"]:
        answer = d.ask("addr_text", case["text"].encode())
        accepted(answer, "error" not in case)
        if "error" not in case:
            eq(answer["value"], case["value"].encode().hex(), case["text"])
            eq(answer["type"], str(case["type"]), case["text"])


def bare_string(d: Driver, entry: dict) -> None:
    data = bytes.fromhex(entry["hex"])
    eq(bytes.fromhex(d.ask("bare", data)["value"]), data[1:], "decoded")
    for cut in range(len(data)):
        accepted(d.ask("bare", data[:cut]), False)


def padded(d: Driver, entry: dict) -> None:
    envelope(d, "inner", {"onward": ["0#uppercase"], "ret": ["0#app"],
                          "payload": "0568656c6c6f"}, entry["hex"])


def tracing(d: Driver, entry: dict) -> None:
    accepted(d.ask("transport", "84808040" + entry["hex"]), True)


def plaintext(d: Driver, entry: dict) -> None:
    envelope(d, "inner", entry, "82820081" + entry["hex"] + "40")


def item(d: Driver, entry: dict) -> None:
    """One item, which more may follow."""
    answer = d.ask("skip", entry["hex"])
    accepted(answer, True)


def bare_address(d: Driver, entry: dict) -> None:
    """A type byte, then a BARE string: what older nodes sent, and our binary form."""
    kind, value = entry["text"].split("#", 1)
    data = bytes.fromhex(entry["hex"])
    eq(data[0], int(kind), "type")
    answer = d.ask("addr_text", entry["text"].encode())
    eq((answer["type"], answer["value"]), (kind, value.encode().hex()), "text")
    eq(d.ask("bare", data[1:])["value"], value.encode().hex(), "value")
    accepted(d.ask("bare", data[1:-1]), False)


def bare_route(d: Driver, entry: dict) -> None:
    data = bytes.fromhex(entry["hex"])
    eq(data[0], len(entry["route"]), "addresses")
    at = 1
    for text in entry["route"]:
        size = 2 + len(text.split("#", 1)[1])
        bare_address(d, {"text": text, "hex": data[at:at + size].hex()})
        at += size
    eq(at, len(data), "length")


def items(d: Driver, entry: dict) -> None:
    for case in entry.get("cases", [entry]):
        accepted(d.ask("skip", case["hex"]), True)
        accepted(d.ask("skip", case["hex"][:-2]), False)


def refused(d: Driver, entry: dict) -> None:
    """Envelopes of nodes before 0.128 and datagrams of UDP: never taken for ours."""
    for case in entry.get("cases", [entry]):
        for data in case.get("datagrams", [case.get("hex") or case.get("head_hex", "")]):
            accepted(d.ask("transport", data), False)


def carried(d: Driver, entry: dict) -> None:
    """What portals say to each other goes through untouched."""
    for case in entry.get("cases", [entry]):
        body = d.ask("put_inner", hops(["0#outlet"]), "", case["hex"])["out"]
        eq(d.ask("inner", body)["payload"], case["hex"], "payload")


def registration(d: Driver, entry: dict) -> None:
    data = entry["registration_payload_hex"]
    eq(d.ask("bare", data)["value"], entry["alias"].encode().hex(), "alias")
    eq(data, entry["confirmation_payload_hex"], "confirmation")


def route_operations(d: Driver, entry: dict) -> None:
    """Routes that the operations start from and end in are kept as they are."""
    for case in entry["cases"]:
        for names in (case["route"], case["result"]):
            if not isinstance(names, list):
                continue
            printed(d, [n if "#" in n else "0#" + n for n in names])


def route_text(d: Driver, entry: dict) -> None:
    for case in entry["cases"]:
        for text, wanted in zip(case["text"].split("=>"), case.get("result") or []):
            answer = d.ask("addr_text", text.strip().encode())
            eq(f"{answer['type']}#{bytes.fromhex(answer['value']).decode()}", wanted, text)


def transport_hops(d: Driver, entry: dict) -> None:
    """Types are kept by the codec: the node decides what it can reach."""
    for case in entry["cases"]:
        printed(d, case["route"])


def multiaddr_text(d: Driver, entry: dict) -> None:
    wanted = entry.get("result", "")
    if not wanted.startswith("/"):
        wanted = entry["text"]
    answer = d.ask("multiaddr", entry["text"].encode())
    accepted(answer, True)
    eq(bytes.fromhex(answer["text"]).decode(), wanted, "components")


def multiaddr_cli(d: Driver, entry: dict) -> None:
    for case in entry["cases"]:
        if "invalid protocol" in case.get("error", ""):
            accepted(d.ask("multiaddr", case["text"].encode()), False)
        elif case["text"].startswith("/"):
            multiaddr_text(d, {"text": case["text"]})


def host_port(d: Driver, entry: dict) -> None:
    for text in entry.get("texts", []) + entry.get("reject", []):
        if entry["format"] == "socket-address" and text == "example.com:80":
            continue		# a name with a port is good where names are resolved
        accepted(d.ask("host_port", text.encode()), "127.0.1:" in text)
    for case in entry.get("cases", []):
        answer = d.ask("host_port", case["text"].encode())
        eq(bytes.fromhex(answer["host"]).decode(), case["host"], case["text"])
        eq(bytes.fromhex(answer["port"]).decode(), str(case["port"]), case["text"])
    for text in entry.get("accept", []):
        accepted(d.ask("host_port", text.encode()), True)


def too_large(d: Driver, _entry: dict) -> None:
    """65536 bytes, too many for the old frames, are fine in ours."""
    body = d.ask("put_inner", hops(["0#a"]), "", "61" * 65536)["out"]
    eq(len(d.ask("inner", body)["payload"]), 131072, "payload")


def legacy_frame(d: Driver, entry: dict) -> None:
    if "hex" in entry:
        refused(d, {"hex": entry["hex"][4:]})
    else:
        too_large(d, entry)


def not_spoken(_d: Driver, entry: dict) -> None:
    raise Skip(f"{entry['format']} is in no message that we send or take")


ROUTING = {
    "tcp-frame": lambda d, e: frame(d, e, e["hex"]),
    "tcp-stream": lambda d, e: frame(d, e, e["hex"][2:]),
    "bare-varint": varint, "cbor-address": address, "cbor-route": route,
    "address-text": address_text, "bare-string": bare_string,
    "bare-data(cbor-api)": bare_string, "cbor-padded": padded,
    "cbor-text": tracing, "cbor-plaintext": plaintext, "cbor-u64": item,
    "cbor-api": item, "bare-address": bare_address, "bare-route": bare_route,
    "cbor": items, "cbor-terms": items, "cbor-udp-puncture": items,
    "legacy-body": refused, "legacy-frame": legacy_frame,
    "udp-datagram": refused, "udp-fragments": refused,
    "portal": carried, "relay": registration, "route-ops": route_operations,
    "route-text": route_text, "route-resolve": transport_hops,
    "multiaddr": multiaddr_text, "multiaddr-text": multiaddr_text,
    "multiaddr-cli": multiaddr_cli, "hostname-port": host_port,
    "socket-address": host_port, "udp-serial": not_spoken,
    "bare": not_spoken,
}


def routing(d: Driver) -> Iterator[Case]:
    vectors = load("routing")
    for entry in vectors["upstream_tests"] + vectors["derived"]:
        run = ROUTING[entry["format"]]
        yield (f"routing: {entry['format']}: {entry['name']}",
               lambda run=run, entry=entry: run(d, entry))
    for case in vectors["decoder_tolerance"]["cases"]:
        yield (f"routing: tolerance: {case['case']}",
               lambda case=case: accepted(d.ask("transport", case["hex"]),
                                          case["rust"] == "accept"))


def limits(d: Driver) -> Iterator[Case]:
    hop = "82004161"

    def many(count: int, err: str) -> None:
        head = bytes([0x98, count]).hex() if count < 256 else "99" + f"{count:04x}"
        eq(d.ask("transport", "83" + head + hop * count + "8040")["err"], err,
           f"{count} hops")

    def long(size: int, err: str) -> None:
        body = "838182005" + f"9{size:04x}" + "61" * size + "8040"
        eq(d.ask("transport", body)["err"], err, f"{size} bytes")

    def mutations() -> None:
        rng = random.Random(20241024)
        seeds = [e["hex"][8:] for e in load("routing")["derived"]
                 if e["format"] == "tcp-frame"]
        for _ in range(4000):
            data = bytearray.fromhex(rng.choice(seeds))
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            d.ask("transport", bytes(data[:rng.randint(0, len(data))]))
            d.ask("inner", bytes(data))
            d.ask("skip", bytes(data))

    yield "limits: 32 hops", lambda: many(32, "0")
    yield "limits: 33 hops", lambda: many(33, "-90")
    yield "limits: 10000 hops", lambda: many(10000, "-90")
    yield "limits: 0 hops", lambda: many(0, "0")
    yield "limits: address of 255 bytes", lambda: long(255, "0")
    yield "limits: address of 256 bytes", lambda: long(256, "-90")
    yield "limits: address of 0 bytes", lambda: long(0, "0")
    yield "limits: nesting of 8", lambda: accepted(d.ask("skip", "81" * 8 + "00"), True)
    yield "limits: nesting of 9", lambda: accepted(d.ask("skip", "81" * 9 + "00"), False)
    yield "limits: announced array of 2^64-1", lambda: accepted(
        d.ask("skip", "9bffffffffffffffff00"), False)
    yield "limits: 4000 random mutations", mutations


# ---------------------------------------------------------------- channels


def state_is(answer: dict[str, str], step: dict, what: str) -> None:
    for key in ("h", "ck"):
        eq(answer[key], step[key], f"{what}: {key}")
    eq(answer["k"], step["k"] or "", f"{what}: k")
    eq(answer["n"], str(step["n"]), f"{what}: n")


def start(d: Driver, vector: dict, name: bytes) -> None:
    for side, role in enumerate(("initiator", "responder")):
        answer = d.ask("noise_init", side, side, name,
                       vector[f"{role}_static"]["secret"],
                       vector[f"{role}_ephemeral"]["secret"])
        eq(answer["err"], "0", "init")
        if f"{role}_steps" in vector:
            state_is(answer, vector[f"{role}_steps"][1], "start")


def last_step(vector: dict, role: str, number: int) -> dict:
    """The state after message @number."""
    steps = vector[f"{role}_steps"]
    marks = [i for i, step in enumerate(steps)
             if f"payload {number}" in step["operation"]]
    return steps[marks[-1]]


def handshake(d: Driver, vector: dict, name: bytes) -> None:
    start(d, vector, name)
    for i in range(3):
        side = 1 if i == 1 else 0
        answer = d.ask("noise_write", side, vector["payloads"][i])
        eq(answer["out"], vector["messages"][i], f"message {i + 1}")
        read = d.ask("noise_read", 1 - side, vector["messages"][i])
        eq(read["out"], vector["payloads"][i], f"payload {i + 1}")
        if "initiator_steps" in vector:
            roles = ("initiator", "responder")
            state_is(answer, last_step(vector, roles[side], i + 1), f"writer {i + 1}")
            state_is(read, last_step(vector, roles[1 - side], i + 1), f"reader {i + 1}")
    for side, ours, theirs in ((0, "k2", "k1"), (1, "k1", "k2")):
        keys = d.ask("noise_split", side)
        if "k1" in vector:
            eq((keys["tx"], keys["rx"]), (vector[ours], vector[theirs]), "keys")


def tampered(d: Driver, vector: dict, case: dict) -> None:
    """Change one message; it must be noticed where the vector says."""
    start(d, vector, vector["protocol_name"].encode())
    for i in range(3):
        side = 1 if i == 1 else 0
        answer = d.ask("noise_write", side, vector["payloads"][i])
        message = bytearray.fromhex(answer["out"])
        if i + 1 == case["message"]:
            if case["change"] == "first byte":
                message[0] ^= 1
            elif case["change"] == "last byte":
                message[-1] ^= 1
            else:
                del message[-1]
        read = d.ask("noise_read", 1 - side, bytes(message))
        if read["err"] != "0":
            eq(i + 1, case["detected"]["at_message"], "noticed at message")
            return
    raise AssertionError("not noticed")


def flipped_everywhere(d: Driver, vector: dict) -> None:
    """Every byte of messages 2 and 3, and every cut: refused, state kept."""
    name = vector["protocol_name"].encode()
    for number in (1, 2):
        start(d, vector, name)
        for i in range(number):
            side = 1 if i == 1 else 0
            d.ask("noise_write", side, vector["payloads"][i])
            d.ask("noise_read", 1 - side, vector["messages"][i])
        reader = 0 if number == 1 else 1
        good = bytes.fromhex(vector["messages"][number])
        for at in range(len(good)):
            bad = bytearray(good)
            bad[at] ^= 0x40
            accepted(d.ask("noise_read", reader, bytes(bad)), False)
            accepted(d.ask("noise_read", reader, good[:at]), False)
        # Nothing has changed: the genuine one still works.
        accepted(d.ask("noise_read", reader, good), True)


def sealed(d: Driver, sample: dict) -> None:
    out = d.ask("seal", sample["key"], sample["nonce"], sample["plaintext"])["out"]
    eq(sample["nonce"].to_bytes(8, "big").hex() + out, sample["ciphertext"], "sealed")


def chain(d: Driver, keys: list[dict]) -> None:
    for one, following in zip(keys, keys[1:]):
        eq(d.ask("rekey", one["key"])["out"], following["key"], "next key")


def receive(d: Driver, key: str, case: dict) -> None:
    d.ask("rx_init", key)
    for attempt in case["attempts"]:
        answer = d.ask("rx_open", attempt["message"])
        accepted(answer, attempt["accepted"])
        for field in WINDOW_FIELDS:
            got = answer[field]
            wanted = attempt[field]
            if field == "bitmap":
                # Higher bits than the window may be left as they fall.
                mask = (1 << 33) - 1
                eq(int(got, 16) & mask, int(wanted, 16) & mask, field)
            else:
                eq(got, str(wanted), f"{field} after {attempt['nonce']}")


def inner_decoding(d: Driver, case: dict) -> None:
    answer = d.ask("inner", case["plaintext"])
    accepted(answer, case["accepted"])
    if case["accepted"]:
        plain = d.ask("inner", case["means"])
        eq(answer, plain, "meaning")


def nonce_window(d: Driver, vector: dict) -> None:
    d.ask("window")
    for attempt in vector["attempts"]:
        accepted(d.ask("window", attempt["nonce"]), attempt["accepted"])


LAST = 2**64 - 1


def nonce_end(d: Driver) -> None:
    """The counters that are left are used once each, and none comes back."""
    left = LAST - 70
    for _ in range(70):
        answer = d.ask("take", left)
        accepted(answer, True)
        eq(int(answer["counter"]), left, "used up")
        eq(int(answer["next"]), left + 1, "next")
        left += 1
    accepted(d.ask("take", LAST), False)
    eq(int(d.ask("take", LAST)["next"]), LAST, "after the end")
    for rekeys in (0, 1, 2**59 - 2):
        eq(d.ask("ended", rekeys)["ended"], "0", f"ended after {rekeys} rekeys")
    eq(d.ask("ended", 2**59 - 1)["ended"], "1", "ended in the last interval")


def nonce_early_rekey(d: Driver) -> None:
    """Forward to the next interval, in the window of who has the one before; never back."""
    for counter in [*range(100), 2**32 + 1, *range(LAST - 100, LAST + 1)]:
        ahead = int(d.ask("ahead", counter)["next"])
        if counter % 32 == 0 or counter > LAST - 32:
            eq(ahead, counter, f"from {counter}")
        else:
            eq(ahead, counter - counter % 32 + 32, f"from {counter}")
            assert ahead - (counter - 1) <= 32


def upstream_noise(d: Driver, name: bytes, vector: dict) -> None:
    shaped = {
        "payloads": [vector[f"message{i}_payload"] for i in (1, 2, 3)],
        "messages": [vector[f"message{i}_ciphertext"] for i in (1, 2, 3)],
    }
    for role in ("initiator", "responder"):
        for kind in ("static", "ephemeral"):
            shaped[f"{role}_{kind}"] = {"secret": vector[f"{role}_{kind}_key"]}
    handshake(d, shaped, name)


def elixir(d: Driver, run: dict) -> None:
    shaped = {"payloads": run["payloads"], "messages": run["messages"],
              "k1": run["k1"], "k2": run["k2"]}
    for role in ("initiator", "responder"):
        for kind in ("static", "ephemeral"):
            shaped[f"{role}_{kind}"] = {"secret": run[f"{role}_{kind}"]}
    handshake(d, shaped, b"OCKAM_XX_25519_AES256_GCM_SHA256")
    d.ask("rx_init", run["k2"])
    for sample in run["initiator_ciphertexts"]:
        answer = d.ask("rx_open", sample["ciphertext"])
        eq(answer.get("out"), sample["plaintext"], f"nonce {sample['nonce']}")


def channels(d: Driver) -> Iterator[Case]:
    v = load("secure-channel")
    u = load("upstream")
    for key in ("full_handshake", "bare_handshake"):
        name = v[key]["protocol_name"].encode()
        yield f"channel: {key}", lambda key=key, name=name: handshake(d, v[key], name)
    yield ("channel: every byte of a handshake flipped and cut",
           lambda: flipped_everywhere(d, v["bare_handshake"]))
    for case in v["tampered_handshakes"]:
        yield (f"channel: tampered: message {case['message']}, {case['change']}",
               lambda case=case: tampered(d, v["bare_handshake"], case))
    for way in ("initiator_to_responder", "responder_to_initiator"):
        yield f"channel: {way}: keys", lambda way=way: chain(d, v[way]["keys"])
        for sample in v[way]["samples"]:
            yield (f"channel: {way}: nonce {sample['nonce']}",
                   lambda sample=sample: sealed(d, sample))
    for entry in v["inner_messages"]:
        yield (f"channel: inner message: {entry['name']}", lambda entry=entry:
               accepted(d.ask("inner", entry["plaintext"]), True))
    for entry in u["messages"]:
        yield (f"channel: upstream message: {entry['type']}", lambda entry=entry:
               accepted(d.ask("inner", entry["plaintext"]), True))
    for case in v["inner_message_decoding"]:
        yield (f"channel: inner decoding: {case['name']}",
               lambda case=case: inner_decoding(d, case))
    for case in v["receive_window"]["cases"]:
        yield (f"channel: window: {case['name']}",
               lambda case=case: receive(d, v["receive_window"]["key"], case))
    yield ("channel: rekey", lambda: eq(d.ask("rekey", v["rekey"]["key"])["out"],
                                       v["rekey"]["next_key"], "next key"))
    name = u["noise"]["protocol_name"].encode().ljust(32, b"\0")
    for vector in u["noise"]["handshakes"]:
        yield (f"channel: public Noise: {vector['name']}",
               lambda vector=vector: upstream_noise(d, name, vector))
    yield "channel: counters near 2^64", lambda: nonce_end(d)
    yield "channel: early rekey", lambda: nonce_early_rekey(d)
    yield "channel: upstream window", lambda: nonce_window(d, u["nonce_window"])
    yield "channel: what another implementation sent", lambda: elixir(d, u["elixir_run"])


# ---------------------------------------------------------------- identities

# The reasons that the rules of the vectors come down to.
REASONS = {
    "malformed public key": "bad-signature",
    "empty change history": "empty", "self signature invalid": "bad-signature",
    "signature and key algorithms differ": "bad-signature",
    "previous signature missing": "bad-signature",
    "previous signature invalid": "bad-signature",
    "change does not link to predecessor": "broken-link",
    "first change names a predecessor": "broken-link",
    "change is dated before its predecessor": "broken-link",
    "unknown version": "version", "wrong data type": "version",
    "expired": "expired", "created in the future": "not-yet-valid",
    "predates the identity key": "outside-validity",
    "outlives the identity key": "outside-validity",
    "attestation is for another subject": "wrong-subject",
    "unknown identity": "wrong-subject", "not the latest change": "stale-key",
    "bad attestation signature": "bad-signature",
    "unknown authority": "wrong-authority",
    "credential is for another subject": "wrong-subject",
    "credential without a subject": "wrong-subject",
    "predates the purpose key": "outside-validity",
    "outlives the purpose key": "outside-validity",
    "bad credential signature": "bad-signature",
    "attested key cannot sign credentials": "wrong-purpose",
}


def judged(answer: dict[str, str], case: dict) -> None:
    accepted(answer, case["accepted"])
    if not case["accepted"]:
        eq(answer["reason"], REASONS.get(case["rule"], "malformed"), case["rule"])


def identity(d: Driver, entry: dict) -> None:
    answer = d.ask("history", entry["change_history"])
    eq("I" + answer["identifier"], entry["identifier"], "identifier")
    if "changes" in entry:
        eq(answer["changes"], str(len(entry["changes"])), "changes")
        eq(answer["latest"], entry["changes"][-1]["change_hash"], "latest")


def attested(d: Driver, known: dict[str, str], case: dict) -> None:
    """@known: identifier to history; the claimed subject is in the attestation."""
    data = bytes.fromhex(case["attestation"])
    found = next((history for name, history in known.items()
                  if bytes.fromhex(name[1:]) in data), "")
    args = [case["attestation"], found, case["now"]]
    if case["expected_subject"]:
        args.append(case["expected_subject"][1:])
    judged(d.ask("attestation", *args), case)


def credentialed(d: Driver, known: dict[str, str], case: dict) -> None:
    args = [case["credential"], known[case["authority"]], case["now"]]
    if case["expected_subject"]:
        args.append(case["expected_subject"][1:])
    answer = d.ask("credential", *args)
    judged(answer, case)
    if case["accepted"]:
        pairs = sorted(case["attributes"].items(), key=lambda p: bytes.fromhex(p[0]))
        for name, value in pairs:
            eq(name + f"{0x40 | len(value) // 2:02x}" + value in answer["attributes"],
               True, "attributes")


def identities(d: Driver) -> Iterator[Case]:
    v = load("identity")
    u = load("upstream")
    named = {e["name"]: e for e in v["identities"]}
    for entry in v["identities"] + u["identities"]:
        yield f"identity: {entry['name']}", lambda entry=entry: identity(d, entry)
    for case in v["histories"]:
        yield (f"identity: history: {case['name']}", lambda case=case:
               judged(d.ask("history", case["change_history"]), case))
    for case in u["rejected_identities"]:
        yield (f"identity: old format: {case['source']}", lambda case=case:
               accepted(d.ask("history", case["change_history"]), False))
    for case in v["comparisons"]:
        yield (f"identity: {case['current']} against {case['known']}",
               lambda case=case: eq(d.ask(
                   "compare", named[case["current"]]["change_history"],
                   named[case["known"]]["change_history"])["order"],
                   case["result"], "order"))
    part = v["attestation_verification"]
    known = {named[n]["identifier"]: named[n]["change_history"]
             for n in part["known_identities"]}
    for case in part["cases"]:
        yield (f"identity: attestation: {case['name']}",
               lambda case=case: attested(d, known, case))
    for case in v["credential_verification"]["cases"]:
        yield (f"identity: credential: {case['name']}",
               lambda case=case: credentialed(d, known, case))
    yield "identity: 33 changes", lambda: eq(
        d.ask("history", "9821" + named["alice 1"]["change_history"][2:] * 33)["reason"],
        "too-many", "reason")

    def judge() -> None:
        vector = load("secure-channel")["full_handshake"]
        for i, role in ((1, "responder"), (2, "initiator")):
            answer = d.ask("judge", vector["payloads"][i],
                           vector[f"{role}_static"]["public"], vector["now"])
            accepted(answer, True)
            wrong = d.ask("judge", vector["payloads"][i], "11" * 32, vector["now"])
            eq(wrong["reason"], "wrong-static-key", "another static key")
            data = bytes.fromhex(vector["payloads"][i])
            for cut in range(0, len(data), 7):
                accepted(d.ask("judge", data[:cut], vector[f"{role}_static"]["public"],
                               vector["now"]), False)

    yield "identity: handshake payloads", judge


# ---------------------------------------------------------------- primitives

L = 2**252 + 27742317777372353535851937790883648493
RFC8032 = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
     "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
     "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
     "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
]


def ed25519(d: Driver) -> None:
    for key, message, signature in RFC8032:
        accepted(d.ask("ed25519", key, message, signature), True)
        data = bytearray.fromhex(signature)
        for at in range(64):
            bad = bytearray(data)
            bad[at] ^= 1
            accepted(d.ask("ed25519", key, message, bytes(bad)), False)
        s = int.from_bytes(data[32:], "little") + L
        if s < 1 << 256:
            malleable = bytes(data[:32]) + s.to_bytes(32, "little")
            accepted(d.ask("ed25519", key, message, malleable), False)


def small_order(d: Driver) -> None:
    """A key of order one with s = 0, R = identity: valid without the cofactor."""
    one = (1).to_bytes(32, "little")
    accepted(d.ask("ed25519", one, b"any", one + bytes(32)), True)
    # R encoded without reduction never equals the canonical one.
    p_plus_1 = (2**255 - 18).to_bytes(32, "little")
    accepted(d.ask("ed25519", one, b"any", p_plus_1 + bytes(32)), False)
    accepted(d.ask("ed25519", b"\x02" + bytes(31), b"any", one + bytes(32)), False)


def p256(d: Driver) -> None:
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    key = ("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe10"
           "08b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8

    def check(r_value: int, s_value: int, wanted: bool) -> None:
        signature = r_value.to_bytes(32, "big") + s_value.to_bytes(32, "big")
        accepted(d.ask("p256", key, b"sample", signature), wanted)

    check(r, s, True)
    check(r, n - s, True)
    for bad in ((0, s), (r, 0), (n, s), (r, n), (r ^ 1, s)):
        check(*bad, False)


def primitives(d: Driver) -> Iterator[Case]:
    u = load("upstream")["primitives"]["hkdf"]
    yield "primitive: Ed25519, RFC 8032 and every byte flipped", lambda: ed25519(d)
    yield "primitive: Ed25519, small order and odd encodings", lambda: small_order(d)
    yield "primitive: P-256, RFC 6979 and edges", lambda: p256(d)

    def hkdf() -> None:
        answer = d.ask("hkdf", u["salt"], u["ikm"])
        eq((answer["first"], answer["second"]), (u["k1"], u["k2"]), "output")

    yield "primitive: HKDF", hkdf


def secrets(folder: Path) -> Iterator[Case]:
    """Programs beside the driver, run under Valgrind: see secrets.c."""
    def errors(name: str) -> bool:
        if not shutil.which("valgrind") or not (folder / name).exists():
            raise Skip("no valgrind: install it with its headers, then build again")
        run = subprocess.run(["valgrind", "-q", "--error-exitcode=9", folder / name],
                             capture_output=True, text=True, check=False)
        if run.returncode not in (0, 9):
            raise AssertionError(f"exit {run.returncode}: {run.stderr}")
        return run.returncode == 9

    yield ("secrets: no branch and no index depends on one",
           lambda: eq(errors("unit-secrets-none"), False, "errors"))
    for what in ("branch", "index"):
        yield (f"secrets: a planted {what} that depends on one is noticed",
               lambda what=what: eq(errors(f"unit-secrets-{what}"), True, "errors"))


def main() -> int:
    d = Driver(sys.argv[1])
    cases = [case for group in (routing, limits, channels, identities, primitives)
             for case in group(d)]
    cases += secrets(Path(sys.argv[1]).resolve().parent)
    failed = skipped = 0
    print("KTAP version 1")
    print(f"1..{len(cases)}")
    for number, (name, run) in enumerate(cases, 1):
        name = name.replace("#", "no. ")
        try:
            run()
            print(f"ok {number} {name}")
        except Skip as reason:
            skipped += 1
            print(f"ok {number} {name} # SKIP {reason}")
        except (AssertionError, KeyError) as error:
            failed += 1
            print(f"not ok {number} {name}")
            print(f"#   {error!r}"[:400])
    if d.end():
        failed += 1
        print("# the driver ended with an error: see above")
    print(f"# Totals: pass:{len(cases) - failed - skipped} fail:{failed} skip:{skipped}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
