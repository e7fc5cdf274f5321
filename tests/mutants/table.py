# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Print the results of a run, and convert them to JSON."""
import collections

from run import KILLED, SAME, STILLBORN, SURVIVED

EQUIVALENT = "equivalent"
COLUMNS = ("mutants", "killed", "survived", "equivalent", "same code", "stillborn", "ratio")
WANTED = 0.90


def verdict_of(result, reasons):
    """The verdict, after applying tests/mutants/survivors."""
    reason = reasons.get(result["id"])
    if result["verdict"] == SURVIVED and reason and reason.kind == EQUIVALENT:
        return EQUIVALENT
    return result["verdict"]


class Tally:
    """Counts of verdicts."""

    def __init__(self):
        self.counts = collections.Counter()

    def add(self, verdict):
        self.counts[verdict] += 1

    @property
    def ratio(self):
        """The share of killed mutants, without equivalent ones; None if there are none."""
        counted = self.counts[KILLED] + self.counts[SURVIVED]
        return self.counts[KILLED] / counted if counted else None

    def as_json(self):
        return {"mutants": sum(self.counts.values()), "killed": self.counts[KILLED],
                "survived": self.counts[SURVIVED], "equivalent": self.counts[EQUIVALENT],
                "same_code": self.counts[SAME], "stillborn": self.counts[STILLBORN],
                "ratio": self.ratio}

    def row(self):
        values = list(self.as_json().values())
        ratio = values.pop()
        return [str(v) for v in values] + ["-" if ratio is None else f"{100 * ratio:.1f} %"]


def tallies(results, reasons, key):
    found = collections.defaultdict(Tally)
    for result in results:
        found[key(result)].add(verdict_of(result, reasons))
    return dict(sorted(found.items()))


def _print_rows(title, rows):
    width = max(len(title), *(len(name) for name, _ in rows))
    print(f"{title:<{width}} " + " ".join(f"{c:>10}" for c in COLUMNS))
    for name, row in rows:
        print(f"{name:<{width}} " + " ".join(f"{v:>10}" for v in row))
    print()


def print_results(results, reasons):
    whole = tallies(results, reasons, lambda r: "all")
    for title in ("operator", "file"):
        parts = tallies(results, reasons, lambda r, t=title: r[t])
        _print_rows(title, [(n, t.row()) for n, t in [*parts.items(), *whole.items()]])
    killers = collections.Counter(r["by"] for r in results if r["verdict"] == KILLED)
    if killers:
        print("killed by " + ", ".join(f"{name} ({n})" for name, n in killers.most_common()))
    for result in sorted(results, key=lambda r: (r["file"], r["line"])):
        if verdict_of(result, reasons) == SURVIVED:
            reason = reasons.get(result["id"])
            print(f"survived: {result['id']} {result['file']}:{result['line']} "
                  f"{result['function']} {result['operator']}: {result['was']} => "
                  f"{result['becomes']}" + (f" [{reason.kind}] {reason.why}" if reason else ""))


def as_json(results, reasons, total, hidden, wrong):
    whole = tallies(results, reasons, lambda r: "all").get("all", Tally())
    return {"mutants_in_all": total, "hidden_by_macros": dict(hidden), "wrong": wrong,
            "all": whole.as_json(),
            "operators": {n: t.as_json()
                          for n, t in tallies(results, reasons, lambda r: r["operator"]).items()},
            "files": {n: t.as_json()
                      for n, t in tallies(results, reasons, lambda r: r["file"]).items()},
            "results": [{**r, "verdict": verdict_of(r, reasons),
                         **({"why": reasons[r["id"]].why} if r["id"] in reasons else {})}
                        for r in results]}
