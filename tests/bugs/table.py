# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Print the table of seeded bugs, check it, and compare it with that of another run.

A result has a name (SUBJECT: COLUMN), and trials, or the reason why the column was skipped or failed.
"""
import math
import os
import statistics
import sys

from library_trials import print_aligned_columns

SIGNIFICANT = 0.05  # the largest p of a difference that is reported


def format_short_number(number):
    for limit, unit in ((10**6, "M"), (10**3, "k")):
        if number >= 10 * limit:
            return f"{number / limit:.0f}{unit}"
    return f"{number:.0f}"


def compute_trial_median(result, field):
    """The median of all trials; None if half of them found nothing."""
    values = [t[field] if t["killed"] else math.inf for t in result["trials"]]
    middle = statistics.median_low(values)
    return None if middle == math.inf else middle


def list_detectors(result):
    return sorted({t["detector"] for t in result["trials"] if t["killed"]})


def _describe_missed_bug(trials):
    if any(t["detector"] for t in trials):
        return "unclear"
    reached = {t["reached"] for t in trials}
    if True in reached:
        return "reached, not triggered"
    return "not reached" if reached == {False} else "survived"


def format_table_cell(result):
    if result is None or "skipped" in result:
        return "-"
    if "failed" in result:
        return "FAILED"
    trials = result["trials"]
    killed = sum(t["killed"] for t in trials)
    if not killed:
        return _describe_missed_bug(trials)
    seconds, inputs = compute_trial_median(result, "seconds"), compute_trial_median(result, "inputs")
    time = f">{result['limit']}s" if seconds is None else f"{seconds:.2f}s"
    share = f" {killed}/{len(trials)}" if len(trials) > 1 else ""
    count = f" {format_short_number(inputs)}" if inputs else ""
    return f"{'+'.join(list_detectors(result))}{share} {time}{count}"


def print_bugs(bugs):
    print_aligned_columns([("bug", "kind", "rule", "flavour", "backend", "detector", "what is broken")] +
                          [(b.name, b.kind, b.rule, b.flavour, b.backend,
                            f"{b.detector}{' in ' + b.test if b.test else ''}", b.what) for b in bugs])
    print(f"{len(bugs)} bugs")


# ---- checks: @rows is {subject: {column: result}} ----

def _list_unexpected_results_of_bug(bug, results):
    """A bug must be found, by the detector that bugs.def names."""
    column = bug.column
    result = results.get(column)
    if not result or "trials" not in result:
        return
    trial = result["trials"][0]
    if not trial["killed"]:
        yield f"{bug.name}: survived {column}: {trial['why'] or 'no detector reported anything'}"
    elif trial["detector"] != bug.detector:
        yield f"{bug.name}: expected {bug.detector} to find it, got {trial['detector']}: {trial['why']}"
    elif not bug.test and trial["inputs"] != 1:
        yield f"{bug.name}: expected its own program to find it, got {trial['why']}"


def _list_findings_in_unchanged_library(subject_name, results):
    for column, result in results.items():
        for trial in result.get("trials", []):
            if trial["killed"] or trial["detector"]:
                yield f"{subject_name}: {column}: expected no finding, got: {trial['why']}"


def _list_unexpected_results_without_sanitizer(bug, result, removed_sanitizer):
    """Without a sanitizer, exactly the bugs that only the sanitizer detects must stay undetected."""
    is_needed = bug.flavour == removed_sanitizer
    if "trials" in result and result["trials"][0]["killed"] == is_needed:
        yield (f"{bug.name}: expected {'to survive' if is_needed else 'a kill'} without {removed_sanitizer}, "
               f"got: {result['trials'][0]['why'] or 'no finding'}")


def list_unexpected_results(rows, removed_sanitizer):
    for subject, results in rows.items():
        for column, result in results.items():
            if "failed" in result:
                yield f"{subject.name}: {column}: {result['failed']}"
        if removed_sanitizer:
            yield from _list_unexpected_results_without_sanitizer(subject.bug, results["replay"], removed_sanitizer)
        elif subject.bug:
            yield from _list_unexpected_results_of_bug(subject.bug, results)
        else:
            yield from _list_findings_in_unchanged_library(subject.name, results)


def _print_column_totals(rows, column):
    tested = [results[column]["trials"] for subject, results in rows.items()
              if subject.bug and "trials" in results[column]]
    killed = sum(any(t["killed"] for t in trials) for trials in tested)
    seconds = sum(t["seconds"] for trials in tested for t in trials)
    if tested:
        print(f"{column}: killed {killed} of {len(tested)} bugs in {seconds:.0f} s of trials")


def print_table_and_errors(rows, columns, errors):
    print_aligned_columns([("bug", *columns)] + [
        (subject.name, *(format_table_cell(results[c]) for c in columns)) for subject, results in rows.items()])
    for column in columns:
        _print_column_totals(rows, column)
    unchanged = [r for subject, results in rows.items() if not subject.bug for r in results.values()]
    if unchanged:
        findings = sum(t["killed"] for r in unchanged for t in r.get("trials", []))
        print(f"the unchanged library: {findings} findings")
    skipped = {r["skipped"] for results in rows.values() for r in results.values() if "skipped" in r}
    for reason in sorted(reason for reason in skipped if "no " in reason):
        print(f"skipped: {reason}")
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for line in errors or ["as expected"]:
        print(f"\x1b[{31 if errors else 32}m{line}\x1b[0m" if colour else line)


def make_report_cell(result):
    """A result as `make report` reads it."""
    if "trials" not in result:
        return {k: result[k] for k in ("skipped", "failed") if k in result}
    trials = result["trials"]
    return {"text": format_table_cell(result), "killed": sum(t["killed"] for t in trials),
            "trials": len(trials), "detectors": list_detectors(result), "limit": result["limit"],
            "seconds": compute_trial_median(result, "seconds"), "inputs": compute_trial_median(result, "inputs"),
            "why": next((t["why"] for t in trials if t["why"]), "")}


# ---- comparison of two runs ----

def compute_a12(old, new):
    """Vargha and Delaney's A12: the share of pairs in which @new is greater; ties count half."""
    wins = sum((n > o) + 0.5 * (n == o) for n in new for o in old)
    return wins / (len(old) * len(new))


def compute_mann_whitney_p(old, new):
    """Two-sided p, with ties, by the normal approximation; 1 if all values are equal."""
    both, m, n = (*old, *new), len(old), len(new)
    ties = sum(both.count(v)**3 - both.count(v) for v in set(both))
    variance = m * n / 12 * (m + n + 1 - ties / ((m + n) * (m + n - 1)))
    if variance <= 0:
        return 1.0
    z = max(0.0, abs(compute_a12(old, new) * m * n - m * n / 2) - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def _list_detection_seconds(result):
    """A trial that found nothing counts as slower than all trials that found the bug."""
    return [t["seconds"] if t["killed"] else math.inf for t in result["trials"]]


def _describe_change(old_result, new_result, a12, p_value):
    if bool(list_detectors(old_result)) != bool(list_detectors(new_result)):
        return "found now" if list_detectors(new_result) else "LOST"
    if list_detectors(old_result) != list_detectors(new_result):
        return "other detector"
    return "" if p_value >= SIGNIFICANT else "slower" if a12 > 0.5 else "faster"


def print_comparison_and_count_lost(old_results, new_results):
    """Print which bugs one of two runs found, and how fast. Return: the number of lost bugs, or None."""
    rows = [("result", "old", "new", "A12", "p", "what changed")]
    common = [name for name in new_results
              if "trials" in new_results[name] and "trials" in old_results.get(name, {})]
    for name in common:
        times = _list_detection_seconds(old_results[name]), _list_detection_seconds(new_results[name])
        is_random = min(map(len, times)) > 1
        a12, p_value = (compute_a12(*times), compute_mann_whitney_p(*times)) if is_random else (0.5, 1)
        what = _describe_change(old_results[name], new_results[name], a12, p_value)
        if what:
            rows.append((name, format_table_cell(old_results[name]), format_table_cell(new_results[name]),
                         *((f"{a12:.2f}", f"{p_value:.3f}") if is_random else "--"), what))
    if len(rows) > 1:
        print_aligned_columns(rows)
    lost = sum(row[-1] == "LOST" for row in rows)
    print(f"{len(common)} results in both, {len(rows) - 1} changed, {lost} lost")
    return lost if common else None
