#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""bank: build the page library with each seeded bug, and list who finds it."""
import argparse
import difflib
import os
import pathlib
import shutil
import sys
import time

import build
import columns
import compare
import runner
import table
from bank import Bank, BadBank
from library_build import BACKENDS, EXIT_BAD, EXIT_FAILED, EXIT_GOOD, FLAVOURS, exit_with

EXIT_SKIPPED = 77

HELP = """\
Build the page library with each seeded bug (tests/bugs/bugs.def), run all columns on it, and list
who found it. This shows that the harness detects such bugs.

A cell of the table has the detector, the number of trials that found the bug, the median time and
the median number of inputs. `>5s` is a median above the limit. For a bug that fuzzing did not find,
it shows whether an input executed a changed line. Nothing may be found in the unchanged library,
which has rows of its own.
"""
EXAMPLES = """\
Columns:
  replay       pagetorture run on the program of the bug, then on the rest of the corpus
  elsewhere    for bugs that no page program can show: a unit test or stress pattern
  fuzz-corpus  libFuzzer, starting from the stored corpus (make seeds fuzzers)
  fuzz-empty   libFuzzer, starting from an empty corpus
  stress       the stress patterns, on real threads
  matrix       the race matrix on fibers

Exit status: 0 replay (or elsewhere) found every bug by the detector that bugs.def names, and no
column had a finding in the unchanged library; 1 otherwise; 2 a usage error, or a bugs.def that
cannot be read.

Examples:
  tests/bugs/bank --column replay                        all bugs, in a few minutes
  tests/bugs/bank bounds copy-direction                  one kind, one bug
  tests/bugs/bank --column fuzz-empty --time 60 --trials 10
  tests/bugs/bank --compare old.json tests/bugs/results.json
"""


def meant(word, names, text):
    """Return: @text with the name that is most similar to @word, or an empty string."""
    near = difflib.get_close_matches(word, names, 1)
    return text.format(near[0]) if near else ""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            word = unknown.split(" ")[0].split("=")[0]
            options = [o for action in self._actions for o in action.option_strings]
            message = f"unknown option {word}" + meant(word, options, "; did you mean {}?")
        self.exit(EXIT_BAD, f"tests/bugs/bank: {message} (see tests/bugs/bank --help)\n")

    def print_help(self, file=None):
        """Like argparse, but report a failed write."""
        (file or sys.stdout).write(self.format_help())


def parse(arguments):
    parser = Parser(prog="tests/bugs/bank", description=HELP, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("names", metavar="BUG", nargs="*",
                        help="only these: a name, the beginning of names, or a kind")
    parser.add_argument("--again", action="store_true",
                        help="repeat trials that have stored results")
    parser.add_argument("--clean-only", action="store_true",
                        help="test only the unchanged library")
    parser.add_argument("--column", metavar="C,...", default=",".join(columns.COLUMNS),
                        help="run only these columns (default: all)")
    parser.add_argument("--compare", nargs=2, metavar=("OLD", "NEW"),
                        help="compare two result files; runs nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N",
                        help="test N bugs at a time (default: one per CPU)")
    parser.add_argument("--keep", action="store_true",
                        help="keep the built programs, to examine them by hand")
    parser.add_argument("--list", action="store_true", help="list the bugs; runs nothing")
    parser.add_argument("--report", type=pathlib.Path, metavar="FILE",
                        help="also write the table to FILE as one JSON object, for make report")
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE",
                        help="store results in FILE, which the next run reads "
                             "(default: tests/bugs/results.json in the build directory)")
    parser.add_argument("--time", type=int, default=5, metavar="S",
                        help="run a trial of fuzzing or stress for S seconds (default 5)")
    parser.add_argument("--without", metavar="F", choices=FLAVOURS[1:],
                        help="compile the library without a sanitizer (asan, tsan or msan): "
                             "replay must miss exactly the bugs that need it")
    parser.add_argument("--trials", type=int, default=10, metavar="N",
                        help="repeat random columns N times (default 10)")
    options = parser.parse_args(arguments)
    if options.without:
        options.column = "replay"
    options.columns = options.column.split(",")
    unknown = set(options.columns) - set(columns.COLUMNS)
    if unknown:
        parser.error(f"expected columns of {', '.join(columns.COLUMNS)}, got "
                     f"{', '.join(sorted(unknown))}")
    for name in ("jobs", "time", "trials"):
        if getattr(options, name) < 1:
            parser.error(f"--{name}: expected 1 or more, got {getattr(options, name)}")
    return options


def subjects_of(bank, bugs, clean_only, without):
    """The bugs, then the unchanged library in each flavour and backend."""
    corpus = sorted(bank.programs.parent.glob("r*/*.page"))
    own = [bank.program(bug) for bug in bugs if not bug.elsewhere]
    if not clean_only:
        for bug in bugs:
            first = () if bug.elsewhere else (bank.program(bug),)
            yield columns.Subject(bug.name, bug.flavour, bug.backend, bug, (*first, *corpus))
    for flavour in FLAVOURS:
        for backend in BACKENDS:
            if own and not without:
                yield columns.Subject(f"clean, {flavour}, {backend}", flavour, backend, None,
                                   tuple(own))


def what_is_missing(tree):
    for tool in ("patch", tree.cc[0]):
        if not shutil.which(tool):
            return f"no {tool}"
    return "" if tree.has("plain") else "the page library is an external one"


def main(arguments):
    options = parse(arguments)
    if options.compare:
        return compare.main(*options.compare)
    begun = time.time()
    tree = build.Tree(os.environ)
    bank = Bank(tree.source)
    disorder = list(bank.disorder())
    if disorder:
        raise BadBank("\n".join(disorder))
    if options.list:
        table.print_bank(bank.chosen(options.names))
        return EXIT_GOOD
    missing = what_is_missing(tree)
    if missing:
        print(f"skipped: the bank of seeded bugs ({missing})")
        return EXIT_SKIPPED
    bugs = [bug for bug in bank.chosen(options.names) if not (options.without and bug.elsewhere)]
    if options.without:
        tree.build_without(options.without)
    file = f"without-{options.without}.json" if options.without else "results.json"
    options.results = options.results or tree.build / "tests" / "bugs" / file
    run = runner.Runner(tree, options)
    subjects = list(subjects_of(bank, bugs, options.clean_only, options.without))
    print(f"tests/bugs/bank: {len(subjects)} libraries, {options.column}, {options.jobs} at a time",
          file=sys.stderr, flush=True)
    results = run.run(subjects)
    table.print_results(results, options.columns)
    good = table.print_verdict(results, options.columns, options.without)
    if options.report:
        import report  # needs the directory report/, which other commands do not
        report.write(options, results, begun, arguments)
    return EXIT_GOOD if good else EXIT_FAILED


if __name__ == "__main__":
    exit_with("tests/bugs/bank", main, {BadBank: EXIT_BAD})
