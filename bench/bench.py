#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run benchmarks, and print one table: medians, quartiles, thresholds.

A benchmark is a function of benches.py that yields samples, or a program that prints samples on standard
output, one JSON object on each line. Messages of the program go to standard error. Two samples:

    {"name": "fibers : real threads", "unit": "times", "aim": ">= 20", "values": [21.5, 22]}
    {"name": "whose time it is", "skipped": "no perf"}

The table has a row for each sample: the median and the quartiles of the sample's values. A value is null if
the measured event never happened. Names must be the same in every run, because runs are compared by name.
"""
import argparse
import json
import math
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import benches
from benches import Failed

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "report"))
import keep  # noqa: E402 (in another directory)

RULES = "{srcdir}/corpus/rules"
ROUNDS = "${BENCH_ROUNDS:+--rounds $BENCH_ROUNDS}"
ALL_RULES = f"$(ls {RULES}/*.page)"
RACE_FREE = f"$(grep -L '^expect .*data-race' {RULES}/*.page)"

# Each entry: NAME of the make target bench-NAME; whether `make bench` includes the benchmark; its functions or
# commands, each after a label for its rows. A command is skipped if the command's program does not exist.
BENCHES = [
    ("page", True, [("plain", "./bench_page"),
                    ("asan", "./bench_page-asan alias poison")]),
    ("programs", True, [
        ("tsan, race-free rules", f"./pagetorture-dev-tsan bench {ROUNDS} --aim '>= 20' {RACE_FREE}"),
        ("tsan, disjoint writes",
         f"./pagetorture-dev-tsan bench {ROUNDS} --aim '>= 50' {RULES}/disjoint-writes.page"),
        ("tsan, all rules", f"./pagetorture-dev-tsan bench {ROUNDS} {ALL_RULES}"),
        ("plain, race-free rules", f"./pagetorture-dev bench {ROUNDS} {RACE_FREE}")]),
    ("interleavings", True, [("", benches.bench_interleavings)]),
    ("rates", True, [("", benches.bench_rates)]),
    ("stress", True, [("", benches.bench_stress)]),
    ("scale", True, [("direct", "PAGE_MAP=direct ./bench_scale"),
                     ("alias", "PAGE_MAP=alias ./bench_scale")]),
    ("exec", True, [("", benches.bench_exec)]),
    ("run", True, [("", benches.bench_run)]),
    ("fuzz", False, [("", benches.bench_fuzz)]),
    ("bugs", False, [("", benches.bench_bugs)]),
    ("afl", False, [("", benches.bench_afl)]),
    ("jobs", False, [("", benches.bench_jobs)]),
    ("minimize", False, [("", benches.bench_minimize)]),
    ("replay", False, [("", benches.bench_replay)]),
]
BENCH_NAMES = [name for name, _, _ in BENCHES]

EXIT_GOOD, EXIT_FAILED, EXIT_BAD, EXIT_SKIPPED = 0, 1, 2, 77


class Unusable(Exception):
    """An option, a sample or a file is invalid; the message has one line."""


# ---- a row of the table ----

def null_to_infinity(value):
    return math.inf if value is None else value


def is_number_or_null(value):
    return value is None or isinstance(value, (int, float)) and not isinstance(value, bool) \
        and not math.isnan(value)


def compute_quartiles(values):
    """Return: the three quartiles, each interpolated between two values; None replaces infinity."""
    # Interpolation needs finite numbers, so the largest float replaces infinity.
    ordered = [min(null_to_infinity(value), sys.float_info.max) for value in values]
    found = statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else 3 * ordered
    return [None if value > 1e300 else value for value in found]


def is_aim_met_or_none(aim, median):
    """Return: whether @median meets the threshold @aim, for example '>= 10'; None if @aim is empty."""
    if not aim:
        return None
    words = re.fullmatch(r"([<>])= (\d+(?:\.\d+)?)", aim)
    if not words:
        raise Unusable(f"expected an aim as '>= 10' or '<= 4', got '{aim}'")
    value, bound = null_to_infinity(median), float(words[2])
    return value >= bound if words[1] == ">" else value <= bound


def make_row(sample, label, repeat_command):
    """Return: the table row for a sample. @repeat_command: the command that measures the sample again."""
    values = sample.get("values")
    if not isinstance(sample.get("name"), str) or not isinstance(sample.get("unit"), str):
        raise Unusable(f"expected a row with name and unit, got {json.dumps(sample)}")
    if not isinstance(values, list) or not values or not all(map(is_number_or_null, values)):
        raise Unusable(f"expected values of '{sample['name']}', numbers or null, got {values}")
    low, median, high = compute_quartiles(values)
    aim = sample.get("aim", "")
    return {"name": prefix_name_with_label(label, sample["name"]), "unit": sample["unit"], "median": median,
            "low": low, "high": high, "n": len(values), "aim": aim, "met": is_aim_met_or_none(aim, median),
            "command": repeat_command}


def prefix_name_with_label(label, name):
    return f"{label}: {name}" if label else name


# ---- running ----

class Results:
    def __init__(self):
        self.rows, self.skipped, self.failed = [], [], []

    def record_and_print_problem(self, is_skip, name, why):
        (self.skipped if is_skip else self.failed).append({"name": name, "why": why})
        print(f"{'skipped' if is_skip else 'FAILED'}: {name}: {why}", file=sys.stderr)

    def append_row_or_skip(self, sample, bench_name, label, repeat_command):
        if "skipped" in sample:
            name = prefix_name_with_label(label, sample.get("name", bench_name))
            self.record_and_print_problem(True, name, sample["skipped"])
            return
        row = make_row(sample, label, repeat_command)
        if any(row["name"] == other["name"] for other in self.rows):
            raise Unusable(f"expected each name once, got '{row['name']}' again")
        self.rows.append(row)


def parse_sample_or_raise(line):
    try:
        sample = json.loads(line)
    except ValueError:
        sample = None
    if not isinstance(sample, dict):
        raise Unusable(f"expected a row, got '{line.strip()[:80]}'")
    return sample


def find_missing_program(command):
    """Return: the program that a shell command runs, if this program does not exist; otherwise None."""
    program = next(word for word in command.split() if "=" not in word)
    return program.removeprefix("./") if "/" in program and not os.path.exists(program) else None


def run_and_yield_samples(command):
    """Run a shell command, and yield the samples that it prints."""
    missing = find_missing_program(command)
    if missing:
        raise benches.Skipped(f"no {missing}")
    with subprocess.Popen(command, shell=True, stdout=subprocess.PIPE, text=True) as child:
        yield from map(parse_sample_or_raise, child.stdout)
    if child.returncode not in (EXIT_GOOD, EXIT_SKIPPED):
        raise Failed(f"exit status {child.returncode} of: {command[:100]}")


def run_benches(results, bench_names, source_directory):
    chosen = [bench for bench in BENCHES if bench[0] in bench_names]
    for number, (name, _, parts) in enumerate(chosen, 1):
        print(f"bench: {name}, {number} of {len(chosen)}", file=sys.stderr, flush=True)
        for label, source in parts:
            with tempfile.TemporaryDirectory() as directory:
                try:
                    samples = source(pathlib.Path(directory)) if callable(source) else \
                        run_and_yield_samples(source.replace("{srcdir}", source_directory))
                    for sample in samples:
                        results.append_row_or_skip(sample, name, label, f"make bench-{name}")
                except (Failed, Unusable, benches.Skipped) as why:
                    results.record_and_print_problem(isinstance(why, benches.Skipped),
                                                     f"{name}: {label}" if label else name, str(why))


# ---- comparison with an old run ----

def is_valid_old_row(row):
    return isinstance(row, dict) and isinstance(row.get("name"), str) \
        and isinstance(row.get("unit"), str) \
        and all(key in row and is_number_or_null(row[key]) for key in ("median", "low", "high"))


def read_and_check_old_results(path):
    try:
        old = keep.read_json(path)
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{path}: expected a file that can be read: {error}") from None
    if not isinstance(old, dict) or old.get("what") != "bench" \
            or not isinstance(old.get("rows"), list):
        raise Unusable(f"{path}: expected what `make bench` writes, an object with \"rows\"")
    for number, row in enumerate(old["rows"], 1):
        if not is_valid_old_row(row):
            raise Unusable(f"{path}: expected name, unit, median, low and high of row {number}")
    return old


def get_change_word_and_ratio(row, old_row):
    """Return: a word for the change from @old_row to @row, and the ratio of the medians or None."""
    if row["unit"] != old_row["unit"]:
        return "another unit", None
    ratio = row["median"] / old_row["median"] if row["median"] is not None and old_row["median"] else None
    if null_to_infinity(row["low"]) > null_to_infinity(old_row["high"]):
        return "higher", ratio
    return "lower" if null_to_infinity(row["high"]) < null_to_infinity(old_row["low"]) else "same", ratio


def find_vanished_rows(rows, old_results, bench_names):
    """Return: the old rows of benchmarks that ran now, as far as no new row has the same name."""
    names_now = {row["name"] for row in rows}
    commands = {f"make bench-{name}" for name in bench_names}
    return [row for row in old_results["rows"]
            if row["name"] not in names_now and (not bench_names or row.get("command") in commands)]


# ---- printing ----

def format_figure(value):
    value = null_to_infinity(value)
    if math.isinf(value):
        return "never"
    if value == int(value) and abs(value) < 1000:
        return str(int(value))
    for least, form in ((1000, ",.0f"), (100, ".0f"), (10, ".1f"), (0.1, ".2f")):
        if abs(value) >= least:
            return format(value, form)
    return format(value, ".4f")


def format_median_and_quartiles(row):
    return f"{format_figure(row['median'])} [{format_figure(row['low'])} .. {format_figure(row['high'])}]"


def format_aim_result(row):
    return "" if row["met"] is None else "met" if row["met"] else "MISSED"


def make_table_cells(row, old_results):
    cells = [row["name"], format_median_and_quartiles(row), row["unit"], str(row["n"]), row["aim"],
             format_aim_result(row)]
    if old_results is None:
        return cells
    old_row = next((other for other in old_results["rows"] if other["name"] == row["name"]), None)
    if old_row is None:
        return cells + ["-", "-", "new"]
    word, ratio = get_change_word_and_ratio(row, old_row)
    return [*cells, format_median_and_quartiles(old_row),
            "-" if ratio is None else f"x {format_figure(ratio)}", word]


def print_table(results, old_results, vanished_rows):
    lines = [["name", "median [quarters]", "unit", "n", "aim", "",
              *(("before", "ratio", "spreads") if old_results else ())]]
    lines += [make_table_cells(row, old_results) for row in results.rows]
    lines += [[row["name"], "-", row["unit"], "-", row.get("aim", ""), "",
               format_median_and_quartiles(row), "-", "GONE"] for row in vanished_rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    print()


def print_summary(results, vanished_rows):
    aimed = [row for row in results.rows if row["met"] is not None]
    missed = [row for row in aimed if not row["met"]]
    print(f"{len(results.rows)} figures; {len(aimed) - len(missed)} of {len(aimed)} aims met")
    for row in missed:
        again = f" ({row['command']})" if row["command"] else ""
        print(f"missed: {row['name']}: {format_median_and_quartiles(row)} {row['unit']}, aim {row['aim']}{again}")
    for row in vanished_rows:
        print(f"gone: {row['name']}: it was measured before")
    for word, problems in (("skipped", results.skipped), ("FAILED", results.failed)):
        for problem in problems:
            print(f"{word}: {problem['name']}: {problem['why']}")


# ---- storing ----

def read_cpu_count_and_model():
    """Return: the properties of the machine that affect figures most."""
    model = ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            model = next((line.split(":", 1)[1].strip() for line in file
                          if line.startswith("model name")), "")
    except OSError:
        pass
    return {"cpus": os.cpu_count(), "model": model}


def write_results_file(path, results, begin_time, command):
    status = "failed" if results.failed else "good"
    value = {**keep.make_result_head("bench", begin_time, command, status, os.environ.get("CC", "")),
             "machine": read_cpu_count_and_model(), "rows": results.rows, "skipped": results.skipped,
             "failed": results.failed}
    keep.write_json(path, value, 1)
    print(f"kept in {path}")


# ---- the program ----

def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Run benchmarks, and print one table.", formatter_class=argparse.RawTextHelpFormatter,
        epilog="Exit status: 0 measured, 1 a benchmark failed (with --strict also: a threshold is missed, or\n"
               "a row of --old is gone), 2 usage error or an invalid --old, 77 all were skipped.\n"
               "\nExamples, in the build directory:\n"
               "  python3 ../bench/bench.py --quick\n"
               "  python3 ../bench/bench.py --old quiet.json page stress\n"
               "  ./bench_page | python3 ../bench/bench.py --rows")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of: " + ", ".join(BENCH_NAMES))
    parser.add_argument("--all", action="store_true", help="run all benchmarks")
    parser.add_argument("--quick", action="store_true", help="run the quick ones: a few minutes")
    parser.add_argument("--rows", action="store_true", help="read samples from standard input instead")
    parser.add_argument("--old", metavar="FILE", default=os.environ.get("OLD") or None,
                        help="compare with a stored run (environment: OLD)")
    parser.add_argument("--strict", action="store_true",
                        default=os.environ.get("STRICT") not in (None, "", "0"),
                        help="fail if a threshold is missed (environment: STRICT=1)")
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE")
    parser.add_argument("--command", default=" ".join(sys.argv), help="the command to store with the rows")
    parser.add_argument("--srcdir", default=os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))), help="the source directory")
    options = parser.parse_args()
    options.names += [bench[0] for bench in BENCHES if options.all or options.quick and bench[1]]
    for name in options.names:
        if name not in BENCH_NAMES:
            parser.error(f"expected a NAME of {', '.join(BENCH_NAMES)}, got '{name}'")
    if bool(options.names) == options.rows:
        parser.error("expected --all, --quick, NAMEs or --rows")
    return options


def run_benches_or_read_samples(options):
    results = Results()
    if not options.rows:
        run_benches(results, options.names, options.srcdir)
        return results
    for number, line in enumerate(sys.stdin, 1):
        try:
            results.append_row_or_skip(parse_sample_or_raise(line), "rows", "", None)
        except Unusable as why:
            raise Unusable(f"<stdin>:{number}: {why}") from None
    return results


def decide_exit_status(results, vanished_rows, is_strict):
    if results.failed:
        return EXIT_FAILED
    if is_strict and (vanished_rows or any(row["met"] is False for row in results.rows)):
        return EXIT_FAILED
    return EXIT_GOOD if results.rows else EXIT_SKIPPED


def main():
    options = parse_arguments()
    begin_time = time.time()
    try:
        # Check the old results before the benchmarks run for minutes.
        old = read_and_check_old_results(options.old) if options.old else None
        results = run_benches_or_read_samples(options)
        vanished_rows = find_vanished_rows(results.rows, old, options.names) if old else []
        if results.rows or vanished_rows:
            print_table(results, old, vanished_rows)
            print_summary(results, vanished_rows)
        if old and old.get("machine") not in (None, read_cpu_count_and_model()):
            print(f"{options.old} is from another machine: only ratios are comparable")
        if options.json and (results.rows or results.failed):
            write_results_file(options.json, results, begin_time, options.command)
    except (Unusable, keep.Unreadable, OSError) as why:
        print(f"bench: {why}", file=sys.stderr)
        return EXIT_BAD
    except KeyboardInterrupt:
        return 130
    return decide_exit_status(results, vanished_rows, options.strict)


if __name__ == "__main__":
    # A process can inherit that SIGCHLD is ignored; then subprocess reports status 0 for every child process.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # With a buffer of one line, the output of child processes and of this program is in order.
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
