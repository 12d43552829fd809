#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Send "x" from a node along a route, as whoever runs it: user_send.py NODE HOP...

Exit code 0 when an answer came.
"""

import sys

from af_ockam import connected, route

with connected(route(*sys.argv[2:]), sys.argv[1]) as sock:
    sock.settimeout(2)
    sock.send(b"\x01x")
    print(sock.recv(64))
