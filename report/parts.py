# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The parts of the report: convert the results of a run to a line, figures and tables.

A part is a function of (result, sources), the results of the run and other paths. It returns Content; its
state counts if the status of the run is not worse.
"""
import dataclasses
import json
import pathlib

import campaign
import drawing
import matrix
import results
from markup import (BAD, GOOD as GOOD_MARK, NONE, Column, code_column, code_element, element,
                    failure_paragraph, folded_section, format_count, format_duration, format_number,
                    format_share, format_short, make_table, muted_paragraph, preformatted_block, result_badge,
                    share_bar, state_badge, yes_or_no)
from results import FAILED, GOOD, MISSING, OLD, PARTLY, RUNNING, STOPPED, UNREADABLE, BadResult


@dataclasses.dataclass
class Sources:
    """Paths; None for a missing file or directory."""
    results: pathlib.Path
    tool: str
    library: pathlib.Path  # older results are out of date
    coverage: pathlib.Path


@dataclasses.dataclass
class Content:
    summary_line: str
    figures: list  # (name, label, value)
    body: list = dataclasses.field(default_factory=list)
    state: str = GOOD
    remark: str = ""  # for the verdict, if that is not a failure
    campaign: pathlib.Path = None  # its directory
    data: object = None  # what the scripts of the page need


@dataclasses.dataclass
class Part:
    """One section of the report."""
    name: str
    title: str
    command: str  # that runs it
    state: str
    content: Content
    head: dict = dataclasses.field(default_factory=dict)  # of the results

    @property
    def summary_line(self):
        return self.content.summary_line


def _sum_column(rows, key):
    return sum(row[key] for row in rows)


def _select_rows(rows, **values):
    return [row for row in rows if all(row[k] == v for k, v in values.items())]


def _decide_state(has_failed, is_partial):
    """A run that left something out is no pass."""
    return FAILED if has_failed else PARTLY if is_partial else GOOD


def _number_columns(*keys):
    """Columns of numbers; a key, or a pair of a title and a key."""
    pairs = [(key, key) if isinstance(key, str) else key for key in keys]
    return [Column(title, key, "number") for title, key in pairs]


# ---- the rule table ----

RULE_FLAVOURS = ("plain", "asan", "tsan", "msan")


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


def _pack_rule_programs(rows, sources):
    """Packed programs with drawings; programs that no longer exist are left out."""
    texts = {}
    for row in rows:
        path = sources.results.parent / row["file"]
        if path.is_file():
            texts[row["name"]] = path.read_text(errors="replace")
    drawn = drawing.draw_programs(sources.tool, list(texts.values()))
    return drawing.pack_json({name: [texts[name], d] for name, d in zip(texts, drawn)})


def _describe_observation(row, backend, flavour):
    """What a flavour saw on fibers; in words if it differs from the model but agrees."""
    seen = row["seen"].get(backend, {}).get(flavour)
    if not seen:
        return NONE
    return {"differ": f"{BAD} differs", "beyond": "unseen"}.get(seen["result"], seen["fibers"])


def _rule_body(rows):
    ways = [(backend, flavour) for backend in ("direct", "alias") for flavour in RULE_FLAVOURS
            if any(backend in row["seen"] for row in rows)]
    by_rule = {rule: [row for row in rows if rule in row["verdict"]]
               for rule in sorted({rule for row in rows for rule in row["verdict"]})}

    def count_detected(way):
        return lambda rule: sum(rule in _describe_observation(row, *way) for row in by_rule[rule]) or NONE

    columns = [
        Column("program", lambda row: element("button", row["name"], type="button", class_="plain name",
                                              data_program=row["name"], data_file=row["file"]), "head tight"),
        Column("model", lambda row: ", ".join(row["verdict"]) or "clean", "tight"),
        *(Column(" ".join(way), lambda row, way=way: _describe_observation(row, *way), "tight")
          for way in ways),
        Column("agree", lambda row: yes_or_no(row["agree"]))]
    return [
        make_table("rules", [Column("rule", lambda rule: rule, "head tight"),
                             Column("programs that break it", lambda rule: len(by_rule[rule]), "number"),
                             *(Column(" ".join(way), count_detected(way), "number") for way in ways)],
                   by_rule,
                   caption="Who saw a broken rule, on fibers: programs by way of mapping and flavour"),
        folded_section(f"All {len(rows)} programs",
                       make_table("programs", columns, rows, is_high=True, is_searchable=True,
                                  key=lambda row: row["name"]),
                       element("div", id="rule-program"))]


def make_rules_content(result, sources):
    rows = _rule_rows(result)
    if not rows:
        raise BadResult("expected programs")
    breaking = [row for row in rows if row["verdict"]]
    wrong = [row for row in rows if not row["agree"]]
    left = [backend for backend in ("direct", "alias") if not result.get(backend)]
    agree = "model and library agree on all" if not wrong else (
        f"model and library disagree on {len(wrong)}")
    return Content(f"{format_count(len(rows), 'program')}, {len(breaking)} break a rule: {agree}",
                   [("programs", "programs", len(rows)), ("breaking", "break a rule", len(breaking)),
                    ("disagree", "disagreements", len(wrong))],
                   _rule_body(rows), _decide_state(wrong, left), data=_pack_rule_programs(rows, sources))


# ---- the race matrix ----

def _unless_skipped(get):
    return lambda detector: "" if "skipped" in detector else get(detector)


def _detector_columns():
    def name_element(detector):
        words = f"skipped: {detector['skipped']}" if "skipped" in detector else (
            f"{detector['what']}; {detector['compiler']}")
        return [code_element(detector["name"]), element("small", words)]

    titles = {"cells": "cells", "repeat": "runs of each", "races": "races", "caught": "caught",
              "missed": "missed"}
    return [
        Column("detector", name_element, "head tight"),
        *(Column(title, _unless_skipped(lambda d, key=key: d[key]), "number") for key,
          title in titles.items()),
        Column("runs that report",
               _unless_skipped(lambda d: format_share(d["reported_runs"], d["racing_runs"])), "number"),
        Column("false alarms", _unless_skipped(lambda d: d["false_alarms"]), "number"),
        Column("known limitations", _unless_skipped(lambda d: _sum_column(d["limitations"], "cells")),
               "number"),
        Column("as predicted",
               lambda d: state_badge("skipped") if "skipped" in d else yes_or_no(d["as_predicted"]))]


def _race_body(result):
    limitations = [{"detector": detector["name"], **limitation} for detector in result["detectors"]
                   for limitation in detector.get("limitations", [])]
    left_out = result["left_out"]
    return [
        make_table("detectors", _detector_columns(), result["detectors"], key=lambda d: d["name"]),
        element("h3", "Cell by cell"),
        muted_paragraph("What one thread does to a page, and then another. Choose a pair, then a cell: its "
                        "program, and what each detector said."),
        element("div", id="race-matrix"),
        folded_section("Known limitations of detectors", make_table("limitations", [
            code_column("detector", "detector"), Column("limitation", "name", "tight"),
            Column("effect", "effect", "tight"), *_number_columns("cells", ("of them reported", "reported")),
            Column("why", "text", "wide")], limitations)) if limitations else None,
        folded_section(f"{format_number(result['combinations'])} combinations, and why some are no cells",
                       make_table("left out", [
            *_number_columns(("combinations", "count")), Column("why they are no cell", "text", "wide")],
                                  left_out))
        if left_out else None]


def make_race_content(result, sources):
    ran = [d for d in result["detectors"] if "skipped" not in d]
    bad = [d["name"] for d in ran if not d["as_predicted"]]
    alarms = _sum_column(ran, "false_alarms")
    said = f"not as predicted: {', '.join(bad)}" if bad else "all as predicted"
    some = result["pattern"] or result["not_run"] or len(ran) < len(result["detectors"])
    cells = matrix.pack_matrix(result["matrix"], [d["name"] for d in ran], sources.tool)
    cells["limitations"] = {f"{d['name']} {limitation['name']}": limitation["text"]
                            for d in result["detectors"]
                            for limitation in d.get("limitations", [])}
    return Content(f"{format_count(result['cells'], 'cell')}, {format_count(result['races'], 'race')}, "
                   f"{format_count(len(ran), 'detector')}: {said}, {format_count(alarms, 'false alarm')}",
                   [("cells", "cells", result["cells"]), ("races", "of them race", result["races"]),
                    ("detectors", "detectors", len(ran)), ("false_alarms", "false alarms", alarms),
                    ("wrong", "cells not as predicted",
                     sum(not cell["as_predicted"] for cell in result["matrix"]))],
                   _race_body(result), _decide_state(bad or result["disagree"], some), data=cells)


# ---- stress ----

def _stress_body(rows):
    """A table with a row for each program and a column for each flavour and backend, and all runs."""
    def cell_getter(way):
        def get(name):
            row = by_cell.get((name, *way))
            if not row:
                return NONE
            return f"{format_short(row['rate'])}/s" if row["result"] == "ok" else result_badge(row["result"])
        return get

    ways = list(dict.fromkeys((row["flavour"], row["backend"]) for row in rows))
    by_cell = {(row["program"], row["flavour"], row["backend"]): row for row in rows}
    keys = ("program", "flavour", "backend", "result", "operations", "rate", "max_min", "refused", "races",
            "kib",
            "seed", "why")
    number_keys = {key for key in keys for row in rows if isinstance(row[key], (int, float))}
    styles = {"program": "head tight", "why": "wide"}
    return [
        make_table("operations a second", [
            Column("program", code_element, "head tight"),
            *(Column(" ".join(way), cell_getter(way), "number") for way in ways)],
                   dict.fromkeys(row["program"] for row in rows),
                   caption="Operations a second of all threads; a run that failed says so"),
        [failure_paragraph(f"{row['program']}, {row['flavour']}, {row['backend']}: {row['why']}")
         for row in _select_rows(rows, result="FAILED")],
        folded_section("All runs", make_table("runs", [
            Column(key.replace("_", "/"), key,
                   styles.get(key, "tight number" if key in number_keys else "tight"))
            for key in keys], rows, is_high=True, is_searchable=True))]


def make_stress_content(result, _sources):
    rows = result["rows"]
    failed, skipped = _select_rows(rows, result="FAILED"), _select_rows(rows, result="skipped")
    ran = len(rows) - len(skipped)
    operations = sum(row["operations"] or 0 for row in rows)
    programs = len({row["program"] for row in rows})
    return Content(f"{format_count(programs, 'program')}, {format_count(ran, 'run')} "
                   f"of {result['seconds_each']} s, {operations:,} operations: {len(failed)} failed",
                   [("programs", "programs", programs), ("runs", "runs", ran),
                    ("operations", "operations", operations), ("failed", "failed", len(failed)),
                    ("skipped", "skipped", len(skipped))], _stress_body(rows), _decide_state(failed, skipped))


def make_stress_long_content(result, _sources):
    """Each row has all runs of a program, flavour and backend, including earlier calls."""
    rows, failures = result["rows"], result["failures"]
    if not rows:
        raise BadResult("expected runs")
    runs, seconds, operations = (_sum_column(rows, key) for key in ("runs", "seconds", "operations"))
    took = f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
    columns = [code_column("program", "program"), Column("flavour", "flavour"), Column("mapping", "backend"),
               *_number_columns("runs"), Column("for", lambda row: format_duration(row["seconds"]), "number"),
               *_number_columns("operations", ("most KiB", "kib"), ("most descriptors", "descriptors")),
               Column("failed", lambda row: element("span", f"{BAD} {row['failed']}", class_="is-bad")
                      if row["failed"] else 0, "number")]
    return Content(f"{format_count(runs, 'run')}, {took}, {operations:,} operations: {len(failures)} failed",
                   [("runs", "runs", runs), ("seconds", "seconds", seconds),
                    ("operations", "operations", operations), ("failed", "failed", len(failures))],
                   [muted_paragraph("Programs, threads, delays and pressure as a seed chooses; the log is ",
                                    "in ", code_element(result["dir"])),
                    [failure_paragraph(f"run {f['run']}, status {f['status']}: ", code_element(f["command"]))
                     for f in failures],
                    folded_section("All programs",
                                   make_table("long runs", columns, rows, is_high=True, is_searchable=True))],
                   FAILED if failures else GOOD)


# ---- replay, smoke, speed ----

# The runs of `make replay`: both backends, each in one order and in two orders.
REPLAY_RUNS = {(backend, orders) for backend in ("direct", "alias") for orders in (False, True)}


def make_replay_content(result, sources):
    runs = result.get("runs")
    if not runs:
        raise BadResult(f"{sources.results / 'replay.json'}: expected runs")
    failures = [failed for run in runs for failed in run["failures"]]
    trials = sum(_sum_column(run["flavours"], "inputs") for run in runs)
    inputs = max(run["inputs"] for run in runs)
    rows = [{"backend": run["backend"], "orders": run["orders"], **flavour}
            for run in runs for flavour in run["flavours"]]
    skipped = sorted({flavour for run in runs for flavour in run["skipped"]})
    left = REPLAY_RUNS - {(run["backend"], run["orders"]) for run in runs}
    columns = [Column("mapping", "backend", "head"),
               Column("order", lambda row: "sorted, then backwards" if row["orders"] else "as it comes",
                      "tight"),
               Column("flavour", "flavour"),
               *_number_columns("inputs", "good", "failed", "unseen", "not-run"),
               Column("seconds", lambda row: round(row["seconds"], 2), "number")]
    return Content(f"{format_count(inputs, 'input')} in {format_count(len(rows), 'way')}, {trials:,} trials: "
                   f"{format_count(len(failures), 'failure')}"
                   f"{f'; flavours not run: ' + ', '.join(skipped) if skipped else ''}",
                   [("inputs", "inputs", inputs), ("trials", "trials", trials),
                    ("failures", "failures", len(failures))],
                   [[failure_paragraph(f"{f['input']}: {f['flavour']}: {f['result']}: {f['why']} ",
                                       code_element(f["replay"] or ""))
                     for f in failures], make_table("replay", columns, rows)],
                   _decide_state(failures, left or skipped))


def make_smoke_content(result, _sources):
    rows = result["rows"]
    failed, skipped = _select_rows(rows, result="FAILED"), _select_rows(rows, result="skipped")
    return Content(f"{format_count(len(rows), 'stage')}: {len(failed)} failed, {len(skipped)} skipped",
                   [("stages", "stages", len(rows)), ("failed", "failed", len(failed)),
                    ("skipped", "skipped", len(skipped))],
                   [[failure_paragraph(f"{f['name']}: ", code_element(f["replay"]), f" (log: {f['log']})")
                     for f in result.get("failures", [])],
                    make_table("stages", [Column("result", lambda row: result_badge(row["result"])),
                                          Column("stage", "name", "head tight"),
                                          Column("figures", "figures", "wide"),
                                          Column("ended at", lambda row: format_duration(row["at"]),
                                                 "number")], rows)],
                   _decide_state(failed, skipped))


def _format_figure(value):
    """Four significant digits; large numbers as integers."""
    if not isinstance(value, (int, float)):
        return value or ""
    return round(value) if abs(value) >= 1000 else f"{value:.4g}"


def _threshold_mark(row):
    """A missed threshold is shown, but is no failure."""
    if row.get("met") is None:
        return ""
    return element("span", f"{GOOD_MARK} met" if row["met"] else f"{BAD} missed",
                   class_="is-good" if row["met"] else "is-bad")


def make_bench_content(result, _sources):
    rows, failed, skipped = result["rows"], result["failed"], result["skipped"]
    aimed = [row for row in rows if row.get("met") is not None]
    met = _select_rows(aimed, met=True)

    def text_column(title, style="tight"):
        return Column("figure" if title == "name" else title, lambda row: str(row.get(title) or ""), style)

    def list_paragraphs(word, style, entries):
        return [element("p", f"{word}: ", entry if isinstance(entry, str) else
                        ": ".join(filter(None, (entry["name"], entry.get("why")))), class_=style)
                for entry in entries]

    columns = [text_column("name", "head wide"),
               *(Column(key, lambda row, key=key: _format_figure(row.get(key)), "number")
                 for key in ("median", "low", "high", "n")),
               text_column("unit"), text_column("aim"), Column("", _threshold_mark, "tight"),
               Column("command", lambda row: code_element(str(row.get("command") or "")), "tight")]
    return Content(f"{format_count(len(rows), 'figure')}, {len(met)} of "
                   f"{format_count(len(aimed), 'aim')} met, {len(failed)} failed",
                   [("figures", "figures", len(rows)), ("aims", "aims", len(aimed)),
                    ("met", "aims met", len(met)), ("skipped", "skipped", len(skipped)),
                    ("failed", "failed", len(failed))],
                   [list_paragraphs(f"{BAD} failed", "is-bad", failed),
                    make_table("figures", columns, rows, is_high=len(rows) > 20, is_searchable=True),
                    list_paragraphs("skipped", "muted", skipped)],
                   _decide_state(failed, skipped),
                   f"{format_count(len(aimed) - len(met), 'aim')} of speed missed" if len(met) < len(aimed)
                   else "")


# ---- fuzzing ----

def _compute_rates(points):
    """Executions per second, each averaged over a twentieth of the time, because engines report rarely
    and targets run in turns."""
    least = max(1, points[-1][0] / 20) if points else 1
    rates, last = [], points[0] if points else None
    for point in points[1:]:
        if point[0] - last[0] >= least:
            rates.append([last[0], max(0, point[1] - last[1]) / (point[0] - last[0])])
            last = point
    return [*rates, [last[0], rates[-1][1]]] if rates else rates


def _plot_element(title, unit, points, text=""):
    """plot.js draws it. @text: while the pointer is elsewhere; default: the last point"""
    return element("figure",
                   data_plot=json.dumps({"title": title, "unit": unit, "points": points, "text": text}))


def _target_plots(target, points):
    seconds, executions = points[-1][:2] if points else (0, 0)
    mean = f"{round(executions / seconds):,} executions/s, all in all" if seconds else ""
    return element("div", element("h3", code_element(target["name"])), element(
        "div", _plot_element("Coverage", "edges", [[p[0], p[2]] for p in points]),
        _plot_element("Speed", "executions/s", _compute_rates(points), mean),
        _plot_element("Corpus", "entries", [[p[0], p[3]] for p in points]), class_="plots"))


def _engine_names(target):
    return ", ".join(f"{e['name']} (skipped: {e['skipped']})" if e.get("skipped") else e["name"]
                     for e in target["engines"])


def _make_campaign_content(result):
    """Content of the targets of a campaign; its plots are in its directory."""
    directory, targets = pathlib.Path(result["dir"]), result["targets"]
    executions = sum(t["executions"] + t["executions_before"] for t in targets)
    found = _sum_column(targets, "findings")
    columns = [code_column("target", "name"), Column("flavour", "flavour"),
               Column("engines", _engine_names, "wide"),
               Column("executions", lambda t: t["executions"] + t["executions_before"], "number"),
               *_number_columns(("edges", "coverage"), "corpus", ("new", "corpus_new"), "findings")]
    return Content(f"{format_count(len(targets), 'target')}, {executions:,} executions: "
                   f"{format_count(found, 'finding')}",
                   [("targets", "targets", len(targets)), ("executions", "executions", executions),
                    ("findings", "findings", found)],
                   [make_table("targets", columns, targets, key=lambda t: t["name"]),
                    [_target_plots(t, campaign.read_plot_points(directory / t["name"] / "plot.tsv"))
                     for t in targets]]
                   if targets else [], FAILED if found else GOOD, campaign=directory)


def make_fuzz_content(result, _sources):
    content = _make_campaign_content(result)
    time = format_duration(result["time"]) if result["time"] else "until stopped"
    content.body.insert(0,
                        muted_paragraph(f"Seed {result['seed']}, {format_count(result['jobs'], 'job')}, "
                                            f"{time}, in ",
                                           code_element(result["dir"])))
    return content


def make_fuzz_ci_content(result, _sources):
    rows = result["rows"]
    failed, skipped = _select_rows(rows, result="failed"), _select_rows(rows, result="skipped")
    targets = _make_campaign_content(result.get("campaign") or {"dir": "", "targets": []})
    columns = [Column("result", lambda row: result_badge(row["result"])), Column("group", "group"),
               Column("case", "name", "head tight"), Column("why", "why", "wide")]
    return Content(f"{format_count(len(rows), 'case')}, {len(failed)} failed; {targets.summary_line}",
                   [("cases", "cases", len(rows)), ("failed", "failed", len(failed)), *targets.figures],
                   [make_table("cases", columns, rows), *targets.body],
                   _decide_state(failed or targets.state == FAILED, skipped),
                   campaign=targets.campaign if result.get("campaign") else None)


# ---- coverage ----

def make_coverage_content(result, sources):
    total = result["all"]["totals"]["lines"]
    corpus = result["replay"]["totals"]["lines"]
    files = {file["name"]: {"name": file["name"], "all": file} for file in result["all"]["files"]}
    for file in result["replay"]["files"]:
        files.setdefault(file["name"], {"name": file["name"]})["replay"] = file

    def covered_column(title, run, kind):
        def get(file):
            figure = file.get(run, {}).get(kind)
            return f"{figure['covered']:,} of {figure['count']:,}" if figure else NONE
        return Column(title, get, "number")

    def coverage_link(run, text):
        return element("a", text, href=f"coverage/{run}/index.html")

    columns = [code_column("file", "name"), covered_column("lines, corpus", "replay", "lines"),
               covered_column("lines, all", "all", "lines"),
               Column("", lambda f: share_bar(f["all"]["lines"]["covered"], f["all"]["lines"]["count"])
                      if "all" in f else ""),
               covered_column("branches, corpus", "replay", "branches"),
               covered_column("branches, all", "all", "branches"),
               covered_column("functions, all", "all", "functions")]
    links = element("p", "Line by line: ", coverage_link("replay", "by the corpus"), ", ",
                    coverage_link("all", "with the unit tests"), ".")
    return Content(f"{corpus['covered']:,} of {corpus['count']:,} lines of src/page by the corpus, "
                   f"{total['covered']:,} with the unit tests",
                   [("lines", "lines", total["count"]), ("corpus", "by the corpus", corpus["covered"]),
                    ("all", "with unit tests", total["covered"])],
                   [make_table("files", columns, files.values(), key=lambda f: f["name"],
                               caption="corpus: its replay alone; all: with the library's unit tests"),
                    links if sources.coverage else muted_paragraph("Line by line: not there.")])


# ---- seeded bugs ----

def _bug_cell_element(cell):
    if not cell or cell.get("skipped"):
        return NONE
    if cell.get("failed"):
        return element("span", f"{BAD} failed", class_="is-bad")
    return element("span", f"{GOOD_MARK if cell['killed'] else MISSED} {cell['text']}",
                   data_tip=cell["why"] or None,
                   class_="is-good" if cell["killed"] else "is-warn")


MISSED = "\u25cb"


def _bugs_body(result, bugs_, clean):
    def find_tried_cells(column):
        found = [bug["cells"].get(column) for bug in bugs_]
        return [cell for cell in found if cell and cell.get("trials")]

    def count_killed(column):
        return sum(bool(cell["killed"]) for cell in find_tried_cells(column))

    columns = [Column(name, lambda bug, name=name: _bug_cell_element(bug["cells"].get(name)), "tight")
               for name in result["columns"]]
    return [
        [failure_paragraph(line) for line in result["wrong"]],
        make_table("columns",
                   [Column("who looks", lambda c: c, "head"), Column("killed", count_killed, "number"),
                               Column("of bugs it can look at", lambda c: len(find_tried_cells(c)), "number"),
                               Column("", lambda c: share_bar(count_killed(c), len(find_tried_cells(c))))],
                   result["columns"],
                   caption=f"Trials where chance matters: {result['trials']} of {result['time']} s"),
        folded_section(f"The kill table: {format_count(len(bugs_), 'bug')}", make_table("the kill table", [
            Column("bug", "name", "head tight"), Column("kind", "kind", "tight"), Column("rule", "rule"),
            Column("meant to see it", lambda b: f"{b['detector']}, {b['flavour']}, {b['backend']}", "tight"),
            *columns, Column("what is broken", "what", "wide")],
            bugs_, is_high=True, is_searchable=True, key=lambda b: b["name"])),
        folded_section("The unchanged library",
                       make_table("clean", [Column("library", "name", "head tight"), *columns], clean))
        if clean else None]


def make_bugs_content(result, _sources):
    subjects = [subject for subject in result["subjects"] if not subject["clean"]]
    clean = [subject for subject in result["subjects"] if subject["clean"]]
    proof = [subject["cells"].get("unit-test" if subject["test"] else "replay") for subject in subjects]
    looked = [cell for cell in proof if cell and "trials" in cell]
    killed = sum(1 for cell in looked if cell["killed"])
    clean_findings = sum(cell.get("killed", 0) for subject in clean for cell in subject["cells"].values()
                         if cell)
    left = len(subjects) - len(looked)
    return Content(f"{killed} of {format_count(len(subjects), 'seeded bug')} killed by who is meant to"
                   f"{f', {left} not looked at' if left else ''}, "
                   f"{format_count(clean_findings, 'finding')} in the unchanged library",
                   [("bugs", "seeded bugs", len(subjects)), ("killed", "killed", killed),
                    ("survived", "survived", len(looked) - killed), ("left", "not looked at", left),
                    ("clean", "findings in the good library", clean_findings)],
                   _bugs_body(result, subjects, clean), _decide_state(result["wrong"], left))


# ---- mutants ----

def _mutant_table(title, tallies):
    def tally_getter(key):
        return lambda pair: pair[1][key]

    return make_table(f"mutants by {title}", [
        Column(title, lambda pair: code_element(pair[0]), "head tight"),
        *(Column(key.replace("_", " "), tally_getter(key), "number")
          for key in ("mutants", "killed", "survived", "equivalent", "same_code", "invalid")),
        Column("", lambda pair: share_bar(pair[1]["killed"], pair[1]["killed"] + pair[1]["survived"]))],
        tallies.items(), key=lambda pair: pair[0])


def _mutants_body(result, killers):
    surviving = _select_rows(result["results"], verdict="survived")
    columns = [code_column("mutant", "id"),
               Column("where", lambda m: f"{m['file']}:{m['line']} {m['function']}", "tight"),
               Column("what it changes", lambda m: code_element(f"{m['was']} \u21d2 {m['becomes']}"), "wide"),
               Column("reason", lambda m: m.get("why") or NONE, "wide")]
    return [
        [failure_paragraph(f"tests/mutants/surviving: {line}") for line in result["wrong"]],
        _mutant_table("file", result["files"]),
        folded_section("By what was changed", _mutant_table("operator", result["operators"])),
        folded_section(format_count(len(surviving), "survivor"),
                       make_table("survivors", columns, surviving, is_high=True,
                                                                            is_searchable=True,
                                  key=lambda m: m["id"]))
        if surviving else None,
        folded_section("Who killed them first", make_table("killers", [
            Column("who", lambda pair: pair[0], "head"), Column("mutants", lambda pair: pair[1], "number")],
            sorted(killers.items(), key=lambda pair: (-pair[1], pair[0]))))]


def make_mutants_content(result, _sources):
    whole, total, wrong = result["all"], result["mutants_in_all"], result["wrong"]
    counted = whole["killed"] + whole["survived"]
    few = counted and whole["ratio"] < result["wanted"]
    ratio = f"{100 * whole['ratio']:.1f} %, wanted {100 * result['wanted']:.0f} %" if counted else (
        "none counts")
    killers = {}
    for row in _select_rows(result["results"], verdict="killed"):
        killers[row["by"]] = killers.get(row["by"], 0) + 1
    return Content(f"{whole['mutants']:,} of {format_count(total, 'mutant')}, {whole['killed']:,} "
                   f"of {counted:,} killed: {ratio}",
                   [("mutants", "mutants", total), ("looked", "looked at", whole["mutants"]),
                    ("killed", "killed", whole["killed"]), ("survived", "survived", whole["survived"]),
                    ("equivalent", "equivalent", whole["equivalent"] + whole["same_code"])],
                   _mutants_body(result, killers), _decide_state(few or wrong, whole["mutants"] < total))


# ---- all ----

PARTS = (
    ("rules", "The rule table", "make smoke", make_rules_content),
    ("race", "The race matrix", "make race", make_race_content),
    ("stress", "Stress", "make stress", make_stress_content),
    ("stress-long", "Stress for hours", "make stress-long", make_stress_long_content),
    ("fuzz", "Fuzzing", "make fuzz", make_fuzz_content),
    ("fuzz-ci", "Fuzzing as a check", "make fuzz-ci", make_fuzz_ci_content),
    ("replay", "Replay of the corpus", "make replay", make_replay_content),
    ("coverage", "Coverage of src/page", "make coverage", make_coverage_content),
    ("bugs", "Seeded bugs", "make bugs", make_bugs_content),
    ("mutants", "Mutants", "make mutants", make_mutants_content),
    ("smoke", "Smoke test", "make smoke", make_smoke_content),
    ("bench", "Speed", "make bench", make_bench_content),
)


def _worst_state(result, content, sources):
    """By the status of the run, its tables, and its age."""
    begin_time = results.read_begin_time(result)
    states = {results.decode_run_state(result), content.state}
    if sources.library and begin_time and begin_time < sources.library.stat().st_mtime - 1:
        states.add(OLD)
    return next(state for state in results.STATES if state in states)


REMARKS = {PARTLY: "in part; ", STOPPED: "stopped before its end; ", RUNNING: "running, or killed; ",
           OLD: "older than the library in this build; "}


def make_part(name, title, command, make_content, sources):
    try:
        load = results.load_all_results if name == "bench" else results.load_results
        result = load(sources.results, name)
        if result is None:
            return Part(name, title, command, MISSING, Content(f"not run ({command})", []))
        content = make_content(result, sources)
    except BadResult as problem:
        return Part(name, title, command, UNREADABLE, Content(f"cannot be read: {problem}", []))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as problem:
        return Part(name, title, command, UNREADABLE, Content(
            f"cannot be read: {sources.results / name}.json: {type(problem).__name__}: {problem}", []))
    state = _worst_state(result, content, sources)
    content.summary_line = REMARKS.get(state, "") + content.summary_line
    return Part(name, title, result["command"], state, content, result)


# ---- findings of all campaigns ----

TRIAGE = "pagetorture triage"
SHOWN_FILES = {"minimised.page": "The program, minimised", "minimised.calls": "The calls, minimised",
               "minimised.txt": "The text, minimised", "explanation.txt": "What happens",
               "report.txt": "What detectors say", "reproduce.c": "As one file of C", "replay.sh": "Again"}


def _failure_view(failed):
    summary, files = failed["summary"], failed["files"]
    return element("details", element("summary", failed["name"]), element("p", summary.get("signature", "")),
                   muted_paragraph(f"failed {summary.get('failed', '?')}; "
                                   f"calls: {summary.get('calls', '?')}"),
                   [[element("h3", title), preformatted_block(files[name], data_file=name)]
                    for name, title in SHOWN_FILES.items() if files.get(name)],
                   class_="failure", data_failure=failed["name"])


def make_findings_part(directories, asked):
    """@directories: campaigns; @asked: additional output directories of triage."""
    there = [directory for directory in directories if directory.is_dir()]
    found = {f"{directory.name}/{target}": names for directory in there
             for target, names in campaign.list_finding_names(directory).items()}
    failed = [entry for directory in (*(f / "triage" for f in there), *asked)
              for entry in campaign.read_triage_failures(directory)]
    title = "Findings"
    if not there and not failed:
        return Part("findings", title, TRIAGE, MISSING, Content("not run: there is no campaign", []))
    total = sum(map(len, found.values()))
    body = [[_failure_view(entry) for entry in failed],
            [folded_section(f"{where}: {format_count(len(names), 'file')} that broke it",
                            preformatted_block("\n".join(names)))
             for where, names in found.items()]]
    if found and not failed:
        body.append(element("p", "They are sorted and minimised by ", code_element(TRIAGE), "."))
    if not found and not failed:
        body.append(muted_paragraph("No input broke a target."))
    return Part("findings", title, TRIAGE, FAILED if total or failed else GOOD, Content(
        f"{format_count(total, 'finding')}, {format_count(len(failed), 'failure')} after triage",
        [("findings", "findings", total), ("failures", "failures, sorted", len(failed))], body))
