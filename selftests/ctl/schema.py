#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Validate standard input: schema.py FOLDER NAME [--lines].

The part of JSON Schema 2020-12 that the files in FOLDER use, and no more: a
keyword that is not known here is an error, so that no rule is skipped silently.
With --lines each line is a document. Exit code 1, and what is wrong, if
anything is.
"""

import json
import re
import sys
from pathlib import Path

TYPES = {
    "object": lambda v: isinstance(v, dict), "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str), "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
}


class Folder:
    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def load(self, name: str) -> dict:
        return json.loads((self.path / name).read_text())

    def follow(self, ref: str) -> dict:
        name, _, way = ref.partition("#")
        found = self.load(name)
        for step in way.split("/")[1:]:
            found = found[step]
        return found


def same(value: object, wanted: object) -> bool:
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def check_object(value, schema, key, rule, folder):  # noqa: ANN001, ANN201
    if key == "required":
        return [f"no '{name}'" for name in rule if name not in value]
    if key == "properties":
        return [f"{name}: {bad}" for name in rule if name in value
                for bad in check(value[name], rule[name], folder)]
    others = [name for name in value if name not in schema.get("properties", {})]
    if rule is False:
        return [f"'{name}' is not allowed" for name in others]
    if rule is True:
        return []
    return [f"{name}: {bad}" for name in others for bad in check(value[name], rule, folder)]


def check(value, schema, folder):  # noqa: ANN001, ANN201
    """What is wrong with a value, as a list of texts."""
    bad = []
    for key, rule in schema.items():
        if key in ("$schema", "$comment", "$defs"):
            continue
        if key == "$ref":
            bad += check(value, folder.follow(rule), folder)
        elif key == "type":
            if not any(TYPES[name](value) for name in [rule] * isinstance(rule, str) or rule):
                bad.append(f"{value!r} is no {rule}")
        elif key == "const":
            bad += [] if same(value, rule) else [f"{value!r} is not {rule!r}"]
        elif key == "enum":
            bad += [] if any(same(value, one) for one in rule) else [f"{value!r} is none of {rule}"]
        elif key == "pattern":
            if isinstance(value, str) and not re.search(rule, value):
                bad.append(f"{value!r} does not match {rule}")
        elif key == "minimum":
            if TYPES["integer"](value) and value < rule:
                bad.append(f"{value} is below {rule}")
        elif key == "items":
            if isinstance(value, list):
                bad += [f"[{i}] {one}" for i, v in enumerate(value) for one in check(v, rule, folder)]
        elif key == "anyOf":
            tries = [check(value, one, folder) for one in rule]
            bad += [] if [] in tries else ["none of: " + " / ".join(t[0] for t in tries)]
        elif key in ("properties", "required", "additionalProperties"):
            if isinstance(value, dict):
                bad += check_object(value, schema, key, rule, folder)
        else:
            bad.append(f"the schema says '{key}', which is not known here")
    return bad


def main() -> int:
    folder = Folder(sys.argv[1])
    schema = folder.load(sys.argv[2] + ".json")
    text = sys.stdin.read()
    documents = text.splitlines() if "--lines" in sys.argv else [text]
    bad = []
    for document in documents or [""]:
        try:
            bad += check(json.loads(document), schema, folder)
        except json.JSONDecodeError as why:
            bad.append(f"no JSON: {why}")
    if bad:
        print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
