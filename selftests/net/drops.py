# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What a node counts as dropped or refused, by reason."""

import functools
import json
import subprocess
from collections.abc import Callable

from until import until


def drops(node: str) -> dict[str, int]:
    out = subprocess.run(["ockamctl", "stats", node, "-j"], capture_output=True, check=True).stdout
    return {name: count for name, count in json.loads(out)[0]["drops"].items() if count}


def added(node: str, before: dict[str, int], name: str) -> int:
    return drops(node).get(name, 0) - before.get(name, 0)


def counts(node: str, name: str, wanted: int, most: int = 0) -> Callable[[Callable[[], bool]], Callable[[], bool]]:
    """A case after which the node has counted so many more of this reason."""

    def decorate(case: Callable[[], bool]) -> Callable[[], bool]:
        @functools.wraps(case)
        def counted() -> bool:
            before = drops(node)
            good = case()
            if until(lambda: wanted <= added(node, before, name) <= max(wanted, most)):
                return good
            print(f"# {added(node, before, name)} of {name}, not {wanted}")
            return False

        return counted

    return decorate
