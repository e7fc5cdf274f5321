#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run the race matrix under every race detector. A cell of the matrix is a page program: two accesses to a
page, an order between them, and the way the page is mapped. Print which races each detector reported and
missed, and its false alarms. The tables of the matrix and the rule model both predict each result. Cells
within a known limitation of a detector are counted apart.
"""
import concurrent.futures
import functools
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter

DEV = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(DEV), str(DEV.parents[1] / "report")]
import keep  # noqa: E402 (in another directory)
from command_line import Parser, parse_positive_number  # noqa: E402
from detectors import ALARMS, DETECTORS, LIMITATIONS, MISSES, find_limitation  # noqa: E402
from matrix import Matrix  # noqa: E402

EXIT_GOOD, EXIT_FAILED = 0, 1
FAILURES_SHOWN = 10

# Number of cells that one process runs under Valgrind, which slows down with each thread that has run.
VALGRIND_BATCH = 2048
# After this number of failed processes, the remaining cells with the same mapping do not run.
FAILURES_MAX = 5

NO_OUTCOME = {"verdict": "differs", "reported": 0, "runs": 0}
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


def log_line(text):
    print(text, file=sys.stderr, flush=True)


def write_temporary_program_file(programs):
    """Return: an open file that contains the programs in the format that `race-cells` reads."""
    file = tempfile.TemporaryFile()
    file.write("\0".join(programs).encode())
    file.seek(0)
    return file


# ---- one detector ----

class Column:
    """The outcomes of all cells under one detector."""

    def __init__(self, detector, selection, options):
        self.detector, self.selection, self.options = detector, selection, options
        self.name = detector.name
        self.binary = os.path.join(os.path.dirname(options.tool), detector.binary)
        self.repeat = max(1, options.repeat // detector.share)
        self.skipped = self._describe_missing_requirement()
        self.compiler, self.seconds, self.failed = "", 0, False
        self.outcomes = {}

    def _describe_missing_requirement(self):
        if not os.access(self.binary, os.X_OK):
            return "no gcc's build of it (`make gcc-detectors` makes one)" if "/" in self.detector.binary \
                else "this build has no such flavour"
        if self.detector.valgrind_tool and not self.selection.build["valgrind"]:
            return "built without Valgrind's headers"
        if self.detector.valgrind_tool and not shutil.which("valgrind"):
            return "no valgrind"
        return None

    def _make_command(self):
        command = [self.binary, "race-cells", "--execute", "--repeat", str(self.repeat),
                   "--timeout", str(self.options.timeout)]
        command += ["--fibers"] if self.detector.uses_fibers else []
        tool = self.detector.valgrind_tool
        if not tool:
            return command
        valgrind = ["valgrind", "-q", "--error-limit=no", "--read-var-info=no", f"--tool={tool}"]
        # race-cells counts errors; print Valgrind's messages only if the user selected a single cell.
        if len(self.selection.cells) > 1:
            valgrind += ["--log-file=/dev/null"]
            valgrind += ["--history-level=none"] if tool == "helgrind" else []
        return valgrind + command

    def _run_cells_until_process_ends(self, cells):
        """Run cells until one of them ends the process. Return: the cells that did not run."""
        with write_temporary_program_file(cell.program for cell in cells) as programs, subprocess.Popen(
                self._make_command(), stdin=programs, stdout=subprocess.PIPE, text=True, errors="replace",
                env={**os.environ, "PAGE_MAP": cells[0].mapping.backend}) as child:
            self.compiler, _, state = child.stdout.readline().rstrip("\n").partition("\t")
            for number, cell in enumerate(cells):
                fields = child.stdout.readline().rstrip("\n").split("\t")
                if state != "detector" or len(fields) != 4:
                    child.kill()
                    self.failed = True
                    self.outcomes[cell] = {**NO_OUTCOME, "why": (
                        "expected an outcome, got none: the process died or hangs" if state == "detector"
                        else "expected the process to start and to have a detector")}
                    return cells[number + 1:]
                self.outcomes[cell] = make_outcome(cell, self.detector, *fields)
        self.failed |= child.returncode != 0
        return []

    def _run_cells_of_mapping(self, mapping):
        cells = [cell for cell in self.selection.cells if cell.mapping == mapping]
        batch_size = VALGRIND_BATCH if self.detector.valgrind_tool else len(cells)
        failures = 0
        while cells and failures < FAILURES_MAX:
            batch, cells = cells[:batch_size], cells[batch_size:]
            not_run = self._run_cells_until_process_ends(batch)
            failures += bool(not_run)
            cells = not_run + cells

    def run_all_cells(self):
        """Run the cells of each mapping in a thread, because a process has only one backend."""
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(self._run_cells_of_mapping, self.selection.mappings))
        self.seconds = time.monotonic() - start
        for cell in self.selection.cells:
            self.outcomes.setdefault(cell, {**NO_OUTCOME, "verdict": "not run"})

    # ---- totals ----

    def is_verdict_accepted(self, verdict):
        """Return: whether the verdict is as predicted; on real threads a missed race is no failure."""
        return verdict in GOOD_VERDICTS or verdict == "missed" and not self.detector.uses_fibers

    @functools.cached_property
    def outcome_counts(self):
        pairs = [(find_limitation(self.detector, cell), cell) for cell in self.selection.cells]
        inside = [cell for limitation, cell in pairs if not limitation]
        races = [self.outcomes[cell] for cell in inside if cell.has_race]
        by = Counter(outcome["verdict"] for outcome in self.outcomes.values())
        tally = {"cells": len(inside), "races": len(races), "caught": by["caught"],
                 "missed": by["missed"] + by["miss allowed"], "miss_allowed": by["miss allowed"],
                 "quiet": by["quiet"], "false_alarms": by["false alarm"], "differs": by["differs"],
                 "racing_runs": sum(outcome["runs"] for outcome in races),
                 "reported_runs": sum(outcome["reported"] for outcome in races)}
        tally["limitations"] = []
        for limitation in LIMITATIONS:
            within = [self.outcomes[cell] for found, cell in pairs if found == limitation]
            if within:
                tally["limitations"].append({
                    "name": limitation.name, "text": limitation.text, "effect": limitation.effect,
                    "cells": len(within), "reported": sum(outcome["reported"] > 0 for outcome in within)})
        return tally

    def has_passed(self):
        """Return: whether all verdicts are as predicted, and the detector catches at least one race."""
        tally = self.outcome_counts
        return not self.failed and all(self.is_verdict_accepted(o["verdict"]) for o in self.outcomes.values()) \
            and not (tally["races"] and not tally["caught"] and not tally["miss_allowed"])


def make_outcome(cell, detector, result, reporting_runs, run_count, difference):
    """Compare the line that `race-cells` printed for a cell with the prediction. The model does not know the
    limitations, so it reports each miss as a difference; that difference is ignored within a limitation."""
    reporting_runs, run_count = int(reporting_runs), int(run_count)
    limitation = find_limitation(detector, cell)
    if limitation and limitation.effect == MISSES:
        verdict = "outdated" if reporting_runs else "known"
    elif limitation:
        verdict = "differs" if difference else "known"
    elif not cell.has_race and reporting_runs:
        verdict = "false alarm"
    elif difference:
        verdict = "differs"
    elif not cell.has_race:
        verdict = "quiet"
    elif reporting_runs:
        verdict = "caught"
    else:
        verdict = "miss allowed" if result == "miss allowed" else "missed"
    outcome = {"verdict": verdict, "limitation": limitation and limitation.name, "why": difference}
    return {**{key: value for key, value in outcome.items() if value}, "reported": reporting_runs,
            "runs": run_count}


# ---- output on the terminal ----

def divide_or_return_one(part, whole):
    return part / whole if whole else 1


def print_counts_of_detectors(columns):
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
            100 * divide_or_return_one(t["reported_runs"], t["racing_runs"]), t["quiet"], t["false_alarms"],
            sum(limitation["cells"] for limitation in t["limitations"]),
            divide_or_return_one(t["caught"], t["caught"] + t["false_alarms"]),
            divide_or_return_one(t["caught"], t["races"]),
            column.seconds))


def print_limitations(ran_columns):
    rows = [(limitation, column.name) for column in ran_columns
            for limitation in column.outcome_counts["limitations"]]
    if rows:
        print("\nknown limitations: cells that a detector is predicted to get wrong")
    for known in LIMITATIONS:
        counts = [(row, name) for row, name in rows if row["name"] == known.name]
        cells, reported = ("race-free cells", "with an alarm") if known.effect == ALARMS \
            else ("races", "reported")
        for row, name in counts:
            print(f"  {known.name:12} {name:10} {row['cells']:5} {cells}, {row['reported']} {reported}")
        if counts:
            print(textwrap.indent(textwrap.fill(known.text, 90), "    "))
    allowed = sum(column.outcome_counts["miss_allowed"] for column in ran_columns)
    if allowed:
        print(f"\n{allowed} of the missed races may be missed: the memory of the detector need not hold them")


def print_summary(selection, columns):
    ran_columns = [column for column in columns if not column.skipped]
    print_counts_of_detectors(columns)
    print("\ndetectors")
    for column in ran_columns:
        print(f"  {column.name:12} {column.detector.description} ({column.compiler})")
    print_limitations(ran_columns)
    counts = selection.make_counts_object()
    left_out = counts["combinations"] - counts["cells"]
    print(f"\n{counts['combinations']} combinations, {left_out} left out, {counts['cells']} cells, of which "
          f"{counts['races']} race")
    for reason in counts["left_out"]:
        print(f"  {reason['count']:6} left out: {reason['text']}")
    good = sum(column.has_passed() for column in ran_columns)
    print(f"{'as predicted' if good == len(ran_columns) and not counts['disagree'] else 'NOT as predicted'}: "
          f"{good} of {len(ran_columns)} detectors, {counts['cells']} cells, "
          f"{sum(column.outcome_counts['caught'] for column in ran_columns)} races caught, "
          f"{sum(column.outcome_counts['false_alarms'] for column in ran_columns)} false alarms")


def choose_pair_mark(column, pair_verdicts):
    """Return: the mark of LEGEND for the worst verdict of a pair of kinds of access."""
    if not all(map(column.is_verdict_accepted, pair_verdicts)):
        return "!"
    marks = (("missed", "?"), ("miss allowed", "?"), ("known", "/"), ("caught", "+"), ("quiet", "."))
    return next((mark for verdict, mark in marks if verdict in pair_verdicts), " ")


def print_grid(kinds, column):
    pairs = {}
    for cell, outcome in column.outcomes.items():
        pairs.setdefault(tuple(kind.name for kind in cell.kinds), set()).add(outcome["verdict"])
    print(f"\n{column.name}: first access by row, second by column\n{'':24}"
          + "".join(f" {number:2}" for number in range(1, len(kinds) + 1)))
    for number, first in enumerate(kinds, 1):
        print(f"{number:2} {first.name:21}" + "".join(
            "  " + choose_pair_mark(column, pairs.get((first.name, second.name), ())) for second in kinds))


def print_unpredicted_cells(column, tool):
    texts = {"missed": "expected a data-race to be reported, got none",
             "outdated": "expected a race that this detector misses, but it was reported",
             "false alarm": "expected no report, got one"}
    wrong = [(cell, column.outcomes[cell]) for cell in column.selection.cells
             if not column.is_verdict_accepted(column.outcomes[cell]["verdict"])]
    for cell, outcome in wrong[:FAILURES_SHOWN]:
        verdict = outcome["verdict"]
        why = None if verdict in ("missed", "outdated") else outcome.get("why")
        log_line(f"{column.name}: {cell.name}: {why or texts.get(verdict, verdict)}")
        log_line(f"  replay: {shlex.quote(tool)} race --detector {column.name} "
                 f"--repeat {column.repeat * column.detector.share} --cell {shlex.quote(cell.name)}")
    if len(wrong) > FAILURES_SHOWN:
        log_line(f"{column.name}: and {len(wrong) - FAILURES_SHOWN} more cells")
    elif not wrong and not column.has_passed():
        log_line(f"{column.name}: expected it to catch a race, and to end with status 0")


# ---- results as JSON ----

def make_column_object(column):
    begin = {"name": column.name, "what": column.detector.description}
    if column.skipped:
        return {**begin, "skipped": column.skipped}
    return {**begin, "compiler": column.compiler, "repeat": column.repeat, **column.outcome_counts,
            "seconds": round(column.seconds, 1), "as_predicted": column.has_passed()}


def make_range_object(accessed):
    return {"from": accessed.start, "to": accessed.stop}


def make_cell_object(cell, ran_columns):
    outcomes = {column.name: column.outcomes[cell] for column in ran_columns}
    return {"cell": cell.name, "first": cell.kinds[0].name, "second": cell.kinds[1].name,
            "relation": cell.relation, "order": cell.order.name, "mapping": cell.mapping.name,
            "first_bytes": make_range_object(cell.ranges[0]),
            "second_bytes": make_range_object(cell.ranges[1]),
            "expect": cell.expected_verdict, "program": cell.format_program_with_cell_name(),
            "detectors": outcomes, "as_predicted": all(column.is_verdict_accepted(outcomes[column.name]["verdict"])
                                                       for column in ran_columns)}


def write_results(options, selection, columns, start_time, has_passed):
    ran_columns = [column for column in columns if not column.skipped]
    wanted = {column.name for column in columns}
    not_run = [detector.name for detector in DETECTORS if detector.name not in wanted]
    not_run += [mapping.name for mapping in selection.matrix.mappings if mapping not in selection.mappings]
    command = shlex.join(["pagetorture-dev", "race", *sys.argv[2:]])
    value = keep.make_result_head("race", start_time, command, "good" if has_passed else "failed",
                                  "", os.path.dirname(options.tool))
    value["on"]["compiler"] = ran_columns[0].compiler
    value.update({"repeat": options.repeat, "pattern": options.cell, "not_run": not_run})
    value.update(selection.make_counts_object())
    value.update({"detectors": [make_column_object(column) for column in columns], "as_predicted": has_passed,
                  "matrix": [make_cell_object(cell, ran_columns) for cell in selection.cells]})
    try:
        os.stat(os.path.dirname(options.results) or ".")
        keep.write_json(options.results, value)
    except OSError as error:
        options.report_bad_usage(f"{options.results}: expected a file that can be written: {error.strerror}")


# ---- the command ----

class Selection:
    """The combinations that the options select, and the verdicts of the rule model on their programs."""

    def __init__(self, options):
        self.matrix, self.tool = Matrix(), options.tool
        combinations = self.matrix.select_combinations(options.cell)
        programs = dict.fromkeys(c.program for c in combinations if not c.exclusion_reason)
        self.verdicts = self._read_build_and_evaluate_programs(options, list(programs))
        self.mappings = [mapping for mapping in self.matrix.mappings
                         if options.backend in (None, mapping.backend)]
        if not options.form:
            self._remove_unsupported_mappings()
        self.combinations = [c for c in combinations if c.mapping in self.mappings]
        self.cells = [c for c in self.combinations if not c.exclusion_reason]
        if not self.cells:
            options.report_bad_usage(f"expected --cell to match a cell, '{options.cell}' matches none")
        self.disagreeing = [c for c in self.cells if not c.agrees_with_model(self.verdicts[c.program])]

    def _read_build_and_evaluate_programs(self, options, programs):
        """Return: {program: verdict of the rule model}. Also sets self.build to what this build supports."""
        with write_temporary_program_file(programs) as file:
            child = subprocess.run([self.tool, "race-cells"], stdin=file, stdout=subprocess.PIPE, text=True,
                                   check=False)
        lines = [json.loads(line) for line in child.stdout.splitlines()]
        if len(lines) != len(programs) + 1:
            options.report_bad_usage(f"expected {self.tool} race-cells to evaluate {len(programs)} programs")
        self.build = lines[0]
        return dict(zip(programs, lines[1:]))

    def _remove_unsupported_mappings(self):
        """Remove mappings whose backend is not in this build: the cells would run with another mapping."""
        for mapping in self.mappings[:]:
            if mapping.backend not in self.build["backends"]:
                log_line(f"skipped: cells of mapping {mapping.name}: the page library has no backend "
                         f"{mapping.backend}")
                self.mappings.remove(mapping)

    def make_counts_object(self):
        left_out = Counter(c.exclusion_reason for c in self.combinations)
        return {"combinations": len(self.combinations), "cells": len(self.cells),
                "races": sum(cell.has_race for cell in self.cells), "disagree": len(self.disagreeing),
                "left_out": [{"name": name, "text": text, "count": left_out[name]}
                             for name, text in self.matrix.reasons.items() if left_out[name]]}

    def print_cells_that_disagree_with_model(self):
        for cell in self.disagreeing[:FAILURES_SHOWN]:
            tool = shlex.quote(self.tool)
            log_line(f"{cell.name}: tables and rule model disagree; what the model says:\n"
                     f"  replay: {tool} race --cell {shlex.quote(cell.name)} --print | {tool} check -")


def print_cells(list_or_print, cells):
    if list_or_print == "list":
        for cell in cells:
            print(f"{cell.expected_verdict:9} {cell.name}")
    else:
        print("\n".join(dict.fromkeys(cell.format_program_with_cell_name() for cell in cells)), end="")


def make_columns(options, selection):
    names = [detector.name for detector in DETECTORS]
    wanted = options.detector.split(",") if options.detector else names
    for name in wanted:
        if name not in names:
            options.report_bad_usage(f"expected a detector of {', '.join(names)}, got '{name}'")
    return [Column(detector, selection, options) for detector in DETECTORS if detector.name in wanted]


def run_race_matrix(options):
    start_time = time.time()
    selection = Selection(options)
    selection.print_cells_that_disagree_with_model()
    if options.form:
        print_cells(options.form, selection.cells)
        return EXIT_FAILED if selection.disagreeing else EXIT_GOOD
    columns = make_columns(options, selection)
    count = len(selection.cells)
    log_line(f"pagetorture-dev race: {count} cell{'s' if count != 1 else ''} under "
             f"{', '.join(column.name for column in columns)}, "
             f"{f'up to {options.repeat} times' if options.repeat > 1 else 'once'}")
    for column in columns:
        if column.skipped:
            log_line(f"skipped: {column.name}: {column.skipped}")
        else:
            column.run_all_cells()
    ran_columns = [column for column in columns if not column.skipped]
    if not ran_columns:
        options.report_bad_usage("expected a detector that this build has")
    print_summary(selection, columns)
    if options.grid:
        for column in ran_columns:
            print_grid(selection.matrix.kinds, column)
        print(f"\n{LEGEND}")
    sys.stdout.flush()
    for column in ran_columns:
        print_unpredicted_cells(column, options.tool)
    passed = not selection.disagreeing and all(column.has_passed() for column in ran_columns)
    if options.results:
        write_results(options, selection, columns, start_time, passed)
    return EXIT_GOOD if passed else EXIT_FAILED


def parse_arguments(arguments):
    parser = Parser("pagetorture-dev race", __doc__, EPILOG)
    add = parser.add_argument
    add("--backend", choices=("direct", "alias"), help="run only cells that map pages with this backend")
    add("--cell", metavar="PATTERN", default="",
        help="run only cells FIRST/SECOND/RELATION/ORDER/MAPPING that match PATTERN; each part is a shell "
             "pattern, and the last parts may be missing")
    add("--detector", metavar="D,...", help="use only these detectors: "
        + ", ".join(detector.name for detector in DETECTORS))
    add("--grid", action="store_true",
        help="also print, for each detector, a grid of first and second kind of access")
    add("--list", action="store_const", const="list", dest="form",
        help="print the names of the cells and the expected results; run nothing")
    add("--print", action="store_const", const="print", dest="form",
        help="print the programs of the cells; run nothing")
    add("--repeat", type=parse_positive_number, default=1, metavar="N",
        help="run each cell N times under tsan-fibers, N/50 or N/100 times under the others, at least once")
    add("--results", metavar="FILE", help="also write all cells and a summary to FILE as one JSON object")
    add("--timeout", type=parse_positive_number, default=120, metavar="S",
        help="stop a cell after S seconds (default 120)")
    options = parser.parse_args(arguments[1:])
    options.tool, options.report_bad_usage = arguments[0], parser.error
    return options


if __name__ == "__main__":
    try:
        sys.exit(run_race_matrix(parse_arguments(sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit(130)
