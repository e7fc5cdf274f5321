#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run benchmarks, and print one table: medians, quartiles, thresholds.

Every benchmark makes samples: a function of benches.py, or a program that prints them on standard output, one
JSON object on each line, and all other messages on standard error:

    {"name": "fibers : real threads", "unit": "times", "aim": ">= 20", "values": [21.5, 22]}
    {"name": "whose time it is", "skipped": "no perf"}

A row has the median and the quartiles of the values. The value null was never reached. Names must be the
same in every run, because runs are compared by name.
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

# Name, also of the make target; whether it is quick; functions or commands, each with a label for its rows. A
# command is skipped if its program does not exist.
BENCHES = [
    ("page", True, [("plain", "./bench_page"),
                    ("asan", "./bench_page-asan alias poison")]),
    ("programs", True, [
        ("tsan, race-free rules", f"./pagetorture-dev-tsan bench {ROUNDS} --aim '>= 20' {RACE_FREE}"),
        ("tsan, disjoint writes",
         f"./pagetorture-dev-tsan bench {ROUNDS} --aim '>= 50' {RULES}/disjoint-writes.page"),
        ("tsan, all rules", f"./pagetorture-dev-tsan bench {ROUNDS} {ALL_RULES}"),
        ("plain, race-free rules", f"./pagetorture-dev bench {ROUNDS} {RACE_FREE}")]),
    ("rates", True, [("", benches.bench_rates)]),
    ("stress", True, [("", benches.bench_stress)]),
    ("scale", True, [("direct", "PAGE_MAP=direct ./bench_scale"),
                     ("alias", "PAGE_MAP=alias ./bench_scale")]),
    ("exec", True, [("", benches.bench_exec)]),
    ("fuzz", False, [("", benches.bench_fuzz)]),
    ("afl", False, [("", benches.bench_afl)]),
    ("jobs", False, [("", benches.bench_jobs)]),
    ("minimize", False, [("", benches.bench_minimize)]),
    ("replay", False, [("", benches.bench_replay)]),
]
BENCH_NAMES = [name for name, _, _ in BENCHES]

EXIT_GOOD, EXIT_FAILED, EXIT_BAD, EXIT_SKIPPED = 0, 1, 2, 77


class Unusable(Exception):
    """A problem, described in one line."""


# ---- a row ----

def null_to_infinity(value):
    return math.inf if value is None else value


def is_number_or_null(value):
    return value is None or isinstance(value, (int, float)) and not isinstance(value, bool) \
        and not math.isnan(value)


def compute_quartiles(values):
    """Interpolate between two values; None: never reached."""
    # Interpolation needs finite numbers.
    ordered = [min(null_to_infinity(value), sys.float_info.max) for value in values]
    found = statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else 3 * ordered
    return [None if value > 1e300 else value for value in found]


def is_aim_met(aim, median):
    """Is the threshold met? None without a threshold."""
    if not aim:
        return None
    words = re.fullmatch(r"([<>])= (\d+(?:\.\d+)?)", aim)
    if not words:
        raise Unusable(f"expected an aim as '>= 10' or '<= 4', got '{aim}'")
    value, bound = null_to_infinity(median), float(words[2])
    return value >= bound if words[1] == ">" else value <= bound


def make_row(sample, label, command):
    """The row for one object of a benchmark's output."""
    values = sample.get("values")
    if not isinstance(sample.get("name"), str) or not isinstance(sample.get("unit"), str):
        raise Unusable(f"expected a row with name and unit, got {json.dumps(sample)}")
    if not isinstance(values, list) or not values or not all(map(is_number_or_null, values)):
        raise Unusable(f"expected values of '{sample['name']}', numbers or null, got {values}")
    low, median, high = compute_quartiles(values)
    aim = sample.get("aim", "")
    return {"name": add_label(label, sample["name"]), "unit": sample["unit"], "median": median, "low": low,
            "high": high, "n": len(values), "aim": aim, "met": is_aim_met(aim, median), "command": command}


def add_label(label, name):
    return f"{label}: {name}" if label else name


# ---- running ----

class Results:
    def __init__(self):
        self.rows, self.skipped, self.failed = [], [], []

    def record_skip(self, what, why):
        self.skipped.append({"name": what, "why": why})
        print(f"skipped: {what}: {why}", file=sys.stderr)

    def record_failure(self, what, why):
        self.failed.append({"name": what, "why": why})
        print(f"FAILED: {what}: {why}", file=sys.stderr)

    def append_sample(self, sample, bench, label, command):
        if "skipped" in sample:
            self.record_skip(add_label(label, sample.get("name", bench)), sample["skipped"])
            return
        row = make_row(sample, label, command)
        if any(row["name"] == other["name"] for other in self.rows):
            raise Unusable(f"expected each name once, got '{row['name']}' again")
        self.rows.append(row)


def parse_sample(line):
    try:
        sample = json.loads(line)
    except ValueError:
        sample = None
    if not isinstance(sample, dict):
        raise Unusable(f"expected a row, got '{line.strip()[:80]}'")
    return sample


def find_missing_program(command):
    """The program of a command is the first word that is no assignment."""
    program = next(word for word in command.split() if "=" not in word)
    return program.removeprefix("./") if "/" in program and not os.path.exists(program) else None


def run_command(command):
    """Yield the samples that a command prints."""
    missing = find_missing_program(command)
    if missing:
        raise benches.Skipped(f"no {missing}")
    with subprocess.Popen(command, shell=True, stdout=subprocess.PIPE, text=True) as child:
        yield from map(parse_sample, child.stdout)
    if child.returncode not in (EXIT_GOOD, EXIT_SKIPPED):
        raise Failed(f"exit status {child.returncode} of: {command[:100]}")


def run_benches(results, names, srcdir):
    chosen = [bench for bench in BENCHES if bench[0] in names]
    for number, (name, _, parts) in enumerate(chosen, 1):
        print(f"bench: {name}, {number} of {len(chosen)}", file=sys.stderr, flush=True)
        for label, source in parts:
            with tempfile.TemporaryDirectory() as directory:
                try:
                    samples = source(pathlib.Path(directory)) if callable(source) else \
                        run_command(source.replace("{srcdir}", srcdir))
                    for sample in samples:
                        results.append_sample(sample, name, label, f"make bench-{name}")
                except benches.Skipped as why:
                    results.record_skip(f"{name}: {label}" if label else name, str(why))
                except (Failed, Unusable) as why:
                    results.record_failure(f"{name}: {label}" if label else name, str(why))


# ---- an old run ----

def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise Unusable(f"{path}: expected a file that can be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise Unusable(f"{path}:{error.lineno}: expected JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise Unusable(f"{path}: expected JSON, got bytes that are no text") from None


def is_valid_row(row):
    return isinstance(row, dict) and isinstance(row.get("name"), str) \
        and isinstance(row.get("unit"), str) \
        and all(key in row and is_number_or_null(row[key]) for key in ("median", "low", "high"))


def read_old_results(path):
    old = read_json(path)
    if not isinstance(old, dict) or old.get("what") != "bench" \
            or not isinstance(old.get("rows"), list):
        raise Unusable(f"{path}: expected what `make bench` writes, an object with \"rows\"")
    for number, row in enumerate(old["rows"], 1):
        if not is_valid_row(row):
            raise Unusable(f"{path}: expected name, unit, median, low and high of row {number}")
    return old


def has_overlap(row, old):
    return null_to_infinity(row["low"]) <= null_to_infinity(old["high"]) \
        and null_to_infinity(old["low"]) <= null_to_infinity(row["high"])


def compare_with_old(row, old):
    """Compare with the old row: one word, and the ratio of the medians if there is one."""
    if row["unit"] != old["unit"]:
        return "another unit", None
    ratio = row["median"] / old["median"] if row["median"] is not None and old["median"] else None
    if has_overlap(row, old):
        return "same", ratio
    return "higher" if null_to_infinity(row["median"]) > null_to_infinity(old["median"]) else "lower", ratio


def find_vanished_rows(rows, old, names):
    """Rows of the old run that no longer exist, of the benchmarks that ran now."""
    now = {row["name"] for row in rows}
    commands = {f"make bench-{name}" for name in names}
    return [row for row in old["rows"]
            if row["name"] not in now and (not names or row.get("command") in commands)]


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


def format_spread(row):
    return f"{format_figure(row['median'])} [{format_figure(row['low'])} .. {format_figure(row['high'])}]"


def format_verdict(row):
    return "" if row["met"] is None else "met" if row["met"] else "MISSED"


def make_row_cells(row, old):
    cells = [row["name"], format_spread(row), row["unit"], str(row["n"]), row["aim"], format_verdict(row)]
    if old is None:
        return cells
    before = next((other for other in old["rows"] if other["name"] == row["name"]), None)
    if before is None:
        return cells + ["-", "-", "new"]
    word, ratio = compare_with_old(row, before)
    return cells + [format_spread(before), "-" if ratio is None else f"x {format_figure(ratio)}", word]


def print_results(results, old, vanished_rows):
    lines = [["name", "median [quarters]", "unit", "n", "aim", "",
              *(("before", "ratio", "spreads") if old else ())]]
    lines += [make_row_cells(row, old) for row in results.rows]
    lines += [[row["name"], "-", row["unit"], "-", row.get("aim", ""), "", format_spread(row), "-", "GONE"]
              for row in vanished_rows]
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
        print(f"missed: {row['name']}: {format_spread(row)} {row['unit']}, aim {row['aim']}{again}")
    for row in vanished_rows:
        print(f"gone: {row['name']}: it was measured before")
    for what in results.skipped:
        print(f"skipped: {what['name']}: {what['why']}")
    for what in results.failed:
        print(f"FAILED: {what['name']}: {what['why']}")


# ---- storing ----

def describe_cpu():
    """The properties of the machine that affect figures most."""
    model = ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            model = next((line.split(":", 1)[1].strip() for line in file
                          if line.startswith("model name")), "")
    except OSError:
        pass
    return {"cpus": os.cpu_count(), "model": model}


def write_json(path, results, begun, command):
    status = "failed" if results.failed else "good"
    value = {**keep.make_result_head("bench", begun, command, status, os.environ.get("CC", "")),
             "machine": describe_cpu(), "rows": results.rows, "skipped": results.skipped,
             "failed": results.failed}
    try:
        keep.write_json(path, value, 1)
    except OSError as error:
        raise Unusable(f"{path}: expected to write it: {error.strerror}") from None
    print(f"kept in {path}")


# ---- all of it ----

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


def collect_results(options):
    results = Results()
    if not options.rows:
        run_benches(results, options.names, options.srcdir)
        return results
    for number, line in enumerate(sys.stdin, 1):
        try:
            results.append_sample(parse_sample(line), "rows", "", None)
        except Unusable as why:
            raise Unusable(f"<stdin>:{number}: {why}") from None
    return results


def decide_exit_status(results, vanished_rows, strict):
    if results.failed:
        return EXIT_FAILED
    if strict and (vanished_rows or any(row["met"] is False for row in results.rows)):
        return EXIT_FAILED
    return EXIT_GOOD if results.rows else EXIT_SKIPPED


def main():
    options = parse_arguments()
    begun = time.time()
    try:
        # Check this before minutes are spent.
        old = read_old_results(options.old) if options.old else None
        results = collect_results(options)
        vanished_rows = find_vanished_rows(results.rows, old, options.names) if old else []
        if results.rows or vanished_rows:
            print_results(results, old, vanished_rows)
            print_summary(results, vanished_rows)
        if old and old.get("machine") not in (None, describe_cpu()):
            print(f"{options.old} is from another machine: only ratios are comparable")
        if options.json and (results.rows or results.failed):
            write_json(options.json, results, begun, options.command)
    except Unusable as why:
        print(f"bench: {why}", file=sys.stderr)
        return EXIT_BAD
    except KeyboardInterrupt:
        return 130
    return decide_exit_status(results, vanished_rows, options.strict)


if __name__ == "__main__":
    # An inherited "ignore" would make subprocess report status 0 for every child.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Keep the output of children and of this program in order.
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
