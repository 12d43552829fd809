#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What the reference says of a change history, in hex on standard input.

Prints the JSON of `ockamctl identity show --full`.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "ref"))

from ockam_ref.identity import identifier_text, import_identity

KINDS = ("EdDSACurve25519", "ECDSASHA256CurveP256")

identity = import_identity(bytes.fromhex(sys.stdin.read().strip()))
changes = [{
    "identifier": change.hash.hex(),
    "primary_public_key": f"{KINDS[change.data.key.alg]}: {change.data.key.raw.hex()}",
    "revoke_all_purpose_keys": change.data.revoke_all_purpose_keys,
    "created_at": change.data.valid_from,
    "expires_at": change.data.valid_until,
} for change in identity.changes]
print(json.dumps({"identifier": identifier_text(identity.identifier), "changes": changes}))
