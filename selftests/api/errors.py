#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Each error that a socket can get from peers and routes. Prints TAP.

The peers are the reference's, each with something wrong; the node k is ours.
"""

import contextlib
import errno
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator

import af_ockam
from af_ockam import connected, route
from genl import Genl, attr
from live import ed25519, new_party, report
from ockam_ref.identity import PurposeKey, attest, create_identity, rotate_identity
from ockam_ref.messages import local
from ockam_ref.node import ChannelEnd, Node
from ockam_ref.primitives import X25519Key
from ockam_ref.secure_channel import Party

OCKAM_AUTHORIZED, OCKAM_PEER_IDENTIFIER, OCKAM_HANDSHAKE_TIMEOUT = 3, 4, 7
SEQPACKET, DGRAM = socket.SOCK_SEQPACKET, socket.SOCK_DGRAM


def party(identity, key, *, created: int = -10, ttl: int = 3600, attested=None) -> Party:  # noqa: ANN001
    """With an attestation of these dates, for its own static key or for another one."""
    static = X25519Key(os.urandom(32))
    purpose = PurposeKey(x25519=(attested or static).public)
    return Party(identity, static, attest(identity, key, purpose, int(time.time()) + created, ttl))


class Peer:
    """A reference node that serves channels as ``party``, in a thread."""

    def __init__(self, party: Party | None) -> None:
        self.node = Node()
        self.ends = self.node.serve_channels(party) if party else []
        self.port = self.node.listen()
        self.over = False
        self.thread = threading.Thread(target=self.node.run, args=(lambda: self.over, 600))
        self.thread.start()

    def route(self) -> bytes:
        return route(f"1#127.0.0.1:{self.port}", "api")

    def close(self) -> None:
        self.over = True
        self.thread.join()
        for connection in self.node.connections.values():
            connection.close()
        self.node.listener.close()


@contextlib.contextmanager
def peer(party: Party | None) -> Iterator[Peer]:
    one = Peer(party)
    try:
        yield one
    finally:
        one.close()


def error_of(call, *args) -> str:  # noqa: ANN001
    try:
        call(*args)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "none"


def channel(hops: bytes, node: str = "k", ms: int = 0, ids: bytes = b"") -> socket.socket:
    sock = af_ockam.opened(SEQPACKET, node)
    sock.setsockopt(af_ockam.SOL_OCKAM, af_ockam.OCKAM_ROUTE, hops)
    if ms:
        sock.setsockopt(af_ockam.SOL_OCKAM, OCKAM_HANDSHAKE_TIMEOUT, ms)
    if ids:
        sock.setsockopt(af_ockam.SOL_OCKAM, OCKAM_AUTHORIZED, ids)
    af_ockam.call("connect", sock, af_ockam.address(af_ockam.KIND_USE_ROUTE))
    return sock


def gets(wanted: str, who: Party | None, **how) -> bool:  # noqa: ANN003
    with peer(who) as other:
        got = error_of(lambda: channel(other.route(), **how))
    print(f"# {got}")
    return got == wanted


def identity():  # noqa: ANN201
    key = ed25519()
    return create_identity(key, int(time.time()) - 7200), key


def expired_attestation() -> bool:
    return gets("EKEYEXPIRED", party(*identity(), created=-3700, ttl=60))


def attestation_of_the_future() -> bool:
    return gets("EKEYREJECTED", party(*identity(), created=3600))


def attestation_for_another_key() -> bool:
    return gets("EKEYREJECTED", party(*identity(), attested=X25519Key(os.urandom(32))))


def attestation_by_another_key() -> bool:
    return gets("EKEYREJECTED", party(identity()[0], ed25519()))


def peer_that_is_not_listed() -> bool:
    who = new_party(ed25519())
    return gets("EKEYREJECTED", who, ids=bytes(32)) and gets("none", who, ids=who.identity.identifier)


def history_from_before_a_rotation() -> bool:
    old, key = identity()
    newer = ed25519()
    rotated = rotate_identity(old, key, newer, int(time.time()) - 100)
    return gets("none", party(rotated, newer)) and gets("EKEYREVOKED", party(old, key))


def nobody_listens_at_the_peer() -> bool:
    return gets("ETIMEDOUT", None, ms=500)


def port_without_a_server() -> bool:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return error_of(channel, route(f"1#127.0.0.1:{port}", "api")) == "ECONNREFUSED"


def peer_that_hangs_up() -> bool:
    """During the handshake: the connection is lost, and the handshake with it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def hang_up() -> None:
            conn = server.accept()[0]
            conn.sendall(b"\x01")
            conn.recv(100)
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            conn.close()
        thread = threading.Thread(target=hang_up)
        thread.start()
        got = error_of(channel, route(f"1#127.0.0.1:{server.getsockname()[1]}", "api"))
        thread.join()
    return got == "ECONNRESET"


def close_is_an_end() -> bool:
    """The peer's own Close: 0, and no error."""
    with peer(new_party(ed25519())) as other:
        sock = channel(other.route())
        sock.settimeout(60)
        end = wait_for(lambda: other.ends and other.ends[0].ready and other.ends[0])
        seal_close(end)
        return sock.recv(10) == b"" and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def wait_for(condition, seconds: float = 60):  # noqa: ANN001, ANN201
    end = time.monotonic() + seconds
    while not (got := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return got


def seal_close(end: ChannelEnd) -> None:
    from ockam_ref.messages import Close
    end.node.send(end.remote, (), end.channel.seal(Close()))


def no_such_name() -> bool:
    return error_of(channel, route("nobody")) == "ECONNREFUSED" and \
        error_of(lambda: connected(route("nobody"), "k").send(b"x")) == "ECONNREFUSED"


def next_address_is_none_of_ours() -> bool:
    """A transport's address behind another one: nobody here goes there."""
    return error_of(lambda: connected(route("hop", "1#127.0.0.1:1"), "k").send(b"x")) == "EHOSTUNREACH"


def what_a_listener_cannot_read() -> bool:
    return error_of(lambda: connected(route("api"), "k").send(b"x")) == "EBADMSG"


def node_without_an_identity() -> bool:
    genl = Genl()
    if genl.ask("NODE_NEW", attr("NODE_NAME", "bare"))[0]:
        return False
    got = error_of(channel, route("x"), "bare"), error_of(af_ockam.server, "srv", "bare")
    genl.ask("NODE_DEL", attr("NODE_NAME", "bare"))
    return got == ("ENOKEY", "ENOKEY")


def no_such_node() -> bool:
    return error_of(channel, route("x"), "none") == "ENETUNREACH"


def others_need_the_right() -> bool:
    """A member may not send through what is the administrator's; others may do nothing."""
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        os._exit(error_of(channel, route("api")) != "EACCES")
    return os.waitpid(child, 0)[1] == 0


def still_serves() -> bool:
    sock = channel(route("api"))
    sock.close()
    return True


CASES = [expired_attestation, attestation_of_the_future, attestation_for_another_key,
         attestation_by_another_key, peer_that_is_not_listed, history_from_before_a_rotation,
         nobody_listens_at_the_peer, port_without_a_server, peer_that_hangs_up, close_is_an_end,
         no_such_name, next_address_is_none_of_ours, what_a_listener_cannot_read,
         node_without_an_identity, no_such_node, others_need_the_right, still_serves]


if __name__ == "__main__":
    sys.exit(1 if report(CASES) else 0)
