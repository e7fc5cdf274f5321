# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""tests/mutants/survivors: why mutants live, by their names."""
import dataclasses
import re

# equivalent: no caller and no test can tell; it does not count.
# chance: it shows when threads meet just so, or when the machine is short of something.
# weak: no test looks, and for the reason given none has to; it counts as a survivor.
KINDS = ("equivalent", "chance", "weak")
HEAD = re.compile(r"\[(\w+)\] (\S.*)")
ENTRY = re.compile(r"([0-9a-f]{8})\b *(.*)")


class BadSurvivors(Exception):
    """tests/mutants/survivors is not as it should be."""


@dataclasses.dataclass(frozen=True)
class Reason:
    kind: str
    why: str
    line: int


def read(path):
    """The reasons by the mutants' names."""
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
                raise BadSurvivors(f"{path}:{number}: {entry[1]} stands there twice")
            reasons[entry[1]] = Reason(kind, why, number)
        else:
            raise BadSurvivors(f"{path}:{number}: expected `[KIND] reason` and then lines that "
                               f"begin with a mutant's name, got: {line}")
    return reasons


def stale(reasons, mutants, results):
    """What the file says and is not so, one line each; @results are those that are known."""
    known = {m.id for m in mutants}
    for name, reason in reasons.items():
        verdict = results.get(name, {}).get("verdict")
        if name not in known:
            yield f"line {reason.line}: {name}: there is no such mutant any more"
        elif verdict == "killed" and reason.kind != "chance":
            yield f"line {reason.line}: {name}: is killed, by {results[name]['by']}"
        elif verdict == "same code":
            yield f"line {reason.line}: {name}: is the same code, that needs no reason"
