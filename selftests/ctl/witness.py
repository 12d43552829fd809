#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Accept channels on 127.0.0.1:PORT, echo, and say who each peer is.

One line for each channel: its identifier, the number of its changes, the hash
of the last one. The reference judges; it refuses a history older than one that
it has seen.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "ref"))

from live import ed25519, new_party
from ockam_ref.identity import identifier_text
from ockam_ref.node import Node

party = new_party(ed25519())
node = Node(None)
node.serve_echo()
node.serve_uppercase()
ends = node.serve_channels(party)
print(f"listening on 127.0.0.1:{node.listen(int(sys.argv[1]))}", flush=True)
seen = 0
while True:
    node.run(lambda: len(ends) > seen and (ends[seen].ready or bool(ends[seen].rejected)), 3600)
    end, seen = ends[seen], seen + 1
    if end.rejected:
        print("refused", end.rejected[0], flush=True)
        continue
    identity = party.store.get(end.channel.peer)
    print("peer", identifier_text(identity.identifier), len(identity.changes),
          identity.latest.hash.hex(), flush=True)
