#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Cut and change an identity's file at every byte: damage.py FILE.

Each attempt becomes an identity of its own beside FILE. `ockamctl identity
renew --all` must either say in one line that it is damaged, and leave the file
as it is, or find the same identity. Exit code 1, and what is wrong, if anything
is.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

file = Path(sys.argv[1])
good = file.read_bytes()
bad = []


def tool(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["ockamctl", "identity", *words, "-j"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)


attempts = {f"cut-{n}.": good[:n] for n in range(len(good))}
# The last digit before a "=" has bits that mean nothing.
attempts |= {f"bit-{n}.": good[:n] + bytes([good[n] ^ 1]) + good[n + 1:]
             for n in range(len(good)) if good[n + 1:n + 2] != b"="}
for name, content in attempts.items():
    path = file.with_name(name + ".pem")
    path.touch(0o600)
    path.write_bytes(content)

out = tool("renew", "--all")
taken = {one["name"] for one in json.loads(out.stdout)} - {file.stem}
if out.returncode != 65:
    bad.append(f"exit {out.returncode}")
errors = [line for line in out.stderr.splitlines() if line.startswith("error: ")]
if errors != out.stderr.splitlines():
    bad.append(f"more than errors: {out.stderr[:1000]}")
for name, content in attempts.items():
    lines = [line for line in errors if name in line]
    if len(lines) != (name not in taken):
        bad.append(f"{name} {'is good' if name in taken else 'is damaged'}: {lines}")
    if name not in taken and file.with_name(name + ".pem").read_bytes() != content:
        bad.append(f"{name}: the file has changed")

# It can do without channel key and attestation, and without its last line end:
# what is cut within their first lines is as if it were cut before.
lines = [match.span() for match in re.finditer(rb"-----BEGIN .*", good)][2:]
allowed = {f"cut-{n}." for start, end in lines for n in range(start - 1, end + 1)}
allowed.add(f"cut-{len(good) - 1}.")
cuts = {name for name in taken if name.startswith("cut")}
if not cuts or not cuts <= allowed:
    bad.append(f"taken though it was cut: {sorted(cuts - allowed)}")
# A changed key or history never does.
bits = {name for name in taken if name.startswith("bit")}
if any(int(name[4:-1]) < lines[0][0] for name in bits):
    bad.append(f"taken though key or history are changed: {sorted(bits)[:50]}")
known = {one["identifier"] for one in json.loads(tool("list").stdout)}
if len(known) != 1:
    bad.append(f"{len(known)} identifiers")
for name in attempts:
    file.with_name(name + ".pem").unlink()
print(f"{len(attempts)} attempts, {len(taken)} good")
print("\n".join(bad[:20]))
sys.exit(1 if bad else 0)
