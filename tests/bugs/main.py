# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""bugs: build the page library with each seeded bug, and list which columns find the bug."""
import dataclasses
import functools
import hashlib
import os
import pathlib
import shutil
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
import columns  # noqa: E402 (needs the directory above)
import table  # noqa: E402
from entries import Suite  # noqa: E402
from library_build import BACKENDS, FLAVOURS, BuildFailed, Tree  # noqa: E402
from library_trials import (EXIT_FAILED, EXIT_GOOD, BadInput, Parser, Results,  # noqa: E402
                            run_main_and_exit, parse_positive_number, test_subjects_and_print_lines, write_results_for_report)

EXIT_SKIPPED = 77
COMMAND = "tests/bugs/bugs"
HELP = """\
Build the page library with each seeded bug (tests/bugs/bugs.def), run all columns on each build,
and list which columns found the bug. This shows that the harness detects such bugs.

An entry of the table has the detector, the number of trials that found the bug, the median time and
the median number of inputs. `>5s` is a median above the limit. For a bug that fuzzing did not find,
it shows whether an input executed a changed line. Nothing may be found in the unchanged library,
which has rows of its own.
"""
EXAMPLES = """\
Columns:
  replay       pagetorture run on the program of the bug, then on the rest of the corpus
  unit-test    for bugs that no page program can show: a unit test or stress scenario
  fuzz-corpus  libFuzzer, starting from the stored corpus (make seeds fuzzers)
  fuzz-empty   libFuzzer, starting from an empty corpus
  stress       the stress scenarios, on real threads
  matrix       the race matrix on fibers

Exit status: 0 replay (or unit-test) found every bug by the detector that bugs.def names, and no
column had a finding in the unchanged library; 1 otherwise; 2 a usage error, or a bugs.def that
cannot be read.

Examples:
  tests/bugs/bugs --column replay                        test all bugs, in a few minutes
  tests/bugs/bugs bounds copy-direction                  test one kind and one bug
  tests/bugs/bugs --column fuzz-empty --time 60 --trials 10
  tests/bugs/bugs --compare old.jsonl tests/bugs/results.jsonl
"""


def parse_arguments(arguments):
    parser = Parser(COMMAND, HELP, EXAMPLES)
    add = parser.add_argument
    add("names", metavar="BUG", nargs="*",
        help="test only these bugs: a name, the beginning of names, or a kind")
    add("--column", metavar="C,...", default=",".join(columns.COLUMNS),
        help="run only these columns (default: all)")
    add("--compare", nargs=2, metavar=("OLD", "NEW"), type=pathlib.Path,
        help="compare two result files; runs nothing")
    add("--keep", action="store_true", help="keep the built programs, to examine them by hand")
    add("--only-bugs", action="store_true", help="do not test the unchanged library")
    add("--time", type=parse_positive_number, default=5, metavar="S",
        help="run a trial of fuzzing or stress for S seconds (default 5)")
    add("--trials", type=parse_positive_number, default=10, metavar="N",
        help="repeat random columns N times (default 10)")
    add("--without", metavar="F", choices=FLAVOURS[1:],
        help="compile the library without a sanitizer (asan, tsan or msan): "
             "replay must miss exactly the bugs that need it")
    options = parser.parse_args(arguments)
    options.columns = ["replay"] if options.without else options.column.split(",")
    unknown = sorted(set(options.columns) - set(columns.COLUMNS))
    if unknown:
        parser.error(f"expected columns of {', '.join(columns.COLUMNS)}, got {', '.join(unknown)}")
    return options


def list_subjects(suite, bugs, options):
    """The bugs, then the unchanged library in each flavour and backend."""
    corpus = sorted(suite.programs.parent.glob("r*/*.page"))
    own = tuple(suite.program_path(bug) for bug in bugs if not bug.test)
    for bug in bugs:
        first = () if bug.test else (suite.program_path(bug),)
        yield columns.Subject(bug.name, bug.flavour, bug.backend, bug, suite.patch_path(bug),
                              (*first, *corpus))
    if own and not options.without and not options.only_bugs:
        for flavour in FLAVOURS:
            for backend in BACKENDS:
                yield columns.Subject(f"clean, {flavour}, {backend}", flavour, backend, None, None, own)


@functools.cache
def read_file_once(path):
    """The digest of each bug's inputs includes the whole corpus."""
    return path.read_bytes()


class Run:
    """One run of the suite."""

    def __init__(self, tree, options):
        self.tree, self.options = tree, options
        file = f"without-{options.without}.jsonl" if options.without else "results.jsonl"
        self.results = Results(options.results or tree.work.parent / file)

    def _compute_digest_of_inputs(self, subject, column):
        limits = (self.options.time, self.options.trials) if column in columns.RANDOM_COLUMNS else ()
        digest = hashlib.sha256(f"{self.tree.library_and_flags_digest} {self.tree.tests_digest} {limits}".encode())
        for path in (*([subject.patch] if subject.patch else ()), *subject.programs):
            digest.update(read_file_once(path))
        return digest.hexdigest()[:16]

    def _run_trials_until_decided(self, tester, subject, column):
        count = self.options.trials if column in columns.RANDOM_COLUMNS else 1
        done = []
        # If more than half of the trials find nothing, the median exceeds the limit, so the other trials are
        # left out. On the unchanged library, all trials run.
        while len(done) < count and (not subject.bug or
                                     2 * sum(not t["killed"] for t in done) <= count):
            done.append(dataclasses.asdict(columns.COLUMNS[column](tester, subject, len(done) + 1)))
        return done

    def _find_or_make_record(self, tester, column):
        subject = tester.subject
        record = {"name": f"{subject.name}: {column}", "digest": self._compute_digest_of_inputs(subject, column),
                  "limit": self.options.time}
        known = self.results.records.get(record["name"], {})
        if not self.options.again and known.get("digest") == record["digest"] and "failed" not in known:
            return known
        try:
            record["trials"] = self._run_trials_until_decided(tester, subject, column)
        except columns.Unusable as reason:
            record["skipped"] = str(reason)
        except (BuildFailed, OSError) as reason:
            record["failed"] = str(reason)
        self.results.append_record(record)
        return record

    def test_subject_and_format_line(self, subject):
        """Return: a line for the user."""
        words, tester = [], columns.Tester(self.tree, subject, self.options.time)
        for column in self.options.columns:
            record = self._find_or_make_record(tester, column)
            found = record.get("trials") and table.list_detectors(record)
            if "skipped" not in record:
                words.append(f"{column}: {'FAILED' if 'failed' in record else '+'.join(found) or 'survived'}")
        if not self.options.keep:
            shutil.rmtree(tester.directory, ignore_errors=True)
        return f"{subject.name}: {', '.join(words) or 'skipped'}"


def make_results_object(options, rows, errors):
    """The table as `make report` reads it."""
    subjects = [{"name": s.name, "clean": not s.bug,
                 **(dataclasses.asdict(s.bug) if s.bug else {"flavour": s.flavour, "backend": s.backend}),
                 "cells": {c: table.make_report_cell(result) for c, result in results.items()}}
                for s, results in rows.items()]
    return {"columns": options.columns, "time": options.time, "trials": options.trials,
            "wrong": errors, "subjects": subjects}


def compare_result_files(old_path, new_path):
    lost = table.print_comparison_and_count_lost(Results(old_path).records, Results(new_path).records)
    if lost is None:
        raise BadInput(f"{old_path}, {new_path}: expected a result that both have")
    return EXIT_FAILED if lost else EXIT_GOOD


def find_reason_to_skip(tree):
    for tool in ("patch", tree.cc[0]):
        if not shutil.which(tool):
            return f"no {tool}"
    return "" if tree.has_flavour("plain") else "the page library is an external one"


def main(arguments):
    options = parse_arguments(arguments)
    if options.compare:
        return compare_result_files(*options.compare)
    begun = time.time()
    tree = Tree(os.environ, "tests/bugs/work")
    suite = Suite(tree.source)
    bugs = [bug for bug in suite.select_bugs(options.names) if not options.without or bug.column == "replay"]
    if options.list:
        table.print_bugs(bugs)
        return EXIT_GOOD
    if find_reason_to_skip(tree):
        print(f"skipped: the suite of seeded bugs ({find_reason_to_skip(tree)})")
        return EXIT_SKIPPED
    tree.plain_library_for = options.without
    run = Run(tree, options)
    subjects = list(list_subjects(suite, bugs, options))
    print(f"{COMMAND}: {len(subjects)} libraries, {','.join(options.columns)}, {options.jobs} at a time",
          file=sys.stderr, flush=True)
    test_subjects_and_print_lines(subjects, run.test_subject_and_format_line, options.jobs)
    rows = {subject: {column: run.results.records[f"{subject.name}: {column}"] for column in options.columns}
            for subject in subjects}
    errors = list(table.list_unexpected_results(rows, options.without))
    table.print_table_and_errors(rows, options.columns, errors)
    if options.report:
        write_results_for_report(options, COMMAND, begun, "failed" if errors else "good", tree,
                                 make_results_object(options, rows, errors))
    return EXIT_FAILED if errors else EXIT_GOOD


if __name__ == "__main__":
    run_main_and_exit(COMMAND, main, {})
