#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Write the results of a run for `make report`: one JSON object, which begins with common keys: what, version,
begun, seconds, status, command, on. Shell scripts run this program; Python scripts import this module, and add
tables of their own. src/tool/run/json_lines.c writes the same keys.
"""
import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

EXIT_GOOD, EXIT_BAD = 0, 2
STATUS = ("good", "failed", "stopped", "running")

EXAMPLES = """\
Examples:
  keep.py results/replay.json --what replay --begun 1700000000 --status good \\
      --command 'make replay' --run replay-direct.jsonl --run replay-alias.jsonl
"""


class Unreadable(Exception):
    """A file is not in the expected format; the message names file and line."""


def run_and_read_first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=20).stdout.split("\n")[0]
    except (OSError, subprocess.TimeoutExpired):
        return ""


def read_pagetorture_version(build_directory):
    words = run_and_read_first_line([os.path.join(build_directory, "pagetorture"), "--version"]).split()
    return words[1] if len(words) > 1 else ""


def describe_machine(compiler_command):
    name = os.uname()
    compiler_command = compiler_command.split()
    return {"cpus": os.cpu_count(), "compiler": run_and_read_first_line([*compiler_command, "--version"])
            if compiler_command else "", "system": name.sysname, "release": name.release,
            "machine": name.machine}


def make_result_head(run_name, begin_time, command, status, compiler_command, build_directory="."):
    """Return: the common keys of a results file. @begin_time: seconds since 1970"""
    at = datetime.datetime.fromtimestamp(int(begin_time), datetime.timezone.utc)
    return {"what": run_name, "version": read_pagetorture_version(build_directory),
            "begun": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "seconds": round(time.time() - begin_time, 1),
            "status": status, "command": command, "on": describe_machine(compiler_command)}


def write_file_atomically(path, text):
    """Write a temporary file and rename it, so that the file is always complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    os.replace(temporary, path)


def write_json(path, value, indent=None):
    text = json.dumps(value, indent=indent, separators=(",", ": " if indent else ":"), allow_nan=False)
    write_file_atomically(pathlib.Path(path), text + "\n")


# ---- input formats ----

def _parse_json(path, first_line_number, text):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = first_line_number + error.lineno - 1
        raise Unreadable(f"{path}:{line}: expected JSON: {error.msg}") from error


def read_json(path):
    return _parse_json(path, 1, pathlib.Path(path).read_text())


def read_json_lines(path):
    """Return: the objects of a file of JSON lines; empty lines are skipped."""
    lines = pathlib.Path(path).read_text().splitlines()
    return [_parse_json(path, number, line) for number, line in enumerate(lines, 1) if line]


def read_llvm_cov_totals(path):
    """Return: the totals in the output of `llvm-cov export`, of all files together and of each file."""
    data = read_json(path)["data"][0]
    kinds = ("lines", "functions", "branches", "regions")
    files = [{"name": os.path.basename(file["filename"]),
              **{k: file["summary"][k] for k in kinds}} for file in data["files"]]
    return {"totals": {k: data["totals"][k] for k in kinds}, "files": files}


def add_failures_to_summary(records, records_path):
    """Return: the last record of `replay --results`, the summary, with a list of the records that failed."""
    if not records or "what" not in records[-1]:
        raise Unreadable(f"{records_path}: expected records and a summary")
    return {**records[-1], "failures": [record for record in records[:-1] if record["failed"]]}


def main(arguments):
    parser = argparse.ArgumentParser(prog="keep.py", description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    add = parser.add_argument
    add("file", metavar="FILE", help="the file to write")
    add("--what", required=True, help="the name of the run")
    add("--begun", required=True, type=float, metavar="S", help="start time in seconds since 1970")
    add("--command", required=True, help="the command that repeats the run")
    add("--status", required=True, choices=STATUS)
    add("--coverage", action="append", default=[], metavar="NAME=FILE",
        help="the totals of `llvm-cov export`")
    add("--run", action="append", default=[], metavar="FILE",
        help="the JSON lines of one of the runs of inputs")
    options = parser.parse_args(arguments)
    value = make_result_head(options.what, options.begun, options.command, options.status,
                             os.environ.get("CC", ""))
    for pair in options.coverage:
        name, _, path = pair.partition("=")
        value[name] = read_llvm_cov_totals(path)
    if options.run:
        value["runs"] = [add_failures_to_summary(read_json_lines(path), path) for path in options.run]
    write_json(options.file, value)
    return EXIT_GOOD


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, Unreadable, KeyError) as problem:
        print(f"keep.py: {problem}", file=sys.stderr)
        sys.exit(EXIT_BAD)
