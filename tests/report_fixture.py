#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Write small generated results of runs that take too long for a test, with hostile text.

    report_fixture.py DIRECTORY     writes DIRECTORY/NAME.json, DIRECTORY/triage and DIRECTORY/coverage
"""
import json
import pathlib
import sys

# Text that a page must not interpret as markup or code.
HOSTILE = "</script><img src=x onerror=\"document.title='broken'\">&amp;<b>"
HEAD = {"version": "0.1", "begun": "2024-05-06T07:08:09Z", "seconds": 12.5, "status": "good",
        "on": {"cpus": 2, "compiler": "cc 1.0", "system": "Linux", "release": "6.1",
               "machine": "x86_64"}}


def make_head(what):
    return {"what": what, "command": f"make {what}", **HEAD}


def make_stress():
    rows = []
    for program in ("stress_one", "stress_two"):
        for number, flavour in enumerate(("plain", "asan", "tsan"), 1):
            for backend in ("direct", "alias"):
                rows.append({"result": "ok", "program": program, "flavour": flavour,
                             "backend": backend, "why": "", "operations": 1234567 * number,
                             "rate": 123456 // number, "max_min": "10/9", "refused": 0,
                             "races": 3, "kib": 2040, "seed": "0x1"})
    return {**make_head("stress"), "seconds_each": 10, "runs": len(rows), "failed": 0, "rows": rows}


def make_stress_long():
    rows = [{"program": "stress_one", "flavour": flavour, "backend": "alias", "runs": number,
             "seconds": 20 * number, "operations": 1000000 * number, "kib": 2040,
             "descriptors": 8, "failed": 0} for number, flavour in enumerate(("plain", "tsan"), 1)]
    return {**make_head("stress-long"), "seed": 7, "dir": HOSTILE, "rows": rows, "failures": []}


def make_mutants():
    def make_tally(killed, survived):
        return {"mutants": killed + survived + 3, "killed": killed, "survived": survived,
                "equivalent": 2, "same_code": 1, "invalid": 0,
                "ratio": killed / (killed + survived)}
    mutant = {"file": "raw.c", "line": 7, "function": "page_read_raw", "operator": "relation",
              "was": "off < len", "becomes": HOSTILE}
    kinds = ["killed"] * 19 + ["survived"] + ["equivalent"] * 2 + ["same code"]
    return {**make_head("mutants"), "wanted": 0.9, "mutants_in_all": len(kinds), "wrong": [],
            "all": make_tally(19, 1), "files": {"raw.c": make_tally(19, 1)},
            "operators": {"relation": make_tally(19, 1)},
            "results": [{**mutant, "id": f"{number:08x}", "verdict": kind, "by": "test_page_raw"}
                        for number, kind in enumerate(kinds)]}


def make_smoke():
    rows = [{"result": "ok", "name": "rule table, direct", "figures": HOSTILE, "at": 3},
            {"result": "ok", "name": "replay, direct", "figures": "273 inputs", "at": 190}]
    return {**make_head("smoke"), "rows": rows, "failures": []}


def _make_trials(text, killed, trials):
    return {"text": text, "killed": killed, "trials": trials, "detectors": ["result"] * bool(killed),
            "seconds": 0.01, "inputs": 1, "limit": 5, "why": f"line 5: expected EINVAL, got {HOSTILE}"}


def make_bugs():
    subject = {"clean": False, "kind": "bounds", "rule": "R1", "flavour": "plain", "backend": "direct",
            "detector": "result", "where": "", "test": "", "why": ""}
    skipped = {"skipped": "a page program shows it"}
    subjects = [
        {"name": "bounds-one", "what": HOSTILE, **subject,
         "cells": {"replay": _make_trials("result 0.01s 1", 1, 1), "unit-test": skipped}},
        {"name": "bounds-two", "what": "another", **subject,
         "cells": {"replay": _make_trials("result 0.02s 1", 1, 1), "unit-test": skipped}},
        {"name": "buffer-one", "what": "a third", **subject, "test": "test_page_buffer",
         "cells": {"replay": {"skipped": "no"}, "unit-test": _make_trials("test 0.10s 1", 1, 1)}},
        {"name": "clean, plain, direct", "clean": True, "flavour": "plain", "backend": "direct",
         "cells": {"replay": _make_trials("survived", 0, 1), "unit-test": skipped}},
    ]
    return {**make_head("bugs"), "columns": ["replay", "unit-test"], "time": 5, "trials": 10,
            "wrong": [], "subjects": subjects}


def make_coverage():
    def make_coverage_totals(share):
        def scale_count(whole):
            return {"count": whole, "covered": whole * share // 100, "percent": share}
        return {"lines": scale_count(1200), "functions": scale_count(100), "branches": scale_count(400),
                "regions": scale_count(900)}

    def make_coverage_figure(share):
        return {"totals": make_coverage_totals(share),
                "files": [{"name": "page.c", **make_coverage_totals(share)},
                                                 {"name": "map.c", **make_coverage_totals(share)}]}
    return {**make_head("coverage"), "replay": make_coverage_figure(75), "all": make_coverage_figure(90)}


def make_fuzz_ci():
    rows = [{"result": "good", "group": "replay", "name": "fuzz_page-replay", "why": ""},
            {"result": "good", "group": "all", "name": "fuzz_page", "why": HOSTILE}]
    return {**make_head("fuzz-ci"), "seed": 1, "rows": rows}


def make_bench():
    rows = [{"name": HOSTILE, "unit": "ns", "median": 12.5, "low": 11, "high": 15.25,
             "n": 5, "aim": "<= 20", "met": True, "command": "make bench"},
            {"name": "read_raw of 64 bytes", "unit": "ns", "median": 7, "low": 6, "high": 9,
             "n": 5, "aim": "<= 6", "met": False, "command": "make bench"}]
    return {**make_head("bench"), "rows": rows, "skipped": [], "failed": []}


FILES = {"summary.txt": "signature  data-race write_raw read_raw\nfailed     10 of 10 tries\n"
                        "calls      3, of 9\nfindings\n  campaign/crash-1\n",
         "minimised.page": f"pagetorture 1\n# {HOSTILE}\nexpect data-race\n",
         "explanation.txt": "a drawing\n", "reproduce.c": "#include <stdio.h>\nint main(void) {}\n",
         "report.txt": "WARNING: ThreadSanitizer: data race\n", "replay.sh": "#!/bin/sh\n"}


def write_triage(directory):
    bundle = directory / "data-race-0123abcd"
    bundle.mkdir(parents=True)
    for name, text in FILES.items():
        (bundle / name).write_text(text)


def write_coverage_html(directory):
    for figure in ("replay", "all"):
        (directory / figure).mkdir(parents=True)
        (directory / figure / "index.html").write_text(f"<!doctype html><title>{figure}</title>\n")


def main(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for make in (make_stress, make_stress_long, make_mutants, make_smoke, make_bugs, make_coverage,
                 make_fuzz_ci, make_bench):
        value = make()
        (directory / f"{value['what']}.json").write_text(json.dumps(value))
    write_triage(directory / "triage")
    write_coverage_html(directory / "coverage")


if __name__ == "__main__":
    main(sys.argv[1])
