# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Waiting for what others do."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Does it hold within that time?"""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
