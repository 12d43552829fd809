#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Present credentials to node k at 127.0.0.1:PORT: credential.py PORT [CASE]... Prints TAP.

Listener ``strict`` requires a credential of the authority, ``lax`` does not. Both are made here,
and refused peers are told from others by the counters of the node and by its channels.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from drops import drops
from genl import Genl, attr
from live import ask, ed25519, new_party, p256, report, text
from ockam_ref import cbor
from ockam_ref.identity import (
    ATTESTATION, CREDENTIAL, VERSION, AttestationData, Attributes, CredentialData, Identity,
    PurposeKey, SignedData, VersionedData, attest, create_identity, identifier_text, public_key,
    rotate_identity, sign,
)
from ockam_ref.messages import RefreshCredentials, local
from ockam_ref.node import ChannelEnd, Node, bare_string
from ockam_ref.primitives import SigningKey, X25519Key
from ockam_ref.secure_channel import Party
from until import until

PORT = int(sys.argv[1])
NOW = int(time.time()) - 20
HOUR = 3600
STEP = 11 if os.environ.get("VM_KERNEL") == "debug" else 3  # bytes between two damages


def ctl(*words: str, code: int = 0) -> str:
    done = subprocess.run(["ockamctl", *words], capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise RuntimeError(f"{words}: exit {done.returncode}: {done.stderr}")
    return done.stdout if code == 0 else done.stderr


def listing(*words: str) -> list[dict]:
    return json.loads(ctl(*words, "-j"))


# ---------------------------------------------------------------- credentials


@dataclass(frozen=True)
class Raw:
    """Bytes in the place of something that is encoded."""

    data: bytes

    def encode(self) -> bytes:
        return self.data


@dataclass(frozen=True)
class Authority:
    """An issuer, and all that may be wrong with what it issues."""

    identity: Identity
    key: SigningKey  # attests
    signer: SigningKey  # signs credentials
    attested_at: int = NOW
    attested_for: int = 10 * HOUR

    @classmethod
    def make(cls, key: SigningKey, signer: SigningKey) -> Authority:
        return cls(create_identity(key, NOW - HOUR), key, signer, NOW - HOUR)

    def attestation(self, purpose: PurposeKey | None = None, subject: bytes | None = None,
                    key: SigningKey | None = None) -> SignedData:
        body = AttestationData(
            subject or self.identity.identifier, self.identity.latest.hash,
            purpose or PurposeKey(signing=public_key(self.signer)),
            self.attested_at, self.attested_at + self.attested_for)
        data = VersionedData(VERSION, ATTESTATION, body.encode()).encode()
        return SignedData(data, sign(key or self.key, data))

    def issue(self, subject: bytes | None, entries: dict[bytes, bytes] | None = None, at: int = NOW,
              ttl: int = HOUR, attestation: SignedData | None = None,
              wrap: Callable[[bytes], bytes] = lambda body: VersionedData(VERSION, CREDENTIAL, body).encode(),
              ) -> Raw:
        body = CredentialData(subject, None, Attributes(1, entries or {b"role": b"db"}), at, at + ttl)
        data = wrap(body.encode())
        return Raw(cbor.struct(SignedData(data, sign(self.signer, data)).encode(),
                               (attestation or self.attestation()).encode()))

    def hex(self) -> str:
        return self.identity.export().hex()


GOOD = Authority.make(ed25519(), ed25519())
OTHER = Authority.make(ed25519(), ed25519())
SIGNED_BY_P256 = Authority.make(p256(), p256())
OLD_KEY, NEW_KEY = ed25519(), ed25519()
BEFORE = Authority.make(OLD_KEY, ed25519())
AFTER = replace(BEFORE, identity=rotate_identity(BEFORE.identity, OLD_KEY, NEW_KEY, NOW), key=NEW_KEY,
                attested_at=NOW)


def listen(name: str, *words: str) -> None:
    ctl("secure-channel-listener", "create", name, "--at", "k", "--expose", "uppercase", *words)


def set_up() -> None:
    two = ["--authority", GOOD.hex(), "--authority", SIGNED_BY_P256.hex()]
    listen("strict", *two, "--require-credential")
    listen("lax", *two)
    listen("rotated", "--authority", AFTER.hex(), "--require-credential")
    listen("none")
    ctl("tcp-listener", "create", f"127.0.0.1:{PORT}", "--at", "k",
        *[word for name in ("strict", "lax", "rotated", "none", "early") for word in ("--expose", name)])


# ---------------------------------------------------------------- channels


def counts() -> dict[str, int]:
    """Of what is tested here: connections of earlier cases may still be closing."""
    reasons = ("credential-", "identity-")
    return {k: v for k, v in drops("k").items() if k.startswith(reasons)}


def added(before: dict[str, int]) -> dict[str, int]:
    now = counts()
    return {k: v - before.get(k, 0) for k, v in now.items() if v != before.get(k, 0)}


def channel_of(party: Party) -> dict | None:
    """What the node says of the channel whose peer this is."""
    name = identifier_text(party.identity.identifier)
    found = [c for c in listing("secure-channel", "list", "--at", "k") if c["their_identifier"] == name]
    return found[0] if found else None


def attributes_of(party: Party) -> dict | None:
    channel = channel_of(party)
    return channel["credential"] and channel["credential"]["attributes"] if channel else None


def opened(party: Party, listener: str) -> tuple[Node, ChannelEnd]:
    """As far as the initiator knows: message 3 is sent."""
    node = Node()
    return node, another(node, node.connect("127.0.0.1", PORT), party, listener)


def another(node: Node, tcp: str, party: Party, listener: str) -> ChannelEnd:
    for _ in range(20):  # a listener bounds what it checks in a second
        end = ChannelEnd.open(node, party, local(tcp, listener))
        node.run(lambda: end.ready, 2)
        if end.ready:
            return end
    raise TimeoutError(f"no message 2: {end.rejected}")


def works(node: Node, end: ChannelEnd) -> bool:
    return text(ask(node, end.route_to("uppercase"), bare_string(b"in"), 20)) == "IN"


def holding(make: Callable[[Party], Raw | tuple[Raw, ...]]) -> Party:
    party = new_party(ed25519())
    made = make(party)
    return replace(party, credentials=made if isinstance(made, tuple) else (made,))


def accepted(make: Callable[[Party], Raw], listener: str = "strict", role: str = "db") -> bool:
    party = holding(make)
    node, end = opened(party, listener)
    return works(node, end) and attributes_of(party) == {"role": role}


def refused(reason: str, make: Callable[[Party], Raw | tuple[Raw, ...]], listener: str = "strict") -> bool:
    """Refused with this reason, once, where one is required; else let in without attributes."""
    party, before = holding(make), counts()
    opened(party, listener)
    if not until(lambda: added(before)) or added(before) != {reason: 1} or channel_of(party):
        print(f"# {listener}: {added(before)} {channel_of(party)}")
        return False
    if listener != "strict" or not party.credentials:
        return True
    before = counts()
    node, end = opened(party, "lax")
    good = works(node, end) and channel_of(party)["credential"] is None and added(before) == {reason: 1}
    return good or bool(print(f"# lax: {added(before)} {channel_of(party)}"))


def me(party: Party) -> bytes:
    return party.identity.identifier


# ---------------------------------------------------------------- cases


def good_one() -> bool:
    return accepted(lambda p: GOOD.issue(me(p)))


def good_one_by_the_second_authority_with_p256() -> bool:
    return accepted(lambda p: SIGNED_BY_P256.issue(me(p)))


def good_one_after_a_rotation_of_the_authority() -> bool:
    return accepted(lambda p: AFTER.issue(me(p)), "rotated")


def issued_by_a_clock_that_is_a_little_ahead() -> bool:
    return accepted(lambda p: GOOD.issue(me(p), at=int(time.time()) + 40))


def bytes_behind_it_are_ignored() -> bool:
    def versioned(body: bytes) -> bytes:
        return VersionedData(VERSION, CREDENTIAL, body + b"\x00more").encode() + b"\xff"
    return accepted(lambda p: GOOD.issue(me(p), wrap=versioned))


def repeated_attribute() -> bool:
    """The last one counts."""
    def twice(body: bytes) -> bytes:
        once, both = b"\xa1\x44role\x42db", b"\xa2\x44role\x42no\x44role\x42db"
        assert body.count(once) == 1
        return VersionedData(VERSION, CREDENTIAL, body.replace(once, both)).encode()
    return accepted(lambda p: GOOD.issue(me(p), wrap=twice))


def nobody_asks_for_it() -> bool:
    """Without an authority all are ignored, bad ones too."""
    party, before = holding(lambda p: OTHER.issue(None)), counts()
    node, end = opened(party, "none")
    return works(node, end) and channel_of(party)["credential"] is None and not added(before)


def required_and_absent() -> bool:
    return refused("credential-required", lambda p: ())


def optional_and_absent() -> bool:
    party, before = new_party(ed25519()), counts()
    node, end = opened(party, "lax")
    return works(node, end) and channel_of(party)["credential"] is None and not added(before)


def another_issuer() -> bool:
    return refused("credential-authority", lambda p: OTHER.issue(me(p)))


def its_own_issuer() -> bool:
    """The peer as its own authority: a history that it shows itself does not count."""
    party, key = new_party(ed25519()), ed25519()
    identity = create_identity(key, NOW)
    own = Authority(identity, key, ed25519())
    static = X25519Key(os.urandom(32))
    attestation = attest(identity, key, PurposeKey(x25519=static.public), NOW)
    party = Party(identity, static, attestation, (own.issue(identity.identifier),))
    before = counts()
    opened(party, "strict")
    return until(lambda: added(before) == {"credential-authority": 1}) and channel_of(party) is None


def forged_attestation() -> bool:
    return refused("credential-signature", lambda p: GOOD.issue(
        me(p), attestation=GOOD.attestation(key=OTHER.key)))


def signed_by_another_key() -> bool:
    return refused("credential-signature", lambda p: replace(GOOD, signer=OTHER.signer).issue(
        me(p), attestation=GOOD.attestation()))


def signed_by_the_identity_itself() -> bool:
    return refused("credential-signature", lambda p: replace(GOOD, signer=GOOD.key).issue(
        me(p), attestation=GOOD.attestation()))


def about_another_one() -> bool:
    return refused("credential-subject", lambda p: GOOD.issue(me(new_party(ed25519()))))


def about_nobody() -> bool:
    return refused("credential-subject", lambda p: GOOD.issue(None))


def expired() -> bool:
    return refused("credential-expired", lambda p: GOOD.issue(me(p), at=NOW - 300, ttl=200))


def expired_signing_key() -> bool:
    old = replace(GOOD, attested_at=NOW - 1000, attested_for=900)
    return refused("credential-expired", lambda p: old.issue(me(p), at=NOW - 900, ttl=100))


def not_yet_valid() -> bool:
    return refused("credential-not-yet-valid", lambda p: GOOD.issue(me(p), at=int(time.time()) + 600))


def before_the_signing_key() -> bool:
    return refused("credential-validity", lambda p: GOOD.issue(me(p), at=GOOD.attested_at - 1, ttl=9 * HOUR))


def behind_the_signing_key() -> bool:
    return refused("credential-validity", lambda p: GOOD.issue(me(p), ttl=11 * HOUR))


def signing_key_behind_the_identity() -> bool:
    long = replace(GOOD, attested_for=20 * 365 * 24 * HOUR)
    return refused("credential-validity", lambda p: long.issue(me(p)))


def channel_key() -> bool:
    key = GOOD.attestation(PurposeKey(x25519=os.urandom(32)))
    return refused("credential-purpose", lambda p: GOOD.issue(me(p), attestation=key))


def key_of_before_the_rotation() -> bool:
    return refused("credential-stale-key", lambda p: BEFORE.issue(me(p)), "rotated")


def another_type_of_data() -> bool:
    def change(body: bytes) -> bytes:
        return VersionedData(VERSION, ATTESTATION, body).encode()
    return refused("credential-version", lambda p: GOOD.issue(me(p), wrap=change))


def another_version() -> bool:
    def newer(body: bytes) -> bytes:
        return VersionedData(2, CREDENTIAL, body).encode()
    return refused("credential-version", lambda p: GOOD.issue(me(p), wrap=newer))


def signed_nonsense() -> bool:
    return refused("credential-malformed", lambda p: GOOD.issue(me(p), wrap=lambda body: b"\x80"))


def map_that_announces_too_much() -> bool:
    def announce(body: bytes) -> bytes:
        return VersionedData(VERSION, CREDENTIAL, body.replace(b"\xa1\x44role", b"\xbb" + b"\xff" * 8 + b"\x44role")).encode()
    return refused("credential-malformed", lambda p: GOOD.issue(me(p), wrap=announce))


def two_of_them() -> bool:
    return refused("credential-limit", lambda p: (GOOD.issue(me(p)), GOOD.issue(me(p))))


def attributes_too_long() -> bool:
    return (accepted(lambda p: GOOD.issue(me(p), {b"role": b"x" * 4000}), role="x" * 4000)
            and refused("credential-limit", lambda p: GOOD.issue(me(p), {b"role": b"x" * 4100})))


def damaged(change: Callable[[bytes, int], bytes]) -> bool:
    """Each damage is refused, and one reason counted for it."""
    party, before = new_party(ed25519()), counts()
    data = GOOD.issue(me(party)).data
    node = Node()
    tcp = node.connect("127.0.0.1", PORT)
    tries = range(0, len(data), STEP)
    for at in tries:
        another(node, tcp, replace(party, credentials=(Raw(change(data, at)),)), "strict")

    def all_counted() -> bool:
        return sum(added(before).values()) == len(tries)
    good = until(all_counted) and channel_of(party) is None
    print(f"# {len(tries)}: {added(before)}")
    return good


def flipped() -> bool:
    return damaged(lambda data, at: data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:])


def cut() -> bool:
    return damaged(lambda data, at: data[:at])


# What comes later


def refresh(node: Node, end: ChannelEnd, party: Party, *credentials: Raw) -> None:
    message = RefreshCredentials(party.identity.history, credentials)
    node.send(end.remote, (), end.channel.seal(message))


def refreshed() -> bool:
    """A newer one takes the place; the next one must wait."""
    party = holding(lambda p: GOOD.issue(me(p)))
    node, end = opened(party, "lax")
    if not works(node, end):
        return False
    before = counts()
    for value in (b"one", b"two"):
        refresh(node, end, party, GOOD.issue(me(party), {b"role": value}))
    return (works(node, end) and attributes_of(party) == {"role": "one"} and added(before) == {"credential-rate": 1})


def refresh_that_is_bad(reason: str, make: Callable[[Party], tuple[Raw, ...]]) -> bool:
    party = holding(lambda p: GOOD.issue(me(p)))
    node, end = opened(party, "strict")
    if not works(node, end):
        return False
    before = counts()
    refresh(node, end, party, *make(party))
    good = works(node, end) and attributes_of(party) == {"role": "db"} and added(before) == {reason: 1}
    return good or bool(print(f"# {added(before)} {channel_of(party)}"))


def refresh_by_another_issuer() -> bool:
    return refresh_that_is_bad("credential-authority", lambda p: (OTHER.issue(me(p)),))


def refresh_about_another_one() -> bool:
    return refresh_that_is_bad("credential-subject", lambda p: (GOOD.issue(me(OTHER_PARTY)),))


def refresh_with_an_expired_one() -> bool:
    return refresh_that_is_bad("credential-expired", lambda p: (GOOD.issue(me(p), at=NOW - 300, ttl=200),))


def refresh_with_two() -> bool:
    return refresh_that_is_bad("credential-limit", lambda p: (GOOD.issue(me(p)), GOOD.issue(me(p))))


def refresh_that_cannot_be_read() -> bool:
    return refresh_that_is_bad("identity-malformed", lambda p: (Raw(b"\x82\x00\x01"),))


def refresh_with_the_history_of_another_one() -> bool:
    party = holding(lambda p: GOOD.issue(me(p)))
    node, end = opened(party, "lax")
    before = counts()
    if not works(node, end):
        return False
    refresh(node, end, OTHER_PARTY, GOOD.issue(me(OTHER_PARTY)))
    return works(node, end) and attributes_of(party) == {"role": "db"} and added(before) == {"identity-subject": 1}


def flood_of_refreshes() -> bool:
    party = holding(lambda p: GOOD.issue(me(p)))
    node, end = opened(party, "lax")
    before = counts()
    for _ in range(100):
        refresh(node, end, party, OTHER.issue(me(party)))
    return (works(node, end) and attributes_of(party) == {"role": "db"}
            and sum(added(before).values()) == 100 and added(before)["credential-rate"] >= 97)


def expiry_where_it_is_not_required() -> bool:
    """The channel lives on, without attributes."""
    party = holding(lambda p: GOOD.issue(me(p), at=int(time.time()) - 60, ttl=70))
    node, end = opened(party, "lax")
    before = counts()
    return (works(node, end) and attributes_of(party) == {"role": "db"}
            and until(lambda: added(before) == {"credential-expired": 1}, 30)
            and works(node, end) and channel_of(party)["credential"] is None)


def expiry_where_it_is_required() -> bool:
    """The channel goes, unless it was refreshed before."""
    def short(p: Party) -> Raw:
        return GOOD.issue(me(p), at=int(time.time()) - 60, ttl=72)
    goes, stays = holding(short), holding(short)
    node, end = opened(goes, "strict")
    node2, end2 = opened(stays, "strict")
    if not works(node, end) or not works(node2, end2):
        return False
    refresh(node2, end2, stays, GOOD.issue(me(stays)))
    return until(lambda: channel_of(goes) is None, 30) and works(node2, end2)


def authority_that_rotates_meanwhile() -> bool:
    """Once it has shown its new history, what its old key signs counts no more."""
    old, new = ed25519(), ed25519()
    before = Authority.make(old, ed25519())
    after = replace(before, identity=rotate_identity(before.identity, old, new, NOW), key=new,
                    attested_at=NOW)
    listen("early", "--authority", before.hex(), "--require-credential")
    if not accepted(lambda p: before.issue(me(p)), "early"):
        return False
    static = X25519Key(os.urandom(32))
    node, end = opened(Party(after.identity, static, attest(
        after.identity, new, PurposeKey(x25519=static.public), NOW)), "lax")
    return (works(node, end) and refused("credential-stale-key", lambda p: before.issue(me(p)), "early")
            and accepted(lambda p: after.issue(me(p)), "early")
            and "newer change history" in ctl("secure-channel-listener", "create", "l", "--at", "k",
                                              "--authority", before.hex(), code=65))


def authorities_that_are_refused() -> bool:
    create = ["secure-channel-listener", "create", "l", "--at", "k"]
    five = [word for _ in range(5) for word in ("--authority", GOOD.hex())]
    forged = GOOD.hex()[:-1] + ("0" if GOOD.hex()[-1] != "0" else "1")
    return ("1 to 4" in ctl(*create, *five, code=2)
            and "--authority" in ctl(*create, "--require-credential", code=2)
            and "not valid" in ctl(*create, "--authority", forged, code=65))


def authorities_that_the_kernel_refuses() -> bool:
    """What our own tool does not send."""
    genl, where = Genl(), attr("NODE_NAME", "k") + attr("ADDRESS", b"l")
    good = attr("HISTORY", GOOD.identity.export())

    def error(nest: bytes, more: bytes = b"") -> int:
        data = bytearray(attr("AUTHORITIES", nest))
        data[3] |= 0x80  # NLA_F_NESTED
        return genl.ask("CHANNEL_LISTENER_NEW", where + bytes(data) + more)[0]

    flag = attr("REQUIRE_CREDENTIAL", b"")
    bad = GOOD.identity.export()[:-1] + bytes([GOOD.identity.export()[-1] ^ 1])
    got = [error(b""), error(good * 5), error(good + attr("ADDRESS", b"x")), error(attr("HISTORY", bad)),
           error(attr("HISTORY", b"")), genl.ask("CHANNEL_LISTENER_NEW", where + flag)[0]]
    wanted = [errno.EINVAL, errno.EINVAL, errno.EINVAL, errno.EKEYREJECTED, errno.EKEYREJECTED, errno.EINVAL]
    print(f"# {got}")
    return got == wanted and error(good * 4, flag) == 0


OTHER_PARTY = new_party(ed25519())
CASES = [
    good_one, good_one_by_the_second_authority_with_p256, good_one_after_a_rotation_of_the_authority,
    issued_by_a_clock_that_is_a_little_ahead, bytes_behind_it_are_ignored, repeated_attribute,
    nobody_asks_for_it, required_and_absent, optional_and_absent, another_issuer, its_own_issuer,
    forged_attestation, signed_by_another_key, signed_by_the_identity_itself, about_another_one,
    about_nobody, expired, expired_signing_key, not_yet_valid, before_the_signing_key,
    behind_the_signing_key, signing_key_behind_the_identity, channel_key, key_of_before_the_rotation,
    another_type_of_data, another_version, signed_nonsense, map_that_announces_too_much, two_of_them,
    attributes_too_long, flipped, cut,
    refreshed, refresh_by_another_issuer, refresh_about_another_one, refresh_with_an_expired_one,
    refresh_with_two, refresh_that_cannot_be_read, refresh_with_the_history_of_another_one,
    flood_of_refreshes, expiry_where_it_is_not_required, expiry_where_it_is_required,
    authority_that_rotates_meanwhile, authorities_that_are_refused, authorities_that_the_kernel_refuses,
]


if __name__ == "__main__":
    set_up()
    sys.exit(1 if report([c for c in CASES if c.__name__ in sys.argv[2:] or not sys.argv[2:]]) else 0)
