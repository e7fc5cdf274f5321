# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Print the table of seeded bugs, and check it."""
import os
import statistics
import sys

RED, GREEN, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[0m"
PROOF = ("replay", "elsewhere")  # one of these columns must find each bug


def _coloured(colour, text):
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return colour + text + PLAIN
    return text


def short(number):
    for limit, unit in ((10**6, "M"), (10**3, "k")):
        if number >= 10 * limit:
            return f"{number / limit:.0f}{unit}"
    return f"{number:.0f}"


def median(cell, what):
    """The median of all trials; None if half of them found nothing."""
    values = [t[what] if t["killed"] else float("inf") for t in cell["trials"]]
    middle = statistics.median_low(values)
    return None if middle == float("inf") else middle


def detectors(cell):
    return sorted({t["detector"] for t in cell["trials"] if t["killed"]})


def _survivor(trials):
    if any(t["detector"] for t in trials):
        return "unclear"
    ran = {t["reached"] for t in trials}
    if True in ran:
        return "reached, not triggered"
    return "not reached" if ran == {False} else "survived"


def cell_text(cell):
    if cell is None or "skipped" in cell:
        return "-"
    if "failed" in cell:
        return "FAILED"
    trials = cell["trials"]
    killed = sum(t["killed"] for t in trials)
    if not killed:
        return _survivor(trials)
    seconds, inputs = median(cell, "seconds"), median(cell, "inputs")
    time = f">{cell['limit']}s" if seconds is None else f"{seconds:.2f}s"
    share = f" {killed}/{len(trials)}" if len(trials) > 1 else ""
    count = f" {short(inputs)}" if inputs else ""
    return f"{'+'.join(detectors(cell))}{share} {time}{count}"


def print_rows(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


def print_bank(bugs):
    print_rows([("bug", "kind", "rule", "flavour", "backend", "detector", "what is broken")] +
               [(b.name, b.kind, b.rule, b.flavour, b.backend,
                 f"{b.detector}{' in ' + b.elsewhere if b.elsewhere else ''}", b.what)
                for b in bugs])
    print(f"{len(bugs)} bugs")


def print_results(results, columns):
    print_rows([("bug", *columns)] +
               [(name, *(cell_text(subject["cells"].get(c)) for c in columns))
                for name, subject in results.items()])


# ---- checks ----

def _bug_complaints(name, subject, columns):
    """A bug must be found, by the detector that bugs.def names."""
    proof = PROOF[bool(subject["elsewhere"])]
    if proof not in columns:
        return
    cell = subject["cells"][proof]
    if "failed" in cell:
        yield f"{name}: {cell['failed']}"
    elif "skipped" not in cell:
        trial = cell["trials"][0]
        if not trial["killed"]:
            yield f"{name}: survived {proof}: {trial['why'] or 'no detector reported anything'}"
        elif trial["detector"] != subject["detector"]:
            yield (f"{name}: expected {subject['detector']} to find it, got "
                   f"{trial['detector']}: {trial['why']}")
        elif proof == "replay" and trial["inputs"] != 1:
            yield f"{name}: expected its own program to find it, got {trial['why']}"


def _clean_complaints(name, subject, columns):
    for column in columns:
        cell = subject["cells"][column]
        if "failed" in cell:
            yield f"{name}: {column}: {cell['failed']}"
        for trial in cell.get("trials", []):
            if trial["killed"] or trial["detector"]:
                yield f"{name}: {column}: expected no finding, got: {trial['why']}"


def _needed_complaints(results, without):
    """Without a sanitizer, exactly the bugs that need it must stay undetected."""
    for name, subject in results.items():
        cell = subject["cells"]["replay"]
        needs = subject["flavour"] == without
        if "failed" in cell:
            yield f"{name}: {cell['failed']}"
        elif "skipped" not in cell and cell["trials"][0]["killed"] == needs:
            yield (f"{name}: expected {'to survive' if needs else 'a kill'} without {without}, "
                   f"got: {cell['trials'][0]['why'] or 'a survivor'}")


def complaints(results, columns, without=None):
    if without:
        yield from _needed_complaints(results, without)
        return
    for name, subject in results.items():
        yield from (_clean_complaints if subject["clean"] else _bug_complaints)(name, subject, columns)


def _sum_column(results, column):
    cells = [s["cells"][column] for s in results.values() if not s["clean"]]
    looked = [c for c in cells if "trials" in c]
    if not looked:
        return
    killed = [c for c in looked if any(t["killed"] for t in c["trials"])]
    seconds = sum(t["seconds"] for c in looked for t in c["trials"])
    print(f"{column}: killed {len(killed)} of {len(looked)} bugs in {seconds:.0f} s of trials")


def print_verdict(results, columns, without):
    """Return: is everything as expected?"""
    wrong = list(complaints(results, columns, without))
    for column in columns:
        _sum_column(results, column)
    clean = [s for s in results.values() if s["clean"]]
    findings = sum(t["killed"] for s in clean for c in columns
                   for t in s["cells"][c].get("trials", []))
    if clean:
        print(f"the unchanged library: {findings} findings")
    skipped = sorted({c["skipped"] for s in results.values() for c in s["cells"].values()
                      if "no " in c.get("skipped", "")})
    for reason in skipped:
        print(f"skipped: {reason}")
    for line in wrong:
        print(_coloured(RED, line))
    if not wrong:
        print(_coloured(GREEN, "as expected"))
    return not wrong
