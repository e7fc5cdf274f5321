#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run the race matrix under every race detector. A cell of the matrix is a page program: two accesses to a
page, an order between them, and the way the page is mapped. Print which races each detector reported and
missed, and its false alarms. The tables of the matrix and the rule model both predict each result. Cells
within a known limitation of a detector are counted apart.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import select
import shlex
import shutil
import subprocess
import sys
import textwrap
import time
from collections import Counter

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "report"))
import keep  # noqa: E402 (in another directory)

EXIT_GOOD, EXIT_FAILED, EXIT_BAD = 0, 1, 2
FAILURES_SHOWN = 10

# The most cells of one process: Valgrind keeps data of every thread that ever ran, and slows down.
VALGRIND_BATCH = 2048
# After this number of failed processes the other cells of a mapping do not run.
FAILURES_MAX = 5

GOOD_VERDICTS = ("quiet", "caught", "known", "miss allowed")
LEGEND = "+ races caught   . no race, quiet   / known limitation   ? some missed   ! not as predicted"

EPILOG = """\
Columns: cells without a known limitation; runs of each; cells that race; races reported in at least one
run; races reported in no run; share of runs that report; race-free cells without a report; race-free cells
with a report; cells within a known limitation.

Exit status: 0 all results are as predicted; 1 they are not; 2 bad usage. On real threads a missed race is
no failure; a false alarm always is.

Examples:
  pagetorture-dev race
  pagetorture-dev race --detector tsan-fibers --repeat 100
  pagetorture-dev race --cell 'write_raw/read_raw/nested/none' --print >race.page
  pagetorture-dev race --cell '*_atomic/*_atomic//none' --detector drd,helgrind --grid
"""


class Unusable(Exception):
    """A problem with the command line or the matrix, in one line; none if it is printed already."""


class NoOutcome(Exception):
    """A process that ended or hangs before it printed an outcome."""


def log_line(text):
    print(text, file=sys.stderr, flush=True)


# ---- one process of a detector ----

class Process:
    """A process that executes cells of one mapping and prints a line for each."""

    def __init__(self, command, backend, seconds):
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE,
                                      env={**os.environ, "PAGE_MAP": backend})
        self.seconds, self.rest = seconds, b""

    def read_line(self):
        """Return: the fields of the next line."""
        end = time.monotonic() + self.seconds
        while b"\n" not in self.rest:
            ready = select.select([self.child.stdout], [], [], max(0, end - time.monotonic()))[0]
            text = os.read(self.child.stdout.fileno(), 65536) if ready else b""
            if not text:
                raise NoOutcome("expected an outcome, got none: the process died or hangs")
            self.rest += text
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode(errors="replace").split("\t")

    def end(self):
        """Return: whether the process ended by itself, with status 0."""
        try:
            return self.child.wait(60) == 0
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        self.child.kill()
        self.child.wait()
        return False


# ---- one detector ----

class Column:
    """The outcomes of all cells under one detector."""

    def __init__(self, info, matrix, options):
        self.info, self.matrix, self.options = info, matrix, options
        self.name = info["name"]
        self.binary = os.path.join(os.path.dirname(options.tool), info["binary"])
        self.repeat = max(1, options.repeat // info["share"])
        self.skipped = self._find_missing_requirement()
        self.compiler, self.seconds, self.failed = "", 0, False
        self.outcomes = {}

    def _find_missing_requirement(self):
        if not os.access(self.binary, os.X_OK):
            return "no gcc's build of it (`make gcc-detectors` makes one)" if "/" in self.info["binary"] \
                else "this build has no such flavour"
        if self.info["valgrind"] and not self.matrix["valgrind"]:
            return "built without Valgrind's headers"
        if self.info["valgrind"] and not shutil.which("valgrind"):
            return "no valgrind"
        return None

    def _make_command(self, cell, end):
        command = [self.binary, "race-cells", "--execute", cell["mapping"], "--from", str(cell["number"]),
                   "--to", str(end), "--repeat", str(self.repeat), "--cell", self.options.cell]
        command += ["--fibers"] if self.info["fibers"] else []
        tool = self.info["valgrind"]
        if not tool:
            return command
        valgrind = ["valgrind", "-q", "--error-limit=no", "--read-var-info=no", f"--tool={tool}"]
        # Errors are counted, not read, unless the user selected a single cell.
        if len(self.matrix["matrix"]) > 1:
            valgrind += ["--log-file=/dev/null"]
            valgrind += ["--history-level=none"] if tool == "helgrind" else []
        return valgrind + command

    def _start_process(self, cell, backend):
        """Return: a process that begins with the cell, and the number of the cell at which it ends."""
        end = cell["number"] + VALGRIND_BATCH if self.info["valgrind"] else self.matrix["end"]
        end = min(end, self.matrix["end"])
        process = Process(self._make_command(cell, end), backend, self.options.timeout)
        try:
            compiler, detector = process.read_line()
        except (NoOutcome, ValueError):
            detector = ""
        if detector != "detector":
            process.kill()
            raise NoOutcome("expected the process to start and to have a detector")
        self.compiler = compiler
        return process, end

    def _run_mapping(self, mapping):
        process, end, failures = None, 0, 0
        for cell in self.matrix["matrix"]:
            if cell["mapping"] != mapping["name"] or failures == FAILURES_MAX:
                continue
            try:
                if process and cell["number"] >= end:
                    self.failed |= not process.end()
                    process = None
                if not process:
                    process, end = self._start_process(cell, mapping["backend"])
                number, result, reported, runs, why = process.read_line()
                if int(number) != cell["number"]:
                    raise NoOutcome(f"expected an outcome, got one of cell {number}")
                outcome = evaluate_outcome(cell, self, result, int(reported), int(runs), why)
            except (NoOutcome, ValueError) as problem:
                outcome = {"verdict": "differs", "why": str(problem), "reported": 0, "runs": 0}
                self.failed, failures = True, failures + 1
                process = process and process.kill() or None
            self.outcomes[cell["number"]] = outcome
        if process:
            self.failed |= not process.end()

    def run_all_cells(self):
        """Run the cells of each mapping in a thread, because a process has only one backend."""
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(self._run_mapping, self.matrix["mappings"]))
        self.seconds = time.monotonic() - start
        for cell in self.matrix["matrix"]:
            self.outcomes.setdefault(cell["number"], {"verdict": "not run", "reported": 0, "runs": 0})

    # ---- totals ----

    def is_predicted(self, verdict):
        """Return: whether the verdict is as predicted; on real threads a missed race is."""
        return verdict in GOOD_VERDICTS or verdict == "missed" and not self.info["fibers"]

    def count_outcomes(self):
        pairs = [(cell, self.outcomes[cell["number"]]) for cell in self.matrix["matrix"]]
        inside = [(cell, outcome) for cell, outcome in pairs if self.name not in cell["limitations"]]
        races = [outcome for cell, outcome in inside if cell["expect"] != "clean"]
        by = Counter(outcome["verdict"] for _, outcome in pairs)
        tally = {"cells": len(inside), "races": len(races), "caught": by["caught"],
                 "missed": by["missed"] + by["miss allowed"], "miss_allowed": by["miss allowed"],
                 "quiet": by["quiet"], "false_alarms": by["false alarm"], "differs": by["differs"],
                 "racing_runs": sum(outcome["runs"] for outcome in races),
                 "reported_runs": sum(outcome["reported"] for outcome in races)}
        tally["limitations"] = []
        for limitation in self.matrix["limitations"]:
            within = [outcome for cell, outcome in pairs
                      if cell["limitations"].get(self.name) == limitation["name"]]
            if within:
                tally["limitations"].append({**limitation, "cells": len(within), "reported": sum(
                    outcome["reported"] > 0 for outcome in within)})
        return tally

    def has_passed(self):
        """Return: whether all verdicts are as predicted, and the detector catches at least one race."""
        tally = self.outcome_counts
        return not self.failed and all(self.is_predicted(o["verdict"]) for o in self.outcomes.values()) \
            and not (tally["races"] and not tally["caught"] and not tally["miss_allowed"])

    @property
    def outcome_counts(self):
        if not hasattr(self, "_tally"):
            self._tally = self.count_outcomes()
        return self._tally


def evaluate_outcome(cell, column, result, reported, runs, why):
    """Compare an outcome with the prediction. The model does not know the limitations, and reports a miss as
    a difference. Other differences are not hidden by that: the same cells run under other detectors."""
    limitation = cell["limitations"].get(column.name)
    races = cell["expect"] != "clean"
    if limitation and column.matrix["effects"][limitation] == "misses":
        verdict = "outdated" if reported else "known"
    elif limitation:
        verdict = "differs" if why else "known"
    elif not races and reported:
        verdict = "false alarm"
    elif why:
        verdict = "differs"
    elif not races:
        verdict = "quiet"
    elif reported:
        verdict = "caught"
    else:
        verdict = "miss allowed" if result == "miss allowed" else "missed"
    outcome = {"verdict": verdict, "limitation": limitation, "why": why}
    return {**{key: value for key, value in outcome.items() if value}, "reported": reported, "runs": runs}


# ---- for people ----

def divide(part, whole):
    return part / whole if whole else 1


def print_table(columns):
    print("%-12s %6s %-5s %5s %6s %6s %7s %6s %5s %6s %9s %6s %8s" % (
        "detector", "cells", "runs", "races", "caught", "missed", "rate", "quiet", "false", "known",
        "precision", "recall", "time"))
    for column in columns:
        if column.skipped:
            print(f"{column.name:12} skipped: {column.skipped}")
            continue
        t = column.outcome_counts
        print("%-12s %6d x%-4d %5d %6d %6d %6.2f%% %6d %5d %6d %9.3f %6.3f %6.0f s" % (
            column.name, t["cells"], column.repeat, t["races"], t["caught"], t["missed"],
            100 * divide(t["reported_runs"], t["racing_runs"]), t["quiet"], t["false_alarms"],
            sum(limitation["cells"] for limitation in t["limitations"]),
            divide(t["caught"], t["caught"] + t["false_alarms"]), divide(t["caught"], t["races"]),
            column.seconds))


def print_limitations(matrix, ran):
    rows = [(limitation, column.name) for column in ran for limitation in column.outcome_counts["limitations"]]
    if rows:
        print("\nknown limitations: cells that a detector is predicted to get wrong")
    for known in matrix["limitations"]:
        for limitation, name in rows:
            if limitation["name"] == known["name"]:
                cells, reported = ("race-free cells", "with an alarm") if known["effect"] == "alarms" \
                    else ("races", "reported")
                print(f"  {known['name']:12} {name:10} {limitation['cells']:5} {cells}, "
                      f"{limitation['reported']} {reported}")
        if any(limitation["name"] == known["name"] for limitation, _ in rows):
            print(textwrap.indent(textwrap.fill(known["text"], 90), "    "))
    allowed = sum(column.outcome_counts["miss_allowed"] for column in ran)
    if allowed:
        print(f"\n{allowed} of the missed races may be missed: the memory of the detector need not hold them")


def print_summary(matrix, columns):
    ran = [column for column in columns if not column.skipped]
    print_table(columns)
    print("\ndetectors")
    for column in ran:
        print(f"  {column.name:12} {column.info['what']} ({column.compiler})")
    print_limitations(matrix, ran)
    left_out = matrix["combinations"] - matrix["cells"]
    print(f"\n{matrix['combinations']} combinations, {left_out} left out, {matrix['cells']} cells, of which "
          f"{matrix['races']} race")
    for reason in matrix["left_out"]:
        print(f"  {reason['count']:6} left out: {reason['text']}")
    good = sum(column.has_passed() for column in ran)
    print(f"{'as predicted' if good == len(ran) and not matrix['disagree'] else 'NOT as predicted'}: "
          f"{good} of {len(ran)} detectors, {matrix['cells']} cells, "
          f"{sum(column.outcome_counts['caught'] for column in ran)} races caught, "
          f"{sum(column.outcome_counts['false_alarms'] for column in ran)} false alarms")


def choose_pair_mark(column, verdicts):
    """Return: the mark of the worst verdict of a pair of accesses."""
    if not all(map(column.is_predicted, verdicts)):
        return "!"
    marks = (("missed", "?"), ("miss allowed", "?"), ("known", "/"), ("caught", "+"), ("quiet", "."))
    return next((mark for verdict, mark in marks if verdict in verdicts), " ")


def print_grid(matrix, column):
    pairs = {}
    for cell in matrix["matrix"]:
        pair = pairs.setdefault((cell["first"], cell["second"]), set())
        pair.add(column.outcomes[cell["number"]]["verdict"])
    kinds = matrix["kinds"]
    print(f"\n{column.name}: first access by row, second by column\n{'':24}"
          + "".join(f" {number:2}" for number in range(1, len(kinds) + 1)))
    for number, first in enumerate(kinds, 1):
        print(f"{number:2} {first:21}" + "".join(
            "  " + choose_pair_mark(column, pairs.get((first, second), ())) for second in kinds))


def print_failures(matrix, column, tool):
    texts = {"missed": "expected a data-race to be reported, got none",
             "outdated": "expected a race that this detector misses, but it was reported",
             "false alarm": "expected no report, got one"}
    wrong = [(cell, column.outcomes[cell["number"]]) for cell in matrix["matrix"]
             if not column.is_predicted(column.outcomes[cell["number"]]["verdict"])]
    for cell, outcome in wrong[:FAILURES_SHOWN]:
        verdict = outcome["verdict"]
        why = None if verdict in ("missed", "outdated") else outcome.get("why")
        log_line(f"{column.name}: {cell['cell']}: {why or texts.get(verdict, verdict)}")
        log_line(f"  replay: {shlex.quote(tool)} race --detector {column.name} "
             f"--repeat {column.repeat * column.info['share']} --cell {shlex.quote(cell['cell'])}")
    if len(wrong) > FAILURES_SHOWN:
        log_line(f"{column.name}: and {len(wrong) - FAILURES_SHOWN} more cells")
    elif not wrong and not column.has_passed():
        log_line(f"{column.name}: expected it to catch a race, and to end with status 0")


# ---- for programs ----

def make_column_object(column):
    begin = {"name": column.name, "what": column.info["what"]}
    if column.skipped:
        return {**begin, "skipped": column.skipped}
    return {**begin, "compiler": column.compiler, "repeat": column.repeat, **column.outcome_counts,
            "seconds": round(column.seconds, 1), "as_predicted": column.has_passed()}


def make_cell_object(cell, ran):
    outcomes = {column.name: column.outcomes[cell["number"]] for column in ran}
    return {**{key: cell[key] for key in cell if key not in ("number", "limitations")},
            "detectors": outcomes, "as_predicted": all(
                column.is_predicted(outcomes[column.name]["verdict"]) for column in ran)}


def write_results(options, matrix, columns, begun, passed):
    ran = [column for column in columns if not column.skipped]
    wanted = {column.name for column in columns}
    not_run = [info["name"] for info in matrix["detectors"] if info["name"] not in wanted]
    not_run += [mapping["name"] for mapping in matrix["mappings"]
                if mapping["lacking"] or options.backend not in (None, mapping["backend"])]
    command = shlex.join(["pagetorture-dev", "race", *sys.argv[2:]])
    value = keep.make_result_head("race", begun, command, "good" if passed else "failed",
                      "", os.path.dirname(options.tool))
    value["on"]["compiler"] = ran[0].compiler
    value.update({"repeat": options.repeat, "pattern": options.cell, "not_run": not_run})
    value.update({key: matrix[key] for key in ("combinations", "cells", "races", "disagree", "left_out")})
    value.update({"detectors": [make_column_object(column) for column in columns], "as_predicted": passed,
                  "matrix": [make_cell_object(cell, ran) for cell in matrix["matrix"]]})
    try:
        os.stat(os.path.dirname(options.results) or ".")
        keep.write_json(options.results, value)
    except OSError as error:
        raise Unusable(f"{options.results}: expected a file that can be written: {error.strerror}") from None


# ---- the command ----

def make_cells_command(options, form):
    command = [options.tool, "race-cells", form, "--cell", options.cell]
    if options.backend:
        command += ["--mapping", {"direct": "same", "alias": "aliases"}[options.backend]]
    return command


def read_matrix(options):
    child = subprocess.run(make_cells_command(options, "--json"), stdout=subprocess.PIPE, text=True, check=False)
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    if child.returncode == EXIT_BAD or not lines:
        raise Unusable("")
    matrix = {**lines[0], "matrix": lines[1:], "end": lines[-1]["number"] + 1}
    matrix["effects"] = {limitation["name"]: limitation["effect"] for limitation in matrix["limitations"]}
    return matrix


def choose_columns(options, matrix):
    names = [info["name"] for info in matrix["detectors"]]
    wanted = options.detector.split(",") if options.detector else names
    for name in wanted:
        if name not in names:
            raise Unusable(f"expected a detector of {', '.join(names)}, got '{name}'")
    return [Column(info, matrix, options) for info in matrix["detectors"] if info["name"] in wanted]


def run_race_matrix(options):
    begun = time.time()
    if options.form:
        return subprocess.run(make_cells_command(options, options.form), check=False).returncode
    matrix = read_matrix(options)
    columns = choose_columns(options, matrix)
    count = matrix["cells"]
    log_line(f"pagetorture-dev race: {count} cell{'s' if count != 1 else ''} under "
         f"{', '.join(column.name for column in columns)}, "
         f"{f'up to {options.repeat} times' if options.repeat > 1 else 'once'}")
    for column in columns:
        if column.skipped:
            log_line(f"skipped: {column.name}: {column.skipped}")
        else:
            column.run_all_cells()
    ran = [column for column in columns if not column.skipped]
    if not ran:
        raise Unusable("expected a detector that this build has")
    print_summary(matrix, columns)
    if options.grid:
        for column in ran:
            print_grid(matrix, column)
        print(f"\n{LEGEND}")
    sys.stdout.flush()
    for column in ran:
        print_failures(matrix, column, options.tool)
    passed = not matrix["disagree"] and all(column.has_passed() for column in ran)
    if options.results:
        write_results(options, matrix, columns, begun, passed)
    return EXIT_GOOD if passed else EXIT_FAILED


QUOTE = "'"


class Parser(argparse.ArgumentParser):
    """Prints usage and errors in the words of the other commands."""

    def error(self, message):
        message = re.sub(r"unrecognized arguments: (\S+).*", r"unknown option \1", message)
        message = re.sub(r"argument (\S+): invalid choice: (.*) \(choose from (.*)\)",
                         lambda found: f"expected {found[1]} of {found[3].replace(QUOTE, '')}, got {found[2]}",
                         message)
        raise Unusable(message)

    def format_help(self):
        return super().format_help().replace("usage:", "Usage:", 1)


def parse_positive_number(text):
    value = int(text)
    if not 1 <= value <= 1000000:
        raise ValueError
    return value


def parse_arguments(arguments):
    parser = Parser(prog="pagetorture-dev race", description=__doc__, epilog=EPILOG, allow_abbrev=False,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--backend", choices=("direct", "alias"), help="run only cells that map pages with this backend")
    add("--cell", metavar="PATTERN", default="",
        help="run only cells FIRST/SECOND/RELATION/ORDER/MAPPING that match PATTERN; each part is a shell "
             "pattern, and the last parts may be missing")
    add("--detector", metavar="D,...", help="use only these detectors of src/dev/race/race.def")
    add("--grid", action="store_true",
        help="also print, for each detector, a grid of first and second kind of access")
    add("--list", action="store_const", const="--list", dest="form",
        help="print the names of the cells and the expected results; run nothing")
    add("--print", action="store_const", const="--print", dest="form",
        help="print the programs of the cells; run nothing")
    add("--repeat", type=parse_positive_number, default=1, metavar="N",
        help="run each cell N times under tsan-fibers, N/50 or N/100 times under the others, at least once")
    add("--results", metavar="FILE", help="also write all cells and a summary to FILE as one JSON object")
    add("--timeout", type=parse_positive_number, default=120, metavar="S",
        help="stop a cell after S seconds (default 120)")
    options = parser.parse_args(arguments[1:])
    options.tool = arguments[0]
    return options


if __name__ == "__main__":
    try:
        sys.exit(run_race_matrix(parse_arguments(sys.argv[1:])))
    except Unusable as why:
        if str(why):
            log_line(f"pagetorture-dev race: {why} (see pagetorture-dev race --help)")
        sys.exit(EXIT_BAD)
    except KeyboardInterrupt:
        sys.exit(130)
