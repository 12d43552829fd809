#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Try each netlink request as whoever runs it: netlink_rights.py NODE.

Prints what was not refused; the exit code says whether all were. A kernel that looks for
the handler first says EOPNOTSUPP for a dump or a request that there is not.
"""

import errno
import sys

from genl import C, Genl, attr

FREE = {"INFO_GET"}  # version and family: what a program needs to begin
genl = Genl()
node = attr("NODE_NAME", sys.argv[1])
bad = 0
for name in sorted(C):
    if not name.startswith("OCKAM_CMD_") or name.endswith(("UNSPEC", "_NTF", "_MAX")):
        continue
    command = name.removeprefix("OCKAM_CMD_")
    calls = [("request", genl.ask)]
    if command.endswith("_GET"):
        calls.append(("dump", genl.dump))
    for kind, call in calls:
        if command in FREE:
            continue
        got = call(command, node)[0]
        if got not in (errno.EPERM, errno.EOPNOTSUPP):
            print(f"{command} ({kind}): {errno.errorcode.get(got, got)}")
            bad += 1
sys.exit(bad > 0)
