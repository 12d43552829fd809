#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Workers that never read: idle.py NODE NAME binds the name and sleeps.

    idle.py NODE NAME COUNT   binds NAME0, NAME1, ...
    idle.py NODE NAME churn   binds and closes the name, on and on
"""

import signal
import sys

from af_ockam import worker

node, name, *how = sys.argv[1:]
if how == ["churn"]:
    while True:
        worker(name, node).close()
names = [f"{name}{i}" for i in range(int(how[0]))] if how else [name]
held = [worker(one, node) for one in names]
signal.pause()
