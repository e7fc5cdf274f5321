# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read tests/mutants/survivors: the reasons why mutants survive, by name."""
import dataclasses
import re

# equivalent: no caller can observe the change; the mutant does not count.
# chance: detecting it needs rare timing of threads, or a lack of memory.
# weak: no test checks it, for the given reason; it counts as a survivor.
KINDS = ("equivalent", "chance", "weak")
HEAD = re.compile(r"\[(\w+)\] (\S.*)")
ENTRY = re.compile(r"([0-9a-f]{8})\b *(.*)")


class BadSurvivors(Exception):
    """tests/mutants/survivors is wrong."""


@dataclasses.dataclass(frozen=True)
class Reason:
    kind: str
    why: str
    line: int


def read(path):
    """Return: {name of the mutant: reason}."""
    reasons, kind, why = {}, None, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        head, entry = HEAD.fullmatch(line), ENTRY.fullmatch(line)
        if head:
            kind, why = head.groups()
            if kind not in KINDS:
                raise BadSurvivors(f"{path}:{number}: expected [{'] ['.join(KINDS)}], got [{kind}]")
        elif entry and kind:
            if entry[1] in reasons:
                raise BadSurvivors(f"{path}:{number}: {entry[1]} is listed twice")
            reasons[entry[1]] = Reason(kind, why, number)
        else:
            raise BadSurvivors(f"{path}:{number}: expected `[KIND] reason` and then lines that "
                               f"begin with a mutant's name, got: {line}")
    return reasons


def stale(reasons, mutants, results):
    """Wrong entries of the file, one line each; @results are the stored results."""
    known = {m.id for m in mutants}
    for name, reason in reasons.items():
        verdict = results.get(name, {}).get("verdict")
        if name not in known:
            yield f"line {reason.line}: {name}: the mutant no longer exists"
        elif verdict == "killed" and reason.kind != "chance":
            yield f"line {reason.line}: {name}: is killed, by {results[name]['by']}"
        elif verdict == "same code":
            yield f"line {reason.line}: {name}: is the same code and needs no reason"
