# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The parts of the report: for each part, compute what its template shows of the results of a run.

A function compute_NAME_values() gets the results of the run and other paths. It returns the variables of the
template templates/NAME.html, which also gets the results. The page itself uses these variables: state, the
state of the part unless the run has a worse one; data, for the scripts; campaign_directory; and remark, a text
that the verdict repeats although it is no failure.
"""
import collections
import dataclasses
import pathlib

import jinja2

import campaign
import drawing
import formats
import page
import plot
import results
from keep import Unreadable
from results import FAILED, GOOD, MISSING, OLD, PARTLY, RUNNING, STOPPED, UNREADABLE


@dataclasses.dataclass
class Sources:
    """Paths that parts of the report read; a path that does not exist is None, except `results`."""
    results: pathlib.Path
    pagetorture_path: str
    library: pathlib.Path  # results that are older than this file are out of date
    coverage: pathlib.Path


@dataclasses.dataclass
class Part:
    """One section of the report."""
    name: str
    title: str
    command: str  # the command that writes the results
    state: str
    line: str  # the results in one line
    figures: list = dataclasses.field(default_factory=list)  # (name, label, value)
    body: str = ""
    head: dict = dataclasses.field(default_factory=dict)  # the results, with their common keys
    values: dict = dataclasses.field(default_factory=dict)  # what compute_NAME_values() returned

    @property
    def script_data(self):
        return self.values.get("data")


def _select_rows_with(rows, **wanted_values):
    return [row for row in rows if all(row[k] == v for k, v in wanted_values.items())]


def _decide_state(has_failed, is_partial):
    """Return: FAILED, PARTLY if the run left something out, or GOOD."""
    return FAILED if has_failed else PARTLY if is_partial else GOOD


def _decide_rows_state(rows, failed_result="FAILED"):
    return _decide_state(_select_rows_with(rows, result=failed_result),
                         _select_rows_with(rows, result="skipped"))


# ---- the rule table ----

BACKENDS = ("direct", "alias")
RULE_FLAVOURS = ("plain", "asan", "tsan", "msan")


def _describe_observation_on_fibers(flavour_result):
    """Return: the observation of a flavour on fibers, or a word if it differs from the rule model."""
    words = {"differ": "\u2715 differs", "beyond": "unseen"}
    return words.get(flavour_result["result"], flavour_result["fibers"])


def _make_rule_program_rows(result):
    """Return: one row for each program, with the observation of each backend and flavour."""
    rows = {}
    for backend in BACKENDS:
        for program in result.get(backend, []):
            name = pathlib.Path(program["file"]).stem
            row = rows.setdefault(name, {"name": name, "file": program["file"], "agree": True,
                                         "verdict": program["verdict"],
                                         "observed": collections.defaultdict(lambda: "\u2013")})
            row["agree"] &= program["agree"]
            for flavour, flavour_result in program["flavours"].items():
                row["observed"][f"{backend} {flavour}"] = _describe_observation_on_fibers(flavour_result)
    return [rows[name] for name in sorted(rows)]


def _draw_and_pack_rule_programs(rows, sources):
    """Return: compressed {name: [text, drawing]}; programs whose file no longer exists are left out."""
    texts = {}
    for row in rows:
        path = sources.results.parent / row["file"]
        if path.is_file():
            texts[row["name"]] = path.read_text(errors="replace")
    drawn = drawing.draw_programs_as_text(sources.pagetorture_path, list(texts.values()))
    return drawing.compress_json_to_base64({name: [texts[name], d] for name, d in zip(texts, drawn)})


def compute_rules_values(result, sources):
    rows = _make_rule_program_rows(result)
    if not rows:
        raise Unreadable("expected programs")
    ran = [backend for backend in BACKENDS if result.get(backend)]
    ways = [f"{backend} {flavour}" for backend in ran for flavour in RULE_FLAVOURS]
    by_rule = {rule: [row for row in rows if rule in row["verdict"]]
               for rule in sorted({rule for row in rows for rule in row["verdict"]})}
    detected = {rule: {way: sum(rule in row["observed"][way] for row in programs) for way in ways}
                for rule, programs in by_rule.items()}
    return {"state": _decide_state(not all(row["agree"] for row in rows), len(ran) < len(BACKENDS)),
            "rows": rows, "ways": ways, "by_rule": by_rule, "detected": detected,
            "data": _draw_and_pack_rule_programs(rows, sources)}


# ---- the race matrix, stress ----

def compute_race_values(result, sources):
    ran = [detector for detector in result["detectors"] if "skipped" not in detector]
    unpredicted = [detector["name"] for detector in ran if not detector["as_predicted"]]
    is_partial = result["pattern"] or result["not_run"] or len(ran) < len(result["detectors"])
    data = drawing.pack_matrix(result["matrix"], [detector["name"] for detector in ran],
                               sources.pagetorture_path)
    data["limitations"] = {f"{detector['name']} {limitation['name']}": limitation["text"]
                           for detector in ran for limitation in detector["limitations"]}
    return {"state": _decide_state(unpredicted or result["disagree"], is_partial), "ran": ran,
            "unpredicted": unpredicted, "data": data}


def compute_stress_values(result, _sources):
    by_cell = {(row["program"], f"{row['flavour']} {row['backend']}"): row for row in result["rows"]}
    return {"state": _decide_rows_state(result["rows"]), "by_cell": by_cell,
            "ways": list(dict.fromkeys(way for _, way in by_cell))}


def compute_stress_long_values(result, _sources):
    if not result["rows"]:
        raise Unreadable("expected runs")
    return {"state": FAILED if result["failures"] else GOOD}


# ---- replay, smoke, speed ----

# The runs of `make replay`: with each backend, one run of all inputs in one order, and one in two orders.
REPLAY_RUNS = {(backend, orders) for backend in BACKENDS for orders in (False, True)}


def compute_replay_values(result, sources):
    runs = result.get("runs")
    if not runs:
        raise Unreadable(f"{sources.results / 'replay.json'}: expected runs")
    failures = [failed for run in runs for failed in run["failures"]]
    rows = [{"backend": run["backend"], "orders": run["orders"], **flavour}
            for run in runs for flavour in run["flavours"]]
    skipped = sorted({flavour for run in runs for flavour in run["skipped"]})
    left = REPLAY_RUNS - {(run["backend"], run["orders"]) for run in runs}
    return {"state": _decide_state(failures, left or skipped), "rows": rows, "failures": failures,
            "skipped": skipped, "trials": sum(row["inputs"] for row in rows),
            "inputs": max(run["inputs"] for run in runs)}


def compute_kernel_vm_values(result, _sources):
    rows = result.get("rows")
    if not rows:
        raise Unreadable("expected kernels")
    return {"state": FAILED if any(row["failed"] for row in rows) else GOOD, "rows": rows,
            "failures": result["failures"], "programs": sum(row["programs"] for row in rows)}


def compute_smoke_values(result, _sources):
    return {"state": _decide_rows_state(result["rows"])}


def compute_bench_values(result, _sources):
    """A missed threshold is not a failure: it becomes a remark in the verdict."""
    aimed = [row for row in result["rows"] if row["met"] is not None]
    met = _select_rows_with(aimed, met=True)
    missed_aims = formats.format_count_with_noun(len(aimed) - len(met), "aim")
    return {"state": _decide_state(result["failed"], result["skipped"]), "aimed": aimed, "met": met,
            "remark": "" if met == aimed else f"{missed_aims} of speed missed"}


# ---- fuzzing ----

def _summarize_campaign_with_plots(result):
    """Return: the targets of a campaign, sums over all targets, and plots of the campaign's directory."""
    directory, targets = pathlib.Path(result["dir"]), result["targets"]
    executions = sum(target["executions"] + target["executions_before"] for target in targets)
    findings = sum(target["findings"] for target in targets)
    return {"targets": targets, "executions": executions, "findings": findings,
            "figures": [("targets", "targets", len(targets)), ("executions", "executions", executions),
                        ("findings", "findings", findings)],
            "plots": {target["name"]: plot.make_target_plots(campaign.read_thinned_plot_points(
                directory / target["name"] / "plot.tsv")) for target in targets}}


def compute_fuzz_values(result, _sources):
    summary = _summarize_campaign_with_plots(result)
    return {"state": FAILED if summary["findings"] else GOOD, "campaign": summary,
            "campaign_directory": pathlib.Path(result["dir"])}


def compute_fuzz_ci_values(result, _sources):
    campaign_result = result.get("campaign")
    summary = _summarize_campaign_with_plots(campaign_result or {"dir": "", "targets": []})
    state = FAILED if summary["findings"] else _decide_rows_state(result["rows"], "failed")
    return {"state": state, "campaign": summary,
            "campaign_directory": pathlib.Path(campaign_result["dir"]) if campaign_result else None}


# ---- coverage, seeded bugs, mutants ----

def compute_coverage_values(result, _sources):
    files = {}
    for run in ("all", "replay"):
        for file in result[run]["files"]:
            files.setdefault(file["name"], {"all": None, "replay": None})[run] = file
    return {"state": GOOD, "files": files}


def compute_bugs_values(result, _sources):
    subjects, clean = (_select_rows_with(result["subjects"], clean=is_clean) for is_clean in (False, True))
    proof = [subject["cells"].get(subject["column"]) for subject in subjects]
    looked = [cell for cell in proof if cell and "trials" in cell]
    tried_cells = {column: [subject["cells"][column] for subject in subjects
                            if (subject["cells"].get(column) or {}).get("trials")]
                   for column in result["columns"]}
    clean_findings = sum(cell.get("killed", 0) for subject in clean for cell in subject["cells"].values()
                         if cell)
    return {"state": _decide_state(result["wrong"], len(looked) < len(subjects)), "subjects": subjects,
            "clean": clean, "looked": looked, "tried_cells": tried_cells, "clean_findings": clean_findings}


def compute_mutants_values(result, _sources):
    whole = result["all"]
    has_too_few = whole["killed"] + whole["survived"] and whole["ratio"] < result["wanted"]
    killers = collections.Counter(row["by"] for row in _select_rows_with(result["results"], verdict="killed"))
    is_partial = whole["mutants"] < result["mutants_in_all"]
    return {"state": _decide_state(has_too_few or result["wrong"], is_partial),
            "surviving": _select_rows_with(result["results"], verdict="survived"),
            "killers": sorted(killers.items(), key=lambda pair: (-pair[1], pair[0]))}


# ---- all ----

PARTS = (
    ("rules", "The rule table", "make smoke", compute_rules_values),
    ("race", "The race matrix", "make race", compute_race_values),
    ("stress", "Stress", "make stress", compute_stress_values),
    ("stress-long", "Stress for hours", "make stress-long", compute_stress_long_values),
    ("fuzz", "Fuzzing", "make fuzz", compute_fuzz_values),
    ("fuzz-ci", "Fuzzing as a check", "make fuzz-ci", compute_fuzz_ci_values),
    ("replay", "Replay of the corpus", "make replay", compute_replay_values),
    ("kernel-vm", "Running kernels", "make kernel-vm", compute_kernel_vm_values),
    ("coverage", "Coverage of src/page", "make coverage", compute_coverage_values),
    ("bugs", "Seeded bugs", "make bugs", compute_bugs_values),
    ("mutants", "Mutants", "make mutants", compute_mutants_values),
    ("smoke", "Smoke test", "make smoke", compute_smoke_values),
    ("bench", "Speed", "make bench", compute_bench_values),
)


def _find_worst_state_with_age(result, computed_state, sources):
    """Return: the worst of three states: of the run, of its tables, and OLD if the library is newer."""
    begin_time = results.read_begin_time(result)
    states = {results.decode_run_state(result), computed_state}
    if sources.library and begin_time and begin_time < sources.library.stat().st_mtime - 1:
        states.add(OLD)
    return next(state for state in results.STATES if state in states)


REMARKS = {PARTLY: "in part; ", STOPPED: "stopped before its end; ", RUNNING: "running, or killed; ",
           OLD: "older than the library in this build; "}


def make_part(name, title, command, compute_values, sources):
    try:
        load = results.load_and_join_results if name == "bench" else results.load_results
        result = load(sources.results, name)
        if result is None:
            return Part(name, title, command, MISSING, f"not run ({command})")
        values = compute_values(result, sources)
        line, figures, body = page.render_part_template(name, {"result": result, "sources": sources, **values})
    except Unreadable as problem:
        return Part(name, title, command, UNREADABLE, f"cannot be read: {problem}")
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, jinja2.TemplateError) as problem:
        return Part(name, title, command, UNREADABLE,
                    f"cannot be read: {sources.results / name}.json: {type(problem).__name__}: {problem}")
    state = _find_worst_state_with_age(result, values["state"], sources)
    return Part(name, title, result["command"], state, REMARKS.get(state, "") + line, figures, body, result,
                values)


def make_findings_part(campaign_directories, more_triage_directories):
    """Return: the part for the findings in campaigns, and for the failures in their directories triage/ and
    in @more_triage_directories."""
    names = ("findings", "Findings", "pagetorture triage")
    existing_directories = [directory for directory in campaign_directories if directory.is_dir()]
    names_by_target = {f"{directory.name}/{target}": files for directory in existing_directories
             for target, files in campaign.list_finding_names_by_target(directory).items()}
    failures = [entry for directory in (*(d / "triage" for d in existing_directories), *more_triage_directories)
                for entry in campaign.read_triage_failures(directory)]
    if not existing_directories and not failures:
        return Part(*names, MISSING, "not run: there is no campaign")
    state = FAILED if names_by_target or failures else GOOD
    return Part(*names, state, *page.render_part_template(
        "findings", {"found": names_by_target, "failures": failures, "command": names[2]}))
