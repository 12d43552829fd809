#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Cut and change an identity's file: damage.py FILE NAME STEP.

`ockamctl identity export --private` must either say in one line that it is damaged, and
leave the file as it is, or find the same identity. Every STEP-th length is
tried, and one bit in every third of them. Exit code 1, and what is wrong, if
anything is.
"""

import re
import subprocess
import sys
from pathlib import Path

file, name, step = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
good = file.read_bytes()
bad = []


def tool(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["ockamctl", "identity", *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)


identifier = tool("show", name).stdout


def attempt(what: str, content: bytes) -> bool:
    """Was it taken?"""
    file.write_bytes(content)
    copy = file.with_suffix(".copy")
    out = tool("export", name, "--private", str(copy))
    copy.unlink(missing_ok=True)
    if out.returncode == 0:
        if tool("show", name).stdout != identifier:
            bad.append(f"{what}: another identity")
        return True
    if out.returncode != 65 or out.stdout or out.stderr.count("\n") != 1:
        bad.append(f"{what}: exit {out.returncode}: {out.stdout}{out.stderr}")
    if file.read_bytes() != content:
        bad.append(f"{what}: the file has changed")
    return False


lengths = range(0, len(good), step)
taken = {n for n in lengths if attempt(f"{n} bytes", good[:n])}
for n in lengths[::3]:
    attempt(f"byte {n} changed", good[:n] + bytes([good[n] ^ 1]) + good[n + 1:])

# It can do without channel key and attestation, and without its last line end:
# what is cut within their first lines is as if it were cut before.
lines = [match.span() for match in re.finditer(rb"-----BEGIN .*", good)][2:]
allowed = {n for start, end in lines for n in range(start - 1, end + 1)} | {len(good) - 1}
if not taken <= allowed:
    bad.append(f"taken though it was cut: {sorted(taken - allowed)}")
print("\n".join(bad[:20]))
sys.exit(1 if bad else 0)
