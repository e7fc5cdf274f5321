# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Compare two runs: which bugs they found, and how fast.

Times are compared for random columns. A12 is the chance that a trial of NEW needs longer than one of OLD
(0.5: no difference). p is that of the two-sided Mann-Whitney test with ties, by the normal
approximation. A trial that found nothing counts as slower than all others, and as equal to its like.
"""
import json
import math
import sys

import table

SURE = 0.05


def a12(old, new):
    """Vargha and Delaney's A12: the share of pairs in which @new is greater; ties count half."""
    wins = sum((n > o) + 0.5 * (n == o) for n in new for o in old)
    return wins / (len(old) * len(new))


def mann_whitney(old, new):
    """Return: two-sided p; 1 if all values are equal."""
    both = sorted((*old, *new))
    total, m, n = len(both), len(old), len(new)
    u = a12(old, new) * m * n
    ties = sum(count**3 - count for count in (both.count(v) for v in set(both)))
    variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    z = max(0.0, abs(u - m * n / 2) - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def times(cell):
    return [t["seconds"] if t["killed"] else math.inf for t in cell["trials"]]


def _killed(cell):
    return any(t["killed"] for t in cell["trials"])


def _word(old, new, p):
    if _killed(old) != _killed(new):
        return "found now" if _killed(new) else "LOST"
    if table.detectors(old) != table.detectors(new):
        return "other detector"
    if p < SURE:
        return "slower" if a12(times(old), times(new)) > 0.5 else "faster"
    return ""


def _seconds(cell):
    seconds = table.median(cell, "seconds")
    return f">{cell['limit']}s" if seconds is None else f"{seconds:.2f}s"


def rows(old, new):
    """A row for each cell that both runs have."""
    for name, subject in new["subjects"].items():
        before = old["subjects"].get(name, {"cells": {}})["cells"]
        for column, cell in sorted(subject["cells"].items()):
            if "trials" not in cell or "trials" not in before.get(column, {}):
                continue
            a, b = before[column], cell
            p = mann_whitney(times(a), times(b))
            many = len(a["trials"]) > 1 and len(b["trials"]) > 1
            yield (name, column, table.cell_text(a), table.cell_text(b),
                   f"{a12(times(a), times(b)):.2f}" if many else "-",
                   f"{p:.3f}" if many else "-", _word(a, b, p if many else 1))


def _read(path):
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    if not isinstance(results, dict) or "subjects" not in results:
        raise ValueError("expected results of tests/bugs/bank")
    return results


def main(old, new):
    try:
        both = [_read(path) for path in (old, new)]
    except (OSError, ValueError) as error:
        print(f"tests/bugs/bank: {old}, {new}: {error}", file=sys.stderr)
        return 2
    found = list(rows(*both))
    if not found:
        print(f"tests/bugs/bank: {old}, {new}: expected a cell that both have", file=sys.stderr)
        return 2
    changed = [row for row in found if row[-1]]
    if changed:
        table.print_rows([("bug", "column", "old", "new", "A12", "p", "what changed"), *changed])
    lost = sum(row[-1] == "LOST" for row in found)
    print(f"{len(found)} cells in both, {len(changed)} changed, {lost} lost")
    return 1 if lost else 0
