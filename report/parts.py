# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The parts of the report: convert the results of a run to a line, figures and a table.

A part is a function of (result, book), the results of the run and other paths. It returns the line, the
figures and the data. It also returns a state if the status of the run is not sufficient.
"""
import dataclasses
import pathlib

import campaign
import drawing
import matrix
import results
from results import (FAILED, GOOD, MISSING, OLD, PARTLY, RUNNING, STOPPED, UNREADABLE, BadResult,
                     Part)


@dataclasses.dataclass
class Book:
    """Paths; None for a missing file or directory."""
    results: pathlib.Path
    tool: str
    library: pathlib.Path  # older results are out of date
    coverage: pathlib.Path


def count(number, word, more=None):
    return f"{number:,} {word if number == 1 else more or word + 's'}"


def _sum(rows, key):
    return sum(row[key] for row in rows)


def _having(rows, **values):
    return [row for row in rows if all(row[k] == v for k, v in values.items())]


def _of(failed, left):
    """The state; a run that left something out is no pass."""
    return FAILED if failed else PARTLY if left else GOOD


# ---- the rule table ----

def _rule_rows(result):
    """One row for each program, with the observation of each flavour and backend."""
    rows = {}
    for backend in ("direct", "alias"):
        for program in result.get(backend, []):
            name = pathlib.Path(program["file"]).stem
            row = rows.setdefault(name, {"name": name, "file": program["file"],
                                         "verdict": program["verdict"], "seen": {}, "agree": True})
            row["agree"] &= program["agree"]
            row["seen"][backend] = program["flavours"]
    return [rows[name] for name in sorted(rows)]


def _rule_sources(rows, book):
    """Packed programs with drawings; programs that no longer exist are left out."""
    texts = {}
    for row in rows:
        path = book.results.parent / row["file"]
        if path.is_file():
            texts[row["name"]] = path.read_text(errors="replace")
    drawn = drawing.draw(book.tool, list(texts.values()))
    return drawing.pack({name: [texts[name], d] for name, d in zip(texts, drawn)})


def rules(result, book):
    rows = _rule_rows(result)
    if not rows:
        raise BadResult("expected programs")
    breaking = [row for row in rows if row["verdict"]]
    wrong = [row for row in rows if not row["agree"]]
    left = [backend for backend in ("direct", "alias") if not result.get(backend)]
    agree = "model and library agree on all" if not wrong else (
        f"model and library disagree on {len(wrong)}")
    return (f"{count(len(rows), 'program')}, {len(breaking)} break a rule: {agree}",
            [("programs", "programs", len(rows)), ("breaking", "break a rule", len(breaking)),
             ("disagree", "disagreements", len(wrong))],
            {"rows": rows, "programs": _rule_sources(rows, book)}, _of(wrong, left))


# ---- the race matrix ----

def race(result, book):
    ran = [d for d in result["detectors"] if "skipped" not in d]
    bad = [d["name"] for d in ran if not d["as_predicted"]]
    alarms = _sum(ran, "false_alarms")
    said = f"not as predicted: {', '.join(bad)}" if bad else "all as predicted"
    some = result["pattern"] or result["not_run"] or len(ran) < len(result["detectors"])
    line = (f"{count(result['cells'], 'cell')}, {count(result['races'], 'race')}, "
            f"{count(len(ran), 'detector')}: {said}, {count(alarms, 'false alarm')}")
    data = {key: result[key] for key in ("detectors", "left_out", "combinations", "repeat")}
    data["matrix"] = matrix.packed(result["matrix"], [d["name"] for d in ran], book.tool)
    return (line, [("cells", "cells", result["cells"]), ("races", "of them race", result["races"]),
                   ("detectors", "detectors", len(ran)), ("false_alarms", "false alarms", alarms),
                   ("wrong", "cells not as predicted", len(data["matrix"]["wrong"]))],
            data, _of(bad or result["disagree"], some))


# ---- stress, replay, smoke, speed ----

def stress(result, _book):
    rows = result["rows"]
    failed, skipped = _having(rows, result="FAILED"), _having(rows, result="skipped")
    ran = len(rows) - len(skipped)
    operations = sum(row["operations"] or 0 for row in rows)
    programs = len({row["program"] for row in rows})
    return (f"{count(programs, 'program')}, {count(ran, 'run')} of {result['seconds_each']} s, "
            f"{operations:,} operations: {len(failed)} failed",
            [("programs", "programs", programs), ("runs", "runs", ran),
             ("operations", "operations", operations), ("failed", "failed", len(failed)),
             ("skipped", "skipped", len(skipped))], {"rows": rows}, _of(failed, skipped))


def stress_long(result, _book):
    """Each row has all runs of a program, flavour and backend, including earlier calls."""
    rows, failures = result["rows"], result["failures"]
    if not rows:
        raise BadResult("expected runs")
    runs, seconds, operations = (_sum(rows, key) for key in ("runs", "seconds", "operations"))
    took = f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
    return (f"{count(runs, 'run')}, {took}, {operations:,} operations: "
            f"{len(failures)} failed",
            [("runs", "runs", runs), ("seconds", "seconds", seconds),
             ("operations", "operations", operations), ("failed", "failed", len(failures))],
            {"rows": rows, "failures": failures, "logs": result["dir"]},
            FAILED if failures else GOOD)


# The runs of `make replay`: both backends, each in one order and in two orders.
REPLAY_RUNS = {(backend, orders) for backend in ("direct", "alias") for orders in (False, True)}


def replay(result, book):
    runs = result.get("runs")
    if not runs:
        raise BadResult(f"{book.results / 'replay.json'}: expected runs")
    failures = [failure for run in runs for failure in run["failures"]]
    trials = sum(_sum(run["flavours"], "inputs") for run in runs)
    inputs = max(run["inputs"] for run in runs)
    rows = [{"backend": run["backend"], "orders": run["orders"], **flavour}
            for run in runs for flavour in run["flavours"]]
    skipped = sorted({flavour for run in runs for flavour in run["skipped"]})
    left = REPLAY_RUNS - {(run["backend"], run["orders"]) for run in runs}
    return (f"{count(inputs, 'input')} in {count(len(rows), 'way')}, {trials:,} trials: "
            f"{count(len(failures), 'failure')}"
            f"{f'; flavours not run: ' + ', '.join(skipped) if skipped else ''}",
            [("inputs", "inputs", inputs), ("trials", "trials", trials),
             ("failures", "failures", len(failures))],
            {"rows": rows, "failures": failures}, _of(failures, left or skipped))


def smoke(result, _book):
    rows = result["rows"]
    failed, skipped = _having(rows, result="FAILED"), _having(rows, result="skipped")
    return (f"{count(len(rows), 'stage')}: {len(failed)} failed, {len(skipped)} skipped",
            [("stages", "stages", len(rows)), ("failed", "failed", len(failed)),
             ("skipped", "skipped", len(skipped))],
            {"rows": rows, "failures": result.get("failures", [])}, _of(failed, skipped))


def bench(result, _book):
    rows, failed, skipped = result["rows"], result["failed"], result["skipped"]
    aimed = [row for row in rows if row.get("met") is not None]
    met = _having(aimed, met=True)
    return (f"{count(len(rows), 'figure')}, {len(met)} of {count(len(aimed), 'aim')} met, "
            f"{len(failed)} failed",
            [("figures", "figures", len(rows)), ("aims", "aims", len(aimed)),
             ("met", "aims met", len(met)), ("skipped", "skipped", len(skipped)),
             ("failed", "failed", len(failed))],
            {"rows": rows, "skipped": skipped, "failed": failed,
             "remark": len(met) < len(aimed) and f"{count(len(aimed) - len(met), 'aim')} of speed missed"},
            _of(failed, skipped))


# ---- fuzzing ----

def _targets(result):
    """A campaign; its plots are in its directory."""
    directory = pathlib.Path(result["dir"])
    return [{**target, "points": campaign.points(directory / target["name"] / "plot.tsv")}
            for target in result["targets"]]


def _fuzz_figures(targets):
    executions = sum(t["executions"] + t["executions_before"] for t in targets)
    found = _sum(targets, "findings")
    return (f"{count(len(targets), 'target')}, {executions:,} executions: "
            f"{count(found, 'finding')}",
            [("targets", "targets", len(targets)), ("executions", "executions", executions),
             ("findings", "findings", found)], FAILED if found else GOOD)


def fuzz(result, _book):
    targets = _targets(result)
    line, figures, state = _fuzz_figures(targets)
    about = {key: result[key] for key in ("seed", "jobs", "time", "dir")}
    return line, figures, {"targets": targets, **about}, state


def fuzz_ci(result, _book):
    rows = result["rows"]
    failed, skipped = _having(rows, result="failed"), _having(rows, result="skipped")
    inner = result.get("campaign")
    targets = _targets(inner) if inner else []
    line, figures, state = _fuzz_figures(targets)
    return (f"{count(len(rows), 'case')}, {len(failed)} failed; {line}",
            [("cases", "cases", len(rows)), ("failed", "failed", len(failed)), *figures],
            {"rows": rows, "targets": targets, "dir": inner and inner["dir"],
             "seed": result["seed"]}, _of(failed or state == FAILED, skipped))


# ---- coverage ----

def coverage(result, book):
    total = result["all"]["totals"]["lines"]
    corpus = result["replay"]["totals"]["lines"]
    files = {file["name"]: {"name": file["name"], "all": file} for file in result["all"]["files"]}
    for file in result["replay"]["files"]:
        files.setdefault(file["name"], {"name": file["name"]})["replay"] = file
    return (f"{corpus['covered']:,} of {corpus['count']:,} lines of src/page by the corpus, "
            f"{total['covered']:,} with the unit tests",
            [("lines", "lines", total["count"]), ("corpus", "by the corpus", corpus["covered"]),
             ("all", "with unit tests", total["covered"])],
            {"files": list(files.values()), "html": bool(book.coverage)}, GOOD)


# ---- seeded bugs ----

def bugs(result, _book):
    subjects = [subject for subject in result["subjects"] if not subject["clean"]]
    proof = [subject["cells"].get("unit-test" if subject["test"] else "replay") for subject in subjects]
    looked = [cell for cell in proof if cell and "trials" in cell]
    killed = sum(1 for cell in looked if cell["killed"])
    wrong = result["wrong"]
    clean = sum(cell.get("killed", 0) for subject in result["subjects"] if subject["clean"]
                for cell in subject["cells"].values() if cell)
    left = len(subjects) - len(looked)
    return (f"{killed} of {count(len(subjects), 'seeded bug')} killed by who is meant to"
            f"{f', {left} not looked at' if left else ''}, "
            f"{count(clean, 'finding')} in the unchanged library",
            [("bugs", "seeded bugs", len(subjects)), ("killed", "killed", killed),
             ("survived", "survived", len(looked) - killed), ("left", "not looked at", left),
             ("clean", "findings in the good library", clean)],
            {"columns": result["columns"], "subjects": result["subjects"], "wrong": wrong,
             "time": result["time"], "trials": result["trials"]},
            _of(wrong, left))


# ---- mutants ----

def mutants(result, _book):
    whole, total, wrong = result["all"], result["mutants_in_all"], result["wrong"]
    counted = whole["killed"] + whole["survived"]
    few = counted and whole["ratio"] < result["wanted"]
    ratio = f"{100 * whole['ratio']:.1f} %, wanted {100 * result['wanted']:.0f} %" if counted else (
        "none counts")
    killers = {}
    for row in _having(result["results"], verdict="killed"):
        killers[row["by"]] = killers.get(row["by"], 0) + 1
    return (f"{whole['mutants']:,} of {count(total, 'mutant')}, {whole['killed']:,} of {counted:,} "
            f"killed: {ratio}",
            [("mutants", "mutants", total), ("looked", "looked at", whole["mutants"]),
             ("killed", "killed", whole["killed"]), ("survived", "survived", whole["survived"]),
             ("equivalent", "equivalent", whole["equivalent"] + whole["same_code"])],
            {"files": result["files"], "operators": result["operators"], "all": whole,
             "survivors": _having(result["results"], verdict="survived"), "wrong": wrong,
             "killers": sorted(killers.items(), key=lambda pair: (-pair[1], pair[0]))},
            _of(few or wrong, whole["mutants"] < total))


# ---- all ----

PARTS = (
    ("rules", "The rule table", "make smoke", rules),
    ("race", "The race matrix", "make race", race),
    ("stress", "Stress", "make stress", stress),
    ("stress-long", "Stress for hours", "make stress-long", stress_long),
    ("fuzz", "Fuzzing", "make fuzz", fuzz),
    ("fuzz-ci", "Fuzzing as a check", "make fuzz-ci", fuzz_ci),
    ("replay", "Replay of the corpus", "make replay", replay),
    ("coverage", "Coverage of src/page", "make coverage", coverage),
    ("bugs", "Seeded bugs", "make bugs", bugs),
    ("mutants", "Mutants", "make mutants", mutants),
    ("smoke", "Smoke test", "make smoke", smoke),
    ("bench", "Speed", "make bench", bench),
)


def _is_old(result, book):
    at = results.begun(result)
    return bool(book.library and at and at < book.library.stat().st_mtime - 1)


def _became(result, own, book):
    """The worst state by the status of the run, its tables, and its age."""
    said = {results.state_of(result), own}
    if _is_old(result, book):
        said.add(OLD)
    return next(state for state in results.STATES if state in said)


REMARKS = {PARTLY: "in part; ", STOPPED: "stopped before its end; ", RUNNING: "running, or killed; ",
           OLD: "older than the library in this build; "}


def make(name, title, command, look, book):
    try:
        load = results.load_all if name == "bench" else results.load
        result = load(book.results, name)
        if result is None:
            return Part(name, title, command, MISSING, f"not run ({command})")
        line, figures, data, own = look(result, book)
    except BadResult as problem:
        return Part(name, title, command, UNREADABLE, f"cannot be read: {problem}")
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as problem:
        return Part(name, title, command, UNREADABLE,
                    f"cannot be read: {book.results / name}.json: {type(problem).__name__}: {problem}")
    state = _became(result, own, book)
    return Part(name, title, result["command"], state, REMARKS.get(state, "") + line, figures,
                results.head(result), data)


# ---- findings of all campaigns ----

TRIAGE = "pagetorture triage"


def campaigns(made):
    """The directories of all campaigns."""
    return [pathlib.Path(part.data["dir"]) for part in made if part.data and part.data.get("dir")]


def findings(directories, asked):
    """@directories: campaigns; @asked: additional output directories of triage."""
    there = [directory for directory in directories if directory.is_dir()]
    found = {f"{directory.name}/{target}": names for directory in there
             for target, names in campaign.findings(directory).items()}
    made = [failure for directory in (*(f / "triage" for f in there), *asked)
            for failure in campaign.failures(directory)]
    title = "Findings"
    if not there and not made:
        return Part("findings", title, TRIAGE, MISSING, "not run: there is no campaign")
    total = sum(map(len, found.values()))
    figures = [("findings", "findings", total), ("failures", "failures, sorted", len(made))]
    line = f"{count(total, 'finding')}, {count(len(made), 'failure')} after triage"
    return Part("findings", title, TRIAGE, FAILED if total or made else GOOD, line, figures,
                data={"found": found, "failures": made})
