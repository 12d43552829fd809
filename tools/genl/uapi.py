#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Print the UAPI header that a netlink spec describes: uapi.py SPEC."""

import sys

import yaml


def upper(*words: str) -> str:
    return "_".join(words).replace("-", "_").upper()


def enum(lines: list[str], name: str, doc: str, entries: list[str]) -> None:
    if doc:
        lines.append(f"/* {doc} */")
    lines.append(f"enum ockam_genl_{name.replace('-', '_')} {{")
    lines += [f"\t{upper('ockam', name, entry)}," for entry in entries]
    lines += ["};", ""]


def numbered(lines: list[str], prefix: str, entries: list[dict]) -> None:
    lines.append("enum {")
    lines.append(f"\t{upper(prefix)}_UNSPEC,")
    for entry in entries:
        doc = f"\t/* {entry['doc']} */" if "doc" in entry else ""
        lines.append(f"\t{upper(prefix, entry['name'])},{doc}")
    lines += [f"\t__{upper(prefix)}_MAX,", "};", "",
              f"#define {upper(prefix)}_MAX (__{upper(prefix)}_MAX - 1)", ""]


def header(spec: dict) -> str:
    lines = [
        "/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */",
        "/* Generated from Documentation/netlink/specs/ockam.yaml: do not edit. */",
        "#ifndef _UAPI_LINUX_OCKAM_GENL_H",
        "#define _UAPI_LINUX_OCKAM_GENL_H",
        "",
        f"#define OCKAM_GENL_NAME\t\t\"{spec['name']}\"",
        f"#define OCKAM_GENL_VERSION\t{spec['version']}",
        "",
    ]
    for group in spec["mcast-groups"]["list"]:
        lines += [f"#define {upper('ockam-mcgrp', group['name'])}\t\"{group['name']}\"", ""]
    for definition in spec["definitions"]:
        enum(lines, definition["name"], definition.get("doc", ""), definition["entries"])
    for attributes in spec["attribute-sets"]:
        numbered(lines, "ockam-a", attributes["attributes"])
    numbered(lines, "ockam-cmd", spec["operations"]["list"])
    lines.append("#endif /* _UAPI_LINUX_OCKAM_GENL_H */")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(header(yaml.safe_load(file)))
