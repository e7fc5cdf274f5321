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
import re
import subprocess
import sys
import time

EXIT_GOOD, EXIT_BAD = 0, 2
STATUS = ("good", "failed", "stopped", "running")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")

EXAMPLES = """\
Examples:
  keep.py results/smoke.json --what smoke --begun 1700000000 --status good \\
      --command 'make smoke' --table rows=smoke/rows.tsv
"""


class Unreadable(Exception):
    """A file that cannot be read."""


def _said(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=20).stdout.split("\n")[0]
    except (OSError, subprocess.TimeoutExpired):
        return ""


def version(build="."):
    words = _said([os.path.join(build, "pagetorture"), "--version"]).split()
    return words[1] if len(words) > 1 else ""


def machine(compiler):
    name = os.uname()
    compiler = compiler.split()
    return {"cpus": os.cpu_count(), "compiler": _said([*compiler, "--version"])
            if compiler else "", "system": name.sysname, "release": name.release,
            "machine": name.machine}


def head(what, begun, command, status, compiler, build="."):
    """@begun: seconds since 1970; @build: the directory with pagetorture"""
    at = datetime.datetime.fromtimestamp(int(begun), datetime.timezone.utc)
    return {"what": what, "version": version(build), "begun": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": round(time.time() - begun, 1), "status": status, "command": command,
            "on": machine(compiler)}


def write_text(path, text):
    """Write a temporary file and rename it, so that the file is always complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    os.replace(temporary, path)


def write(path, value, indent=None):
    write_text(pathlib.Path(path), json.dumps(value, indent=indent, separators=(",", ": " if indent else ":"),
                                              allow_nan=False) + "\n")


# ---- input formats ----

def _value(text):
    if not NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def table(path):
    """Lines of fields separated by tabs; the first line names the columns."""
    lines = pathlib.Path(path).read_text(errors="replace").splitlines()
    if not lines:
        raise Unreadable(f"{path}: expected a first line that names the columns")
    names = lines[0].split("\t")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) > len(names):
            raise Unreadable(f"{path}:{number}: expected {len(names)} fields, got {len(fields)}")
        fields += [""] * (len(names) - len(fields))
        rows.append(dict(zip(names, map(_value, fields))))
    return rows


def _parsed(path, text):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"{path}:{error.lineno}: expected JSON: {error.msg}") from error


def json_lines(path):
    """One object on each line."""
    return [_parsed(path, line) for line in pathlib.Path(path).read_text().splitlines() if line]


def json_file(path):
    return _parsed(path, pathlib.Path(path).read_text())


def coverage(path):
    """The totals of `llvm-cov export`, of all files and of each file."""
    data = json_file(path)["data"][0]
    kinds = ("lines", "functions", "branches", "regions")
    files = [{"name": os.path.basename(file["filename"]),
              **{k: file["summary"][k] for k in kinds}} for file in data["files"]]
    return {"totals": {k: data["totals"][k] for k in kinds}, "files": files}


def run_of(lines, where):
    """The summary of a run of inputs, its last line, with the records that failed."""
    if not lines or "what" not in lines[-1]:
        raise Unreadable(f"{where}: expected records and a summary")
    return {**lines[-1], "failures": [line for line in lines[:-1] if line["failed"]]}


def add_run(value, pair):
    """Adds the run in FILE, JSON lines, to the list NAME of @value."""
    name, _, path = pair.partition("=")
    value.setdefault(name, []).append(run_of(json_lines(path), path))


READERS = {"table": table, "lines": json_lines, "object": json_file, "coverage": coverage}


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
    add("--set", action="append", default=[], metavar="NAME=VALUE")
    for kind, reader in READERS.items():
        add(f"--{kind}", action="append", default=[], metavar="NAME=FILE",
            help=reader.__doc__ and reader.__doc__.lower())
    add("--run", action="append", default=[], metavar="NAME=FILE",
        help="the JSON lines of a run of inputs, one more in the list NAME")
    options = parser.parse_args(arguments)
    value = head(options.what, options.begun, options.command, options.status,
                 os.environ.get("CC", ""))
    for pair in options.set:
        name, _, text = pair.partition("=")
        value[name] = _value(text)
    for kind, reader in READERS.items():
        for pair in getattr(options, kind):
            name, _, path = pair.partition("=")
            value[name] = reader(path)
    for pair in options.run:
        add_run(value, pair)
    write(options.file, value)
    return EXIT_GOOD


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, Unreadable, KeyError) as problem:
        print(f"keep.py: {problem}", file=sys.stderr)
        sys.exit(EXIT_BAD)
