"""Write the deterministic test vectors next to this folder.

Usage: python3 make_vectors.py [--check]

With --check nothing is written; the files must already hold the same values.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

from ockam_ref import cbor
from ockam_ref.channel import Decryptor, Encryptor, Rejected, rekey
from ockam_ref.identity import (
    ATTESTATION, CHANGE, CREDENTIAL, MAX_CLOCK_DRIFT, YEAR, AttestationData, Attributes,
    Change, ChangeData, CredentialAndPurposeKey, CredentialData, Identity, IdentityStore,
    PurposeKey, Signature, SignedData, VersionedData, attest, create_identity,
    encode_history, identifier_text, import_identity, issue_credential, public_key,
    rotate_identity, sign, verify_attestation, verify_credential,
)
from ockam_ref.messages import (
    Close, Message, Payload, RefreshCredentials, decode_padded, encode_padded, local,
)
from ockam_ref.noise import INITIATOR, RESPONDER, Handshake, HandshakeError
from ockam_ref.primitives import Ed25519Key, P256Key, SigningKey, X25519Key, seal, sha256
from ockam_ref.secure_channel import Party, SecureChannel

OUT = Path(__file__).parent.parent / "unit" / "vectors"
T0 = 1_700_000_000
NOW = T0 + 1000
DAY = 86_400

Json = dict[str, Any]


def secret(name: str) -> bytes:
    return sha256(b"ockam spec vectors: " + name.encode())


ED: dict[str, SigningKey] = {
    n: Ed25519Key(secret(n)) for n in ("alice 1", "alice 2", "alice 2b", "authority")
}
P: dict[str, SigningKey] = {
    n: P256Key(secret(n)) for n in ("bob 1", "alice 3", "bob credentials")
}
CREDENTIAL_KEY = Ed25519Key(secret("authority credentials"))
X: dict[str, X25519Key] = {
    n: X25519Key(secret(n))
    for n in ("alice static", "alice ephemeral", "bob static", "bob ephemeral")
}

ALICE_1 = create_identity(ED["alice 1"], T0)
ALICE_2 = rotate_identity(ALICE_1, ED["alice 1"], ED["alice 2"], T0 + 100, revoke=True)
ALICE_2B = rotate_identity(ALICE_1, ED["alice 1"], ED["alice 2b"], T0 + 100)
ALICE_3 = rotate_identity(ALICE_2, ED["alice 2"], P["alice 3"], T0 + 200)
BOB = create_identity(P["bob 1"], T0)
AUTHORITY = create_identity(ED["authority"], T0)

ALICE_CHANNEL = attest(
    ALICE_2, ED["alice 2"], PurposeKey(x25519=X["alice static"].public), T0 + 300
)
BOB_CHANNEL = attest(BOB, P["bob 1"], PurposeKey(x25519=X["bob static"].public), T0 + 300)
AUTHORITY_SIGNING = attest(
    AUTHORITY, ED["authority"], PurposeKey(signing=public_key(CREDENTIAL_KEY)), T0 + 300
)
BOB_SIGNING = attest(
    BOB, P["bob 1"], PurposeKey(signing=public_key(P["bob credentials"])), T0 + 300
)
ATTRIBUTES = Attributes(1, {b"ockam-role": b"member", b"cluster": b"production"})
CREDENTIAL_OF_ALICE = issue_credential(
    AUTHORITY_SIGNING, CREDENTIAL_KEY, ALICE_2, ATTRIBUTES, T0 + 400, 30 * DAY
)
CREDENTIAL_BY_BOB = issue_credential(
    BOB_SIGNING, P["bob credentials"], ALICE_2, ATTRIBUTES, T0 + 400, 30 * DAY
)


def known(*identities: Identity) -> IdentityStore:
    store = IdentityStore()
    for identity in identities:
        store.update(identity)
    return store


def outcome(check: Callable[[], Any]) -> Json:
    try:
        check()
    except (ValueError, RuntimeError) as error:
        return {"accepted": False, "rule": str(error)}
    return {"accepted": True}


# ------------------------------------------------------------------ identity


def describe_key(key: SigningKey | X25519Key) -> Json:
    kind = {Ed25519Key: "ed25519", P256Key: "p256", X25519Key: "x25519"}[type(key)]
    return {"type": kind, "secret": key.secret.hex(), "public": key.public.hex()}


def describe_identity(name: str, identity: Identity) -> Json:
    changes = []
    for change, verified in zip(identity.history, identity.changes):
        previous = change.previous_signature
        changes.append(
            {
                "change_data": verified.data.encode().hex(),
                "versioned_data": change.data.hex(),
                "change_hash": verified.hash.hex(),
                "signature": change.signature.raw.hex(),
                "previous_signature": previous.raw.hex() if previous else None,
                "change": change.encode().hex(),
            }
        )
    return {
        "name": name,
        "identifier": identifier_text(identity.identifier),
        "changes": changes,
        "change_history": identity.export().hex(),
    }


def make_change(
    key: SigningKey, body: ChangeData, old: SigningKey | None = None,
    version: int = 1, data_type: int = CHANGE,
) -> Change:
    data = VersionedData(version, data_type, body.encode()).encode()
    return Change(data, sign(key, data), sign(old, data) if old else None)


def body_of(identity: Identity) -> ChangeData:
    return identity.latest.data


def histories() -> list[Json]:
    first, second = ALICE_2.history
    a1, a2 = ED["alice 1"], ED["alice 2"]
    base, next_ = body_of(ALICE_1), body_of(ALICE_2)
    flipped = bytes([first.signature.raw[0] ^ 1]) + first.signature.raw[1:]
    data = first.data
    indefinite = b"\x9f" + first.encode() + b"\xff"
    extra = b"\x84" + first.encode()[1:] + cbor.NULL + cbor.uint(7)
    split = b"\x5f" + cbor.bytestr(data[:20]) + cbor.bytestr(data[20:]) + b"\xff"
    long_head = b"\x59" + len(data).to_bytes(2, "big") + data
    raw = {
        "one change": ALICE_1.export(),
        "two changes": ALICE_2.export(),
        "three changes, ending in P-256": ALICE_3.export(),
        "one change, P-256": BOB.export(),
        "bytes after the history": ALICE_1.export() + b"\x00",
        "indefinite-length outer array": indefinite,
        "unknown trailing field in a change": cbor.array(extra),
        "length of data not in shortest form": cbor.array(
            b"\x82" + long_head + first.signature.encode()
        ),
        "explicit null previous signature": cbor.array(
            b"\x83" + first.encode()[1:] + cbor.NULL
        ),
        "first change carries an unneeded previous signature": encode_history(
            [replace(first, previous_signature=Signature(0, bytes(64)))]
        ),
        "validity already over": encode_history(
            [make_change(a1, replace(base, valid_from=1, valid_until=2))]
        ),
        "successor dated after the end of its predecessor": rotate_identity(
            create_identity(a1, T0, ttl=10), a1, a2, T0 + 100
        ).export(),
        "empty": encode_history([]),
        "truncated": ALICE_1.export()[:-1],
        "indefinite-length byte string": cbor.array(
            b"\x82" + split + first.signature.encode()
        ),
        "signature tampered": encode_history(
            [replace(first, signature=Signature(0, flipped))]
        ),
        "signature labelled with the other algorithm": encode_history(
            [replace(first, signature=Signature(1, first.signature.raw))]
        ),
        "second change without previous signature": encode_history(
            [first, replace(second, previous_signature=None)]
        ),
        "previous signature by the new key": encode_history(
            [first, replace(second, previous_signature=second.signature)]
        ),
        "second change links elsewhere": encode_history(
            [first, make_change(a2, replace(next_, previous_change=bytes(32)), a1)]
        ),
        "second change without a link": encode_history(
            [first, make_change(a2, replace(next_, previous_change=None), a1)]
        ),
        "first change has a link": encode_history(
            [make_change(a1, replace(base, previous_change=bytes(32)))]
        ),
        "second change dated before the first": encode_history(
            [first, make_change(a2, replace(next_, valid_from=T0 - 1), a1)]
        ),
        "unknown version": encode_history([make_change(a1, base, version=2)]),
        "wrong data type": encode_history([make_change(a1, base, data_type=2)]),
        "P-256 signature over a single SHA-256": encode_history(
            [_single_hash_p256(BOB.history[0])]
        ),
    }
    raw.update(decoding_histories())
    return [
        {
            "name": name,
            "change_history": value.hex(),
            **outcome(lambda: import_identity(value)),
        }
        for name, value in raw.items()
    ]


def signed(key: SigningKey, data: bytes) -> Change:
    return Change(data, sign(key, data))


def wrapped(key: SigningKey, body: bytes) -> bytes:
    """A one-change history around arbitrary change data bytes, correctly signed."""
    return encode_history([signed(key, VersionedData(1, CHANGE, body).encode())])


def decoding_histories() -> dict[str, bytes]:
    """Correctly signed, but encoded in ways the usual encoder never produces."""
    key, bob = ED["alice 1"], P["bob 1"]
    raw_key, when = cbor.bytestr(key.public), cbor.uint(T0)
    alg = cbor.enum(0, raw_key)
    no, until = cbor.boolean(False), cbor.uint(T0 + YEAR)
    fields = [cbor.NULL, alg, no, when, until]
    body = cbor.array(*fields)
    change = signed(key, VersionedData(1, CHANGE, body).encode())
    sig = cbor.bytestr(change.signature.raw)

    def with_(index: int, value: bytes) -> bytes:
        return wrapped(key, cbor.array(*fields[:index], value, *fields[index + 1 :]))

    def data_as(outer: bytes) -> bytes:
        return encode_history([signed(key, outer)])

    def change_as(*parts: bytes) -> bytes:
        return cbor.array(cbor.array(*parts))

    def bob_key(raw: bytes) -> bytes:
        return cbor.enum(1, cbor.bytestr(raw))

    def bob_history(raw_public: bytes, flip_s: bool = False) -> bytes:
        data = VersionedData(
            1, CHANGE, cbor.array(cbor.NULL, bob_key(raw_public), no, when, until)
        ).encode()
        signature = sign(bob, data)
        if flip_s:
            order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
            s = order - int.from_bytes(signature.raw[32:], "big")
            signature = Signature(1, signature.raw[:32] + s.to_bytes(32, "big"))
        return encode_history([Change(data, signature)])

    ed_order = 2**252 + 27742317777372353535851937790883648493
    s_value = int.from_bytes(change.signature.raw[32:], "little") + ed_order
    big_s = change.signature.raw[:32] + s_value.to_bytes(32, "little")
    item = cbor.bytestr(change.data)
    return {
        "change data as indefinite-length array": wrapped(
            key, b"\x9f" + b"".join(fields) + b"\xff"
        ),
        "unknown trailing field in change data": wrapped(
            key, cbor.array(*fields, cbor.mapping([(cbor.uint(1), cbor.text("x"))]))
        ),
        "unknown trailing field in versioned data": data_as(
            cbor.array(cbor.uint(1), cbor.uint(CHANGE), cbor.bytestr(body), cbor.uint(9))
        ),
        "version not in shortest form": data_as(
            cbor.array(b"\x19\x00\x01", cbor.uint(CHANGE), cbor.bytestr(body))
        ),
        "bytes after the change data": wrapped(key, body + b"\xff\xff"),
        "bytes after the versioned data": data_as(
            VersionedData(1, CHANGE, body).encode() + b"\x00"
        ),
        "largest possible timestamps": wrapped(
            key, cbor.array(cbor.NULL, alg, no, *[cbor.uint(2**64 - 1)] * 2)
        ),
        "unknown trailing field after the public key bytes": with_(
            1, cbor.array(cbor.uint(0), cbor.array(raw_key, cbor.uint(1)))
        ),
        "signature fields as indefinite-length array": change_as(
            item, cbor.array(cbor.uint(0), b"\x9f" + sig + b"\xff")
        ),
        "unknown algorithm in an unneeded previous signature": change_as(
            item, cbor.enum(0, sig), cbor.array(cbor.uint(7), cbor.array(sig))
        ),
        "P-256 signature with high s": bob_history(bob.public, flip_s=True),
        "version 257": data_as(
            cbor.array(cbor.uint(257), cbor.uint(CHANGE), cbor.bytestr(body))
        ),
        "undefined instead of null": with_(0, b"\xf7"),
        "tag before the public key bytes": with_(
            1, cbor.array(cbor.uint(0), cbor.array(b"\xd8\x40" + raw_key))
        ),
        "public key as 3-element enum": with_(
            1, cbor.array(cbor.uint(0), cbor.array(raw_key), cbor.NULL)
        ),
        "public key as indefinite-length enum": with_(
            1, b"\x9f" + cbor.uint(0) + cbor.array(raw_key) + b"\xff"
        ),
        "unknown algorithm in public key": with_(
            1, cbor.array(cbor.uint(2), cbor.array(raw_key))
        ),
        "public key of 31 bytes": with_(1, cbor.enum(0, cbor.bytestr(key.public[:31]))),
        "integer instead of boolean": with_(2, cbor.uint(0)),
        "negative timestamp": with_(3, b"\x20"),
        "change data of four fields": wrapped(key, cbor.array(*fields[:4])),
        "change data as map": wrapped(
            key, cbor.mapping([(cbor.uint(i), f) for i, f in enumerate(fields)])
        ),
        "unknown algorithm in signature": change_as(
            item, cbor.array(cbor.uint(2), cbor.array(sig))
        ),
        "change without signature": change_as(item),
        "Ed25519 signature with s not reduced": change_as(
            item, cbor.enum(0, cbor.bytestr(big_s))
        ),
        "P-256 point off the curve": bob_history(bob.public[:-1] + b"\x00"),
        "P-256 point with compressed marker": bob_history(b"\x02" + bob.public[1:]),
        "P-256 signature of zeroes": encode_history(
            [replace(BOB.history[0], signature=Signature(1, bytes(64)))]
        ),
    }


def _single_hash_p256(change: Change) -> Change:
    """What a signer that forgets the second hash would produce."""
    return replace(change, signature=Signature(1, P["bob 1"].sign(change.data)))


def comparisons() -> list[Json]:
    named = {"1": ALICE_1, "2": ALICE_2, "2b": ALICE_2B, "3": ALICE_3}
    return [
        {"current": f"alice {a}", "known": f"alice {b}", "result": x.compare(y).value}
        for a, x in named.items()
        for b, y in named.items()
    ]


def attestations() -> list[Json]:
    key = ED["alice 2"]
    good = AttestationData(
        ALICE_2.identifier, ALICE_2.latest.hash,
        PurposeKey(x25519=X["alice static"].public), T0 + 300, T0 + 300 + 5 * YEAR,
    )

    def made(body: AttestationData, by: SigningKey = key, **kw: int) -> SignedData:
        data = VersionedData(
            kw.get("version", 1), kw.get("data_type", ATTESTATION), body.encode()
        ).encode()
        return SignedData(data, sign(by, data))

    end = body_of(ALICE_2).valid_until
    cases: list[tuple[str, SignedData, int, bytes | None]] = [
        ("channel key", ALICE_CHANNEL, NOW, ALICE_2.identifier),
        ("channel key, P-256 identity", BOB_CHANNEL, NOW, BOB.identifier),
        ("credential key", AUTHORITY_SIGNING, NOW, None),
        ("credential key, P-256", BOB_SIGNING, NOW, None),
        ("on its last second", ALICE_CHANNEL, good.expires_at, None),
        ("one second over", ALICE_CHANNEL, good.expires_at + 1, None),
        ("issuer clock ahead by the allowance", ALICE_CHANNEL, T0 + 300 - MAX_CLOCK_DRIFT, None),
        ("issuer clock ahead by more", ALICE_CHANNEL, T0 + 299 - MAX_CLOCK_DRIFT, None),
        ("as old as the key", made(replace(good, created_at=T0 + 100)), NOW, None),
        ("older than the key", made(replace(good, created_at=T0 + 99)), NOW, None),
        ("ends with the key", made(replace(good, expires_at=end)), NOW, None),
        ("outlives the key", made(replace(good, expires_at=end + 1)), NOW, None),
        ("other subject expected", ALICE_CHANNEL, NOW, BOB.identifier),
        (
            "made with the previous key and change",
            made(replace(good, subject_latest_change=ALICE_1.latest.hash), ED["alice 1"]),
            NOW, None,
        ),
        ("latest change, signed by the previous key", made(good, ED["alice 1"]), NOW, None),
        ("unknown version", made(good, version=2), NOW, None),
        ("wrong data type", made(good, data_type=CREDENTIAL), NOW, None),
        ("unknown subject", made(replace(good, subject=bytes(32))), NOW, None),
    ]
    store = known(ALICE_2, BOB, AUTHORITY)
    return [
        {
            "name": name, "attestation": value.encode().hex(), "now": now,
            "expected_subject": identifier_text(subject) if subject else None,
            **outcome(lambda: verify_attestation(store, value, now, subject)),
        }
        for name, value, now, subject in cases
    ]


def credentials() -> list[Json]:
    good = CredentialData(
        ALICE_2.identifier, ALICE_2.latest.hash, ATTRIBUTES, T0 + 400, T0 + 400 + 30 * DAY
    )

    def made(body: CredentialData, by: SigningKey = CREDENTIAL_KEY) -> CredentialAndPurposeKey:
        data = VersionedData(1, CREDENTIAL, body.encode()).encode()
        return CredentialAndPurposeKey(SignedData(data, sign(by, data)), AUTHORITY_SIGNING)

    over = replace(CREDENTIAL_OF_ALICE, attestation=ALICE_CHANNEL)
    late = T0 + 300 + 5 * YEAR
    cases: list[tuple[str, CredentialAndPurposeKey, int, Identity, bytes]] = [
        ("good", CREDENTIAL_OF_ALICE, NOW, AUTHORITY, ALICE_2.identifier),
        ("good, P-256 authority", CREDENTIAL_BY_BOB, NOW, BOB, ALICE_2.identifier),
        ("on its last second", CREDENTIAL_OF_ALICE, good.expires_at, AUTHORITY, ALICE_2.identifier),
        ("one second over", CREDENTIAL_OF_ALICE, good.expires_at + 1, AUTHORITY, ALICE_2.identifier),
        ("issuer clock ahead by the allowance", CREDENTIAL_OF_ALICE, T0 + 340, AUTHORITY, ALICE_2.identifier),
        ("issuer clock ahead by more", CREDENTIAL_OF_ALICE, T0 + 339, AUTHORITY, ALICE_2.identifier),
        ("other authority expected", CREDENTIAL_OF_ALICE, NOW, BOB, ALICE_2.identifier),
        ("other subject expected", CREDENTIAL_OF_ALICE, NOW, AUTHORITY, BOB.identifier),
        ("issued to an older change of the subject", made(replace(good, subject_latest_change=ALICE_1.latest.hash)), NOW, AUTHORITY, ALICE_2.identifier),
        ("without subject change hash", made(replace(good, subject_latest_change=None)), NOW, AUTHORITY, ALICE_2.identifier),
        ("without subject", made(replace(good, subject=None)), NOW, AUTHORITY, ALICE_2.identifier),
        ("predates the purpose key", made(replace(good, created_at=T0 + 299)), NOW, AUTHORITY, ALICE_2.identifier),
        ("outlives the purpose key", made(replace(good, expires_at=late + 1)), NOW, AUTHORITY, ALICE_2.identifier),
        ("signed by another key", made(good, ED["alice 1"]), NOW, AUTHORITY, ALICE_2.identifier),
        ("attestation is for a channel key", over, NOW, ALICE_2, ALICE_2.identifier),
        ("no attributes", made(replace(good, attributes=Attributes(1, {}))), NOW, AUTHORITY, ALICE_2.identifier),
    ]
    for label, raw in odd_attributes():
        odd = made(replace(good, attributes=RawAttributes(0, {}, raw)))
        cases.append((label, odd, NOW, AUTHORITY, ALICE_2.identifier))
    store = known(ALICE_2, BOB, AUTHORITY)
    found: list[dict[str, str]] = []

    def check(value: CredentialAndPurposeKey, now: int, authority: bytes, subject: bytes) -> Json:
        found.clear()

        def run() -> None:
            data = verify_credential(store, value, now, [authority], subject)
            found.append({k.hex(): v.hex() for k, v in data.attributes.entries.items()})

        return {**outcome(run), "attributes": found[0] if found else None}

    return [
        {
            "name": name, "credential": value.encode().hex(), "now": now,
            "authority": identifier_text(authority.identifier),
            "expected_subject": identifier_text(subject),
            **check(value, now, authority.identifier, subject),
        }
        for name, value, now, authority, subject in cases
    ]


@dataclass(frozen=True)
class RawAttributes(Attributes):
    """Attributes with a chosen encoding."""

    raw: bytes = b""

    def encode(self) -> bytes:
        return self.raw


def odd_attributes() -> list[tuple[str, bytes]]:
    def key(name: bytes) -> bytes:
        return cbor.bytestr(name)

    pairs = [(key(b"b"), key(b"1")), (key(b"a"), key(b"2")), (key(b"b"), key(b"3"))]
    body = b"".join(k + v for k, v in pairs)
    one = cbor.uint(1)
    return [
        ("attributes unsorted and repeated", cbor.array(one, cbor.mapping(pairs))),
        ("attributes as indefinite-length map", cbor.array(one, b"\xbf" + body + b"\xff")),
        ("unknown trailing field in attributes", cbor.array(one, cbor.mapping(pairs[:1]), one)),
        ("largest schema number", cbor.array(cbor.uint(2**64 - 1), cbor.mapping([]))),
        ("attribute names as text", cbor.array(one, cbor.mapping([(cbor.text("a"), key(b"2"))]))),
        ("attributes without a map", cbor.array(one)),
    ]


def credential_layers() -> Json:
    item = CREDENTIAL_OF_ALICE
    body = CredentialData(
        ALICE_2.identifier, ALICE_2.latest.hash, ATTRIBUTES, T0 + 400, T0 + 400 + 30 * DAY
    )
    return {
        "attributes": ATTRIBUTES.encode().hex(),
        "credential_data": body.encode().hex(),
        "versioned_data": item.credential.data.hex(),
        "digest": sha256(item.credential.data).hex(),
        "signature": item.credential.signature.raw.hex(),
        "credential": item.credential.encode().hex(),
        "purpose_key_attestation": item.attestation.encode().hex(),
        "credential_and_purpose_key": item.encode().hex(),
    }


def identity_vectors() -> Json:
    keys: dict[str, SigningKey | X25519Key] = {
        **ED, **P, "authority credentials": CREDENTIAL_KEY, **X,
    }
    named = {
        "alice 1": ALICE_1, "alice 2": ALICE_2, "alice 2b": ALICE_2B, "alice 3": ALICE_3,
        "bob": BOB, "authority": AUTHORITY,
    }
    return {
        "about": "See identity.md. Secrets are test values: SHA-256 of "
        "'ockam spec vectors: ' + name. P-256 signatures use RFC 6979.",
        "keys": {name: describe_key(key) for name, key in keys.items()},
        "identities": [describe_identity(*item) for item in named.items()],
        "histories": histories(),
        "comparisons": comparisons(),
        "attestation_verification": {
            "known_identities": ["alice 2", "bob", "authority"],
            "cases": attestations(),
        },
        "credential_layers": credential_layers(),
        "credential_verification": {
            "known_identities": ["alice 2", "bob", "authority"],
            "cases": credentials(),
        },
    }


# ------------------------------------------------------------ secure channel


def alice() -> Party:
    return Party(ALICE_2, X["alice static"], ALICE_CHANNEL, (CREDENTIAL_OF_ALICE,))


def bob() -> Party:
    return Party(
        BOB, X["bob static"], BOB_CHANNEL, authority=AUTHORITY.identifier,
        store=known(AUTHORITY),
    )


def run_channel() -> tuple[SecureChannel, SecureChannel, list[bytes]]:
    a = SecureChannel.new(INITIATOR, alice(), X["alice ephemeral"])
    b = SecureChannel.new(RESPONDER, bob(), X["bob ephemeral"])
    m1 = a.start()
    m2 = b.on_handshake(m1, NOW)
    assert m2 is not None
    m3 = a.on_handshake(m2, NOW)
    assert m3 is not None
    assert b.on_handshake(m3, NOW) is None
    return a, b, [m1, m2, m3]


def describe_steps(handshake: Handshake) -> list[Json]:
    return [
        {
            "operation": step.operation, "h": step.h.hex(), "ck": step.ck.hex(),
            "k": step.k.hex() if step.k else None, "n": step.n,
        }
        for step in handshake.steps
    ]


def describe_handshake(a: Handshake, b: Handshake, messages: list[bytes]) -> Json:
    k1, k2 = a.split()
    return {
        "protocol_name": a.protocol_name.decode(),
        "initiator_static": describe_key(a.s), "initiator_ephemeral": describe_key(a.e),
        "responder_static": describe_key(b.s), "responder_ephemeral": describe_key(b.e),
        "messages": [message.hex() for message in messages],
        "initiator_steps": describe_steps(a), "responder_steps": describe_steps(b),
        "handshake_hash": a.h.hex(), "k1": k1.hex(), "k2": k2.hex(),
        "initiator_sends_with": a.keys().send.hex(),
        "responder_sends_with": b.keys().send.hex(),
    }


def bare_handshake() -> Json:
    a = Handshake(INITIATOR, X["alice static"], X["alice ephemeral"])
    b = Handshake(RESPONDER, X["bob static"], X["bob ephemeral"])
    payloads = [b"", b"payload two", b"payload three"]
    messages = []
    for payload, (writer, reader) in zip(payloads, [(a, b), (b, a), (a, b)]):
        messages.append(writer.write(payload))
        reader.read(messages[-1])
    return {"payloads": [p.hex() for p in payloads], **describe_handshake(a, b, messages)}


def tampered_handshakes() -> list[Json]:
    cases = []
    for number in (1, 2, 3):
        for where in ("first byte", "last byte", "cut short by one byte"):
            a = Handshake(INITIATOR, X["alice static"], X["alice ephemeral"])
            b = Handshake(RESPONDER, X["bob static"], X["bob ephemeral"])
            failed = None
            for turn, (writer, reader) in enumerate([(a, b), (b, a), (a, b)], 1):
                message = writer.write(b"")
                if turn == number and where == "cut short by one byte":
                    message = message[:-1]
                elif turn == number:
                    at = 0 if where == "first byte" else len(message) - 1
                    message = (
                        message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]
                    )
                try:
                    reader.read(message)
                except HandshakeError as error:
                    failed = {"at_message": turn, "error": str(error)}
                    break
            cases.append({"message": number, "change": where, "detected": failed})
    return cases


SAMPLES = (0, 1, 2, 31, 32, 33, 63, 64, 95, 96, 127, 128)


def data_phase(send_key: bytes) -> Json:
    encryptor = Encryptor(send_key)
    samples = []
    for nonce in range(max(SAMPLES) + 1):
        plaintext = encode_padded(
            Payload(local("echoer"), local("app"), f"message {nonce}".encode())
        )
        ciphertext = encryptor.encrypt(plaintext)
        if nonce in SAMPLES:
            samples.append(
                {
                    "nonce": nonce, "key": encryptor.key.hex(),
                    "plaintext": plaintext.hex(), "ciphertext": ciphertext.hex(),
                }
            )
    keys = [send_key]
    for _ in range(4):
        keys.append(rekey(keys[-1]))
    return {
        "keys": [
            {"rekeys": i, "first_nonce": 32 * i, "key": key.hex()}
            for i, key in enumerate(keys)
        ],
        "samples": samples,
    }


def inner_messages(refreshed: CredentialAndPurposeKey) -> list[Json]:
    messages: list[tuple[str, Message]] = [
        ("payload", Payload(local("echoer"), local("app"), b"hello")),
        ("payload, empty routes", Payload((), (), b"")),
        (
            "payload, 300 bytes to two hops",
            Payload(local("hop", "echoer"), local("app", "x"), bytes(300)),
        ),
        ("refresh credentials", RefreshCredentials(ALICE_2.history, (refreshed,))),
        ("close", Close()),
    ]
    return [{"name": n, "plaintext": encode_padded(m).hex()} for n, m in messages]


def message_decoding() -> list[Json]:
    """Plaintexts the usual encoder never produces; result is what they mean."""
    text = cbor.text
    one = cbor.array(cbor.array(cbor.uint(0), cbor.bytestr(b"echoer")))
    none, body, pad = cbor.array(), cbor.bytestr(b"hi"), cbor.bytestr(b"")

    def payload(onward: bytes, return_: bytes = none, data: bytes = body) -> bytes:
        return cbor.array(cbor.enum(0, cbor.array(onward, return_, data)), pad)

    close = cbor.array(cbor.uint(2), cbor.array())
    raw = {
        "padding present": cbor.array(close, cbor.bytestr(bytes(200))),
        "padding not zero": cbor.array(close, cbor.bytestr(b"\x01\x02")),
        "bytes after the message": cbor.array(close, pad) + b"\x00\x00",
        "unknown third field": cbor.array(close, pad, cbor.uint(5)),
        "close with a body": cbor.array(
            cbor.array(cbor.uint(2), cbor.array(cbor.uint(1))), pad
        ),
        "close with a map body": cbor.array(cbor.array(cbor.uint(2), b"\xa0"), pad),
        "route as indefinite-length array": payload(b"\x9f" + one[1:] + b"\xff"),
        "address with an unknown third field": payload(
            cbor.array(cbor.array(cbor.uint(0), cbor.bytestr(b"echoer"), cbor.uint(1)))
        ),
        "padding missing": cbor.array(close),
        "close without a body": cbor.array(cbor.array(cbor.uint(2)), pad),
        "unknown message type": cbor.array(cbor.array(cbor.uint(3), cbor.array()), pad),
        "message as indefinite-length enum": cbor.array(
            b"\x9f" + cbor.uint(2) + cbor.array() + b"\xff", pad
        ),
        "address as text": payload(cbor.array(cbor.array(cbor.uint(0), text("echoer")))),
        "transport type 256": payload(
            cbor.array(cbor.array(cbor.uint(256), cbor.bytestr(b"echoer")))
        ),
        "payload as text": payload(one, none, text("hi")),
        "payload missing": cbor.array(cbor.enum(0, cbor.array(one, none)), pad),
        "empty plaintext": b"",
    }
    cases = []
    for name, value in raw.items():
        case: Json = {"name": name, "plaintext": value.hex()}
        result = outcome(lambda: case.update(means=encode_padded(decode_padded(value)).hex()))
        cases.append({**case, **result})
    return cases


Attempt = tuple[int, str]


def receive_cases(key: bytes) -> list[Json]:
    """Each attempt delivers the genuine or a damaged message of one nonce."""
    in_order = [(n, "genuine") for n in range(70)]
    plans: dict[str, list[Attempt]] = {
        "in order across two rekeys": in_order,
        "every message repeated": [(n, "genuine") for n in range(4) for _ in range(2)],
        "first message is the furthest allowed": [(33, "genuine"), (32, "genuine"), (0, "genuine"), (0, "genuine")],
        "window edge in the past": [(0, "genuine"), (32, "genuine"), (64, "genuine"), (32, "genuine"), (31, "genuine"), (33, "genuine"), (63, "genuine")],
        "late message after a rekey uses the previous key": [(n, "genuine") for n in range(31)] + [(32, "genuine"), (31, "genuine"), (31, "genuine")],
        "forged messages change nothing": [(0, "genuine"), (1, "damaged"), (32, "damaged"), (33, "damaged"), (1, "genuine"), (32, "genuine"), (2, "genuine")],
        "32 messages lost in a row, then one of them arrives": [(0, "genuine"), (33, "genuine"), (34, "genuine"), (1000, "genuine"), (32, "genuine"), (33, "genuine")],
        "reverse order inside one window": [(n, "genuine") for n in range(32, -1, -1)],
        "shorter than nonce and tag": [(0, "cut"), (0, "genuine")],
    }
    return [
        {"name": name, "attempts": deliver(key, plan)} for name, plan in plans.items()
    ]


def deliver(key: bytes, plan: list[Attempt]) -> list[Json]:
    encryptor = Encryptor(key)
    genuine = [encryptor.encrypt(f"{n}".encode()) for n in range(1001)]
    decryptor, attempts = Decryptor.new(key), []
    for nonce, kind in plan:
        message = genuine[nonce]
        if kind == "damaged":
            message = message[:-1] + bytes([message[-1] ^ 0x80])
        elif kind == "cut":
            message = message[:23]
        entry: Json = {"nonce": nonce, "kind": kind, "message": message.hex()}
        try:
            decryptor.decrypt(message)
            entry["accepted"] = True
        except Rejected as error:
            entry.update(accepted=False, reason=str(error))
        assert decryptor.nonces is not None
        entry.update(
            highest=decryptor.nonces.highest, bitmap=f"{decryptor.nonces.bitmap:016x}",
            rekeys=decryptor.keys.rekeys,
        )
        attempts.append(entry)
    return attempts


def key_exchange_only(key: bytes) -> Json:
    encryptor = Encryptor(key, rekeying=False)
    messages = [encryptor.encrypt(f"{n}".encode()) for n in range(41)]
    decryptor = Decryptor.new(key, key_exchange_only=True)
    for n in (40, 0, 0, 33):
        assert decryptor.decrypt(messages[n]) == (f"{n}".encode(), n)
    return {
        "key": key.hex(),
        "accepted_in_this_order": [
            {"nonce": n, "plaintext": f"{n}".encode().hex(), "ciphertext": messages[n].hex()}
            for n in (40, 0, 0, 33)
        ],
    }


def secure_channel_vectors() -> Json:
    a, b, messages = run_channel()
    keys = a.handshake.keys()
    refreshed = issue_credential(
        AUTHORITY_SIGNING, CREDENTIAL_KEY, ALICE_2, ATTRIBUTES, T0 + 900, 30 * DAY
    )
    assert b.party.attributes[ALICE_2.identifier] == dict(ATTRIBUTES.entries)
    return {
        "about": "See secure-channel.md. Secrets are test values: SHA-256 of "
        "'ockam spec vectors: ' + name.",
        "full_handshake": {
            "now": NOW,
            "initiator": "alice 2 of identity.json, presenting a credential of authority",
            "responder": "bob of identity.json, knowing authority",
            "payloads": ["", bob().payload().hex(), alice().payload().hex()],
            **describe_handshake(a.handshake, b.handshake, messages),
        },
        "bare_handshake": bare_handshake(),
        "tampered_handshakes": tampered_handshakes(),
        "initiator_to_responder": data_phase(keys.send),
        "responder_to_initiator": data_phase(keys.receive),
        "inner_messages": inner_messages(refreshed),
        "inner_message_decoding": message_decoding(),
        "receive_window": {"key": keys.send.hex(), "cases": receive_cases(keys.send)},
        "key_exchange_only": key_exchange_only(keys.send),
        "rekey": {
            "key": bytes(range(32)).hex(),
            "sealed_zeroes": seal(bytes(range(32)), 2**64 - 1, b"", bytes(32)).hex(),
            "next_key": rekey(bytes(range(32))).hex(),
        },
    }


FILES: dict[str, Callable[[], Json]] = {
    "identity.json": identity_vectors,
    "secure-channel.json": secure_channel_vectors,
}


def render(build: Callable[[], Json]) -> str:
    return json.dumps(build(), indent=1) + "\n"


def main(arguments: list[str]) -> int:
    status = 0
    for name, build in FILES.items():
        path, content = OUT / name, render(build)
        if "--check" not in arguments:
            path.write_text(content)
        elif path.read_text() != content:
            print(f"{name} differs")
            status = 1
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
