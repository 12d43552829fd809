#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Ratios from the samples of bench.sh, as tables in reStructuredText.

usage: report.py SAMPLES [SAMPLES_WITH_COUNTED_INSTRUCTIONS]
"""

import sys
from collections import defaultdict
from statistics import median

BULK = 49152
SMALL = 64


class Samples:
    """What bench.sh printed: nanoseconds of an operation, by row, way and round."""

    def __init__(self, path: str) -> None:
        self.ns: dict = defaultdict(lambda: defaultdict(dict))
        self.facts: dict = {}
        self.remarks: list = []
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self.take(line.split())

    def take(self, words: list) -> None:
        if len(words) == 5 and words[0] == "sample":
            self.ns[words[1]][words[2]][int(words[3])] = float(words[4])
        elif words[:1] == ["fact"]:
            self.facts[words[1]] = " ".join(words[2:])
        elif words[:1] == ["remark"]:
            self.remarks.append(" ".join(words[1:]))

    def rounds(self, row: str, value) -> list:
        """value(way -> ns) in each round that has all it needs."""
        found = []
        ways = self.ns.get(row, {})
        for number in sorted({n for way in ways.values() for n in way}):
            at = {way: ns[number] for way, ns in ways.items() if number in ns}
            try:
                found.append(value(at))
            except (KeyError, ZeroDivisionError):
                pass
        return found

    def typical(self, row: str, way: str) -> float:
        return median(self.ns[row][way].values())


def slope(at: dict, way: str) -> float:
    """Cost of one hop more, of a line through 0, 1, 2 and 4 hops."""
    hops = [0, 1, 2, 4]
    cost = [at[f"{way}{n}"] for n in hops]
    mean = sum(hops) / len(hops)
    return sum((n - mean) * c for n, c in zip(hops, cost)) / sum((n - mean) ** 2 for n in hops)


def bound(at: dict) -> float:
    return at["gcm"] + at["tcp"]


# Row, what is compared, samples, ratio of one round, what is aimed at.
RATIOS = [
    ("P1", "bound of cipher and plain TCP / channel, 48 KiB one way", "bulk",
     lambda at: bound(at) / at["channel"], ">= 0.8"),
    ("P2", "bound of cipher and plain TCP / channel, 64 bytes one way", "small",
     lambda at: bound(at) / at["channel"], ">= 0.5"),
    ("P2", "round trip, channel / plain TCP, 64 bytes", "rtt",
     lambda at: at["channel"] / at["tcp"], "<= 1.5"),
    ("P3", "kTLS / channel, 48 KiB one way", "bulk", lambda at: at["ktls"] / at["channel"], ">= 0.9"),
    ("P3", "kTLS / channel, 64 bytes one way", "small", lambda at: at["ktls"] / at["channel"], ""),
    ("P3", "round trip, channel / kTLS, 64 bytes", "rtt", lambda at: at["channel"] / at["ktls"], ""),
    ("P4", "WireGuard / channel, 48 KiB one way", "bulk",
     lambda at: at["wireguard"] / at["channel"], ">= 1"),
    ("P4", "the same, if both ciphers were equally fast", "bulk",
     lambda at: at["wireguard"] / at["channel"] * at["gcm"] / at["chacha"], ""),
    ("P5", "upstream node / this, there and back through a channel, sizes as in the tests",
     "upstream-channel", lambda at: at["upstream"] / at["kernel"], ">= 2"),
    ("P6", "a relay / a plain forward (hop service), 1 KiB", "hops-1024",
     lambda at: (at["relay1"] - at["hop0"]) / (at["hop1"] - at["hop0"]), "<= 1.25"),
    ("P6", "a relay / a plain forward (hop service), 48 KiB", f"hops-{BULK}",
     lambda at: (at["relay1"] - at["hop0"]) / (at["hop1"] - at["hop0"]), "<= 1.25"),
    ("P6", "a hop more / a splicing TCP proxy more, 1 KiB", "hops-1024",
     lambda at: slope(at, "hop") / slope(at, "proxy"), "<= 1.5"),
    ("P6", "a hop more / a splicing TCP proxy more, 48 KiB", f"hops-{BULK}",
     lambda at: slope(at, "hop") / slope(at, "proxy"), "<= 1.5"),
    ("P7", "TLS 1.3 of OpenSSL / channel, handshakes with two Ed25519 identities", "handshakes",
     lambda at: at["tls"] / at["channel"], ""),
]


def spread(values: list) -> tuple:
    """Median, median distance from it, least and largest."""
    middle = median(values)
    return middle, median(abs(v - middle) for v in values), min(values), max(values)


def table(heads: list, rows: list) -> None:
    """A simple table; the second column may be wide."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    rule = "  ".join("=" * width for width in widths)
    print(rule)
    print("  ".join(text.ljust(width) for text, width in zip(heads, widths)).rstrip())
    print(rule)
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
    print(rule)
    print()


def title(text: str) -> None:
    print(f"{text}\n{'=' * len(text)}\n")


def row_of(name: str, what: str, values: list, aim: str) -> list:
    if not values:
        return [name, what, "-", "not measured", "", aim]
    middle, mad, least, most = spread(values)
    return [name, what, f"{middle:.2f}", f"{mad:.2f}", f"{least:.2f} to {most:.2f}", aim]


def many_rows(samples: Samples) -> list:
    rows = []
    for kind in ("workers", "channels"):
        steps = sorted(int(way[3:]) for way in samples.ns.get(kind, {}) if way.startswith("of-"))
        for n in steps[1:]:
            rows.append(row_of("P10", f"a message, one of {n} {kind} / the only one", samples.rounds(
                kind, lambda at, n=n: at[f"of-{n}"] / at[f"one-{n}"]), "<= 1.25"))
        if len(steps) > 2:
            first, last = steps[1], steps[-1]
            ratio = samples.typical(kind, f"make-{last}") / samples.typical(kind, f"make-{first}")
            rows.append(row_of("P10", f"to make one, when there are {last} / {first} {kind}", [ratio],
                               "<= 1.25"))
    return rows


def rekey_rows(samples: Samples) -> list:
    """Both ends change keys each 32 messages: what share of the time that is not."""
    rekey = samples.rounds("rekey", lambda at: at["rekey"])
    if not rekey:
        return []
    per_message = 2 * median(rekey) / 32
    return [row_of("P8", f"a channel without rekeying / with it, {text} (calculated)",
                   samples.rounds(row, lambda at: 1 - per_message / at["channel"]), aim)
            for row, text, aim in (("small", "64 bytes", ">= 0.93"), ("bulk", "48 KiB", ">= 0.99"))]


def ratios(samples: Samples, all_rows: bool) -> None:
    rows = [row_of(name, what, samples.rounds(row, value), aim) for name, what, row, value, aim in RATIOS]
    rows += rekey_rows(samples) + many_rows(samples)
    rows = [row for row in rows if all_rows or row[2] != "-"]
    rows.sort(key=lambda row: int(row[0][1:]))
    table(["Row", "Compared", "Median", "MAD", "Least to most", "Aim"], rows)


def costs(samples: Samples) -> None:
    """What the ratios were made of."""
    rows = []
    for row, text in (("bulk", "48 KiB one way"), ("small", "64 bytes one way"),
                      ("rtt", "64 bytes there and back"), ("hops-1024", "1 KiB over hops"),
                      (f"hops-{BULK}", "48 KiB over hops"), ("handshakes", "a handshake")):
        rows += [[text, way, f"{samples.typical(row, way) / 1000:.1f}"] for way in samples.ns.get(row, {})]
    table(["What", "Way", "Microseconds"], rows)


def instructions(counted: Samples) -> None:
    rows = []
    for way, small in sorted(counted.ns.get("small", {}).items()):
        one = median(small.values())
        if way not in counted.ns.get("bulk", {}):
            continue
        per_byte = (counted.typical("bulk", way) - one) / (BULK - SMALL)
        rows.append([way, f"{one:.0f}", f"{per_byte:.2f}", f"{spread(list(small.values()))[1] / one:.2%}"])
    for way in counted.ns.get("handshakes", {}):
        rows.append([f"handshake: {way}", f"{counted.typical('handshakes', way):.0f}", "", ""])
    table(["Way", "Instructions a message", "and for each byte", "MAD"], rows)


def main() -> None:
    samples = Samples(sys.argv[1])
    title("Ratios")
    for name, value in samples.facts.items():
        print(f":{name}: {value}")
    print()
    ratios(samples, True)
    for remark in samples.remarks:
        print(f"Remark: {remark}\n")
    title("What they were made of")
    costs(samples)
    if len(sys.argv) > 2:
        counted = Samples(sys.argv[2])
        title("Ratios of counted instructions")
        ratios(counted, False)
        title("Counted instructions")
        instructions(counted)
        for remark in counted.remarks:
            print(f"Remark: {remark}\n")


if __name__ == "__main__":
    main()
