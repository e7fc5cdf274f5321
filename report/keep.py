#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Write the results of a run for `make report`: one JSON object, which begins with common keys.

src/tool/util/results.c writes the same keys: what, version, begun, seconds, command, on, status. This
program is for scripts, which add tables of their own.
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
    """A file that cannot be read."""


def read_first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=20).stdout.split("\n")[0]
    except (OSError, subprocess.TimeoutExpired):
        return ""


def program_version(build="."):
    words = read_first_line([os.path.join(build, "pagetorture"), "--version"]).split()
    return words[1] if len(words) > 1 else ""


def describe_machine(compiler):
    name = os.uname()
    compiler = compiler.split()
    return {"cpus": os.cpu_count(), "compiler": read_first_line([*compiler, "--version"])
            if compiler else "", "system": name.sysname, "release": name.release,
            "machine": name.machine}


def make_result_head(what, begun, command, status, compiler, build="."):
    """@begun: seconds since 1970; @build: the directory with pagetorture"""
    at = datetime.datetime.fromtimestamp(int(begun), datetime.timezone.utc)
    return {"what": what, "version": program_version(build), "begun": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": round(time.time() - begun, 1), "status": status, "command": command,
            "on": describe_machine(compiler)}


def write_text(path, text):
    """Write a temporary file and rename it, so that the file is always complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    os.replace(temporary, path)


def write_json(path, value, indent=None):
    write_text(pathlib.Path(path), json.dumps(value, indent=indent, separators=(",", ": " if indent else ":"),
                                              allow_nan=False) + "\n")


# ---- input formats ----

def _parse_json(path, line, text):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"{path}:{line + error.lineno - 1}: expected JSON: {error.msg}") from error


def read_json_lines(path):
    """One object on each line."""
    lines = pathlib.Path(path).read_text().splitlines()
    return [_parse_json(path, number, line) for number, line in enumerate(lines, 1) if line]


def read_coverage(path):
    """The totals of `llvm-cov export`, of all files and of each file."""
    data = _parse_json(path, 1, pathlib.Path(path).read_text())["data"][0]
    kinds = ("lines", "functions", "branches", "regions")
    files = [{"name": os.path.basename(file["filename"]),
              **{k: file["summary"][k] for k in kinds}} for file in data["files"]]
    return {"totals": {k: data["totals"][k] for k in kinds}, "files": files}


def make_run_summary(lines, where):
    """The summary of a run of inputs, its last line, with the records that failed."""
    if not lines or "what" not in lines[-1]:
        raise Unreadable(f"{where}: expected records and a summary")
    return {**lines[-1], "failures": [line for line in lines[:-1] if line["failed"]]}


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
        value[name] = read_coverage(path)
    if options.run:
        value["runs"] = [make_run_summary(read_json_lines(path), path) for path in options.run]
    write_json(options.file, value)
    return EXIT_GOOD


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, Unreadable, KeyError) as problem:
        print(f"keep.py: {problem}", file=sys.stderr)
        sys.exit(EXIT_BAD)
