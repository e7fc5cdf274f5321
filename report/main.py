#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""make report: write one HTML page with all results in results/."""
import argparse
import datetime
import os
import pathlib
import shutil
import sys
import time

import keep
import page
import parts
from results import FAILED, MISSING, OLD, PARTLY, RUNNING, STOPPED, UNREADABLE

EXIT_GOOD, EXIT_BAD = 0, 2

HELP = """\
Write one self-contained HTML page from a directory of results: the verdict, the race matrix, the
rule table, stress, fuzzing, coverage, seeded bugs, findings, speed, and the list of runs. A part
without results is shown as "not run".
"""
EPILOG = """\
Exit status: 0 the page was written, whatever its verdict; 2 it could not be written.

Examples:
  make report
  report/main.py --results build/results --triage failures -o /tmp/report
"""


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="report", description=HELP, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    add = parser.add_argument
    add("--campaign", type=pathlib.Path, action="append", default=[], metavar="DIR",
        help="also show the campaign in DIR; the results already name others")
    add("--coverage", type=pathlib.Path, metavar="DIR",
        help="copy the HTML files of llvm-cov from DIR")
    add("--library", type=pathlib.Path, metavar="FILE",
        help="mark results that are older than the page library FILE as outdated")
    add("--pagetorture", metavar="FILE", help="use this pagetorture to draw programs")
    add("--results", type=pathlib.Path, default=pathlib.Path("results"), metavar="DIR",
        help="read the results of runs from DIR (default: results)")
    add("--triage", type=pathlib.Path, action="append", default=[], metavar="DIR",
        help="also show the failures that `pagetorture triage` wrote to DIR")
    add("-o", "--output", type=pathlib.Path, default=pathlib.Path("report"), metavar="DIR",
        help="write index.html to DIR (default: report)")
    return parser.parse_args(arguments)


# ---- the verdict ----

def make_report_verdict(all_parts):
    """Return: the verdict of the page: failed if a part failed, sound only if all parts ran completely."""
    words = {"failed": [FAILED], "cannot be read": [UNREADABLE], "stopped": [STOPPED, RUNNING],
             "older than the library": [OLD], "run in part": [PARTLY], "not run": [MISSING]}
    titles = {word: ", ".join(part.title for part in all_parts if part.state in states)
              for word, states in words.items()}
    said = [f"{word}: {named}" for word, named in titles.items() if named]
    state = "failed" if titles["failed"] else "incomplete" if said else "sound"
    if state != "failed":
        said.insert(0, "No part that was read failed" if titles["cannot be read"] else
                    "Nothing failed" if said else f"All {len(all_parts)} parts were run, none failed")
    line = "; ".join(said + [part.values["remark"] for part in all_parts if part.values.get("remark")])
    return {"state": state, "line": f"{line[0].upper()}{line[1:]}."}


# ---- collecting ----

def describe_report_run(pagetorture_path):
    """Return: when, by which version and on which machine this page is made."""
    machine = keep.describe_machine("")
    return {"at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "by": keep.run_and_read_first_line([pagetorture_path, "--version"]) if pagetorture_path else "",
            "system": f"{machine['system']} {machine['release']} {machine['machine']}",
            "cpus": machine["cpus"]}


def return_path_if_it_exists(path):
    return path if path and path.exists() else None


def make_all_parts(options, pagetorture_path):
    sources = parts.Sources(options.results, pagetorture_path, return_path_if_it_exists(options.library),
                            return_path_if_it_exists(options.coverage))
    all_parts = [parts.make_part(*row, sources) for row in parts.PARTS]
    campaigns = filter(None, (part.values.get("campaign_directory") for part in all_parts))
    all_parts.insert([row[0] for row in parts.PARTS].index("replay"),
                parts.make_findings_part([*campaigns, *options.campaign], options.triage))
    return all_parts


# ---- files ----

def copy_coverage_pages(coverage_directory, report_directory):
    """Copy llvm-cov's pages; the report links to them."""
    copy_directory = report_directory / "coverage"
    if coverage_directory.resolve() == copy_directory.resolve():
        return
    shutil.rmtree(copy_directory, ignore_errors=True)
    shutil.copytree(coverage_directory, copy_directory)


def main(arguments):
    started = time.monotonic()
    options = parse_arguments(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    pagetorture_path = shutil.which(options.pagetorture) if options.pagetorture else None
    pagetorture_path = pagetorture_path and os.path.abspath(pagetorture_path)
    all_parts = make_all_parts(options, pagetorture_path)
    verdict = make_report_verdict(all_parts)
    if return_path_if_it_exists(options.coverage):
        copy_coverage_pages(options.coverage, options.output)
    target = options.output / "index.html"
    report_run = describe_report_run(pagetorture_path)
    keep.write_file_atomically(target, page.render_page(all_parts, verdict, report_run))
    for part in all_parts:
        print(f"{part.state:<11} {part.title}: {part.line}")
    print(f"{verdict['state']}: {verdict['line']}")
    print(f"{target.resolve()}: {target.stat().st_size / 1e6:.2f} MB, made in "
          f"{time.monotonic() - started:.1f} s")
    return EXIT_GOOD


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as problem:
        print(f"report: {problem}", file=sys.stderr)
        sys.exit(EXIT_BAD)
