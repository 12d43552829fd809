"""Check the reference against the values recorded from upstream's own tests.

Usage: python3 check_upstream.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator

from ockam_ref import cbor
from ockam_ref.channel import Decryptor, Encryptor, KeyTracker, NonceTracker, Rejected
from ockam_ref.identity import (
    IDENTITY_TTL, AttestationData, CredentialData, IdentityStore, VerificationError,
    create_identity, identifier_text, import_identity, open_versioned, verify_history,
)
from ockam_ref.identity import ATTESTATION, CREDENTIAL
from ockam_ref.messages import (
    Close, Payload, RefreshCredentials, decode_padded, encode_padded,
)
from ockam_ref.noise import INITIATOR, RESPONDER, Handshake
from ockam_ref.primitives import Ed25519Key, X25519Key, hkdf2, seal, sha256

VECTORS = Path(__file__).parent.parent / "unit" / "vectors" / "upstream.json"

Check = tuple[str, Callable[..., None], tuple[Any, ...]]


def check_noise_start(noise: dict[str, Any]) -> None:
    key = X25519Key(bytes(range(32)))
    hs = Handshake(INITIATOR, key, key, noise["protocol_name"].encode())
    assert hs.h.hex() == noise["initial"]["h"]
    assert hs.ck.hex() == noise["initial"]["ck"]
    assert hs.n == noise["initial"]["n"]


def check_handshake(noise: dict[str, Any], case: dict[str, Any]) -> None:
    def side(role: str) -> Handshake:
        return Handshake(
            role,
            X25519Key(bytes.fromhex(case[f"{role}_static_key"])),
            X25519Key(bytes.fromhex(case[f"{role}_ephemeral_key"])),
            noise["protocol_name"].encode(),
        )

    a, b = side(INITIATOR), side(RESPONDER)
    for number, (writer, reader) in enumerate([(a, b), (b, a), (a, b)], 1):
        payload = bytes.fromhex(case[f"message{number}_payload"])
        message = writer.write(payload)
        assert message.hex() == case[f"message{number}_ciphertext"]
        assert reader.read(message) == payload
    assert (a.h, a.split()) == (b.h, b.split())


def check_identity(case: dict[str, Any]) -> None:
    raw = bytes.fromhex(case["change_history"])
    identity = import_identity(raw)
    assert identity.export() == raw
    if case["identifier"]:
        assert identifier_text(identity.identifier) == case["identifier"]
    if case["ed25519_secret"]:
        key = Ed25519Key(bytes.fromhex(case["ed25519_secret"]))
        data = identity.latest.data
        assert data.valid_until - data.valid_from == IDENTITY_TTL
        assert create_identity(key, data.valid_from).export() == raw


def check_rejected(case: dict[str, Any]) -> None:
    try:
        import_identity(bytes.fromhex(case["change_history"]))
    except (cbor.CborError, VerificationError):
        return
    raise AssertionError("accepted")


def check_message(case: dict[str, Any]) -> None:
    raw = bytes.fromhex(case["plaintext"])
    message = decode_padded(raw)
    assert encode_padded(message) == raw
    if case["type"] == "Close":
        assert message == Close()
        return
    assert isinstance(message, RefreshCredentials)
    subject = verify_history(message.history)
    IdentityStore().update(subject)
    for item in message.credentials:
        attested = open_versioned(item.attestation.data, ATTESTATION, AttestationData.decode)
        data = open_versioned(item.credential.data, CREDENTIAL, CredentialData.decode)
        assert attested.encode() in item.attestation.data
        assert data.encode() in item.credential.data
        assert data.subject is not None and attested.key.signing is not None
        digest = sha256(item.credential.data)
        assert item.credential.signature.verifies(attested.key.signing, digest)


def check_primitives(case: dict[str, Any]) -> None:
    hkdf, aes = case["hkdf"], case["aes_gcm"]
    k1, k2 = hkdf2(bytes.fromhex(hkdf["salt"]), bytes.fromhex(hkdf["ikm"]))
    assert (k1.hex(), k2.hex()) == (hkdf["k1"], hkdf["k2"])
    sealed = seal(
        bytes.fromhex(aes["key"]), aes["nonce_counter"],
        bytes.fromhex(aes["aad"]), bytes.fromhex(aes["plaintext"]),
    )
    assert sealed.hex() == aes["ciphertext"]


def check_window(case: dict[str, Any]) -> None:
    tracker = NonceTracker()
    for attempt in case["attempts"]:
        try:
            tracker, accepted = tracker.mark(attempt["nonce"]), True
        except Rejected:
            accepted = False
        assert accepted == attempt["accepted"], attempt


def check_keys(case: dict[str, Any]) -> None:
    current, previous = bytes(32), bytes([1] * 32)
    tracker = KeyTracker(
        current, previous if case["has_previous"] else None,
        case["rekeys"], case["exhausted"], case["interval"],
    )
    for nonce, expect in case["expect"].items():
        try:
            chosen = tracker.select(int(nonce))
        except Rejected:
            found = "rejected"
        else:
            known = {current: "current", previous: "previous"}
            found = "next" if isinstance(chosen, KeyTracker) else known[chosen]
        assert found == expect, (nonce, found)


def check_exhaustion(case: dict[str, Any]) -> None:
    tracker = KeyTracker(bytes(32), None, case["rekeys_before"], False, case["interval"])
    tracker = tracker.advance()
    assert tracker.exhausted == case["after_first_update"]
    assert tracker.advance().exhausted == case["after_second_update"]


def check_elixir_run(case: dict[str, Any]) -> None:
    def side(role: str) -> Handshake:
        static, ephemeral = (
            X25519Key(bytes.fromhex(case[f"{role}_{kind}"]))
            for kind in ("static", "ephemeral")
        )
        return Handshake(role, static, ephemeral)

    a, b = side(INITIATOR), side(RESPONDER)
    for index, (writer, reader) in enumerate([(a, b), (b, a), (a, b)]):
        message = writer.write(bytes.fromhex(case["payloads"][index]))
        assert message.hex() == case["messages"][index]
        reader.read(message)
    assert [x.hex() for x in a.split()] == [case["k1"], case["k2"]]
    assert a.h.hex() == case["handshake_hash"]

    decryptor = Decryptor.new(b.keys().receive)
    encryptor = Encryptor(a.keys().send)
    wanted = {sample["nonce"]: sample for sample in case["initiator_ciphertexts"]}
    for nonce in range(max(wanted) + 1):
        plaintext = b"message %d" % nonce
        ciphertext = encryptor.encrypt(plaintext)
        if nonce in wanted:
            assert plaintext.hex() == wanted[nonce]["plaintext"]
            assert ciphertext.hex() == wanted[nonce]["ciphertext"]
        assert decryptor.decrypt(ciphertext) == (plaintext, nonce)

    expect = case["payload_message"]
    inner = decode_padded(bytes.fromhex(expect["plaintext"]))
    assert isinstance(inner, Payload)
    assert [str(address) for address in inner.onward] == expect["onward_route"]
    assert [str(address) for address in inner.return_] == expect["return_route"]
    assert inner.payload.hex() == expect["payload"]
    assert encode_padded(inner).hex() == expect["plaintext"]


def checks(data: dict[str, Any]) -> Iterator[Check]:
    noise = data["noise"]
    yield "noise initial state", check_noise_start, (noise,)
    for case in noise["handshakes"]:
        yield case["name"], check_handshake, (noise, case)
    for case in data["identities"]:
        yield f"identity: {case['name']}", check_identity, (case,)
    for case in data["rejected_identities"]:
        yield f"rejected: {case['source']}", check_rejected, (case,)
    for case in data["messages"]:
        yield f"message {case['type']}", check_message, (case,)
    yield "hkdf and aes-gcm", check_primitives, (data["primitives"],)
    yield "nonce window", check_window, (data["nonce_window"],)
    for number, case in enumerate(data["key_selection"]["cases"], 1):
        yield f"key selection {number}", check_keys, (case,)
    yield "rekey exhaustion", check_exhaustion, (data["key_selection"]["exhaustion"],)
    yield "run of upstream's Elixir code", check_elixir_run, (data["elixir_run"],)


def main() -> int:
    passed = failed = 0
    for name, check, arguments in checks(json.loads(VECTORS.read_text())):
        try:
            check(*arguments)
        except Exception as error:  # report every failure, then go on
            failed += 1
            print(f"FAIL {name}: {error!r}")
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
