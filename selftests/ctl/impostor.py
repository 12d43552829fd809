#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Accept channels on 127.0.0.1:PORT with another identity's attestation."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "ref"))

from live import ed25519, new_party
from ockam_ref.node import Node
from ockam_ref.secure_channel import Party

good, other = new_party(ed25519()), new_party(ed25519())
node = Node(None)
node.serve_channels(Party(good.identity, good.static, other.attestation))
print(f"listening on 127.0.0.1:{node.listen(int(sys.argv[1]))}", flush=True)
while True:
    node.run(lambda: False, 3600)
