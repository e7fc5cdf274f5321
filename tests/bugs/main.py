#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""bank: build the page library with each bug of the bank, and see who finds it."""
import argparse
import difflib
import os
import pathlib
import shutil
import signal
import sys
import time

import build
import columns
import compare
import runner
import table
from bank import BACKENDS, FLAVOURS, Bank, BadBank

EXIT_GOOD, EXIT_FAILED, EXIT_BAD, EXIT_SKIPPED = 0, 1, 2, 77

HELP = """\
Build the page library with each bug of the bank (tests/bugs/bugs.def), look at it in each way that
there is, and say who found it: the proof that the harness sees.

A cell of the table: the detector that spoke, in how many of the trials, the median of the time
and of the inputs until then. `>5s` is a median beyond the limit. A survivor of fuzzing is told
apart by whether an input ran what the bug changed. The library as it is has rows of its own:
there nothing may be found.
"""
EXAMPLES = """\
Columns:
  replay       pagetorture run on the program kept for the bug, then on the rest of the corpus
  elsewhere    for bugs that no page program can show: the unit test or stress program that does
  fuzz-corpus  libFuzzer from the stored corpus (make seeds fuzzers)
  fuzz-empty   libFuzzer from nothing
  stress       the stress programs, on real threads
  matrix       the race matrix on fibers

Exit status: 0 replay (or elsewhere) killed every bug by the detector that bugs.def names, and the
library as it is had no finding in any column; 1 not; 2 bad usage, or a bank that cannot be read.

Examples:
  tests/bugs/bank --column replay                        all bugs, under a few minutes
  tests/bugs/bank bounds copy-direction                  a kind, a bug
  tests/bugs/bank --column fuzz-empty --time 60 --trials 10
  tests/bugs/bank --compare old.json tests/bugs/results.json
"""


def meant(word, names, text):
    """@text with the one of @names that is nearest to @word, or nothing."""
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
        """As argparse does, which says nothing of a full disk."""
        (file or sys.stdout).write(self.format_help())


def parse(arguments):
    parser = Parser(prog="tests/bugs/bank", description=HELP, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("names", metavar="BUG", nargs="*",
                        help="only these: a name, the beginning of names, or a kind")
    parser.add_argument("--again", action="store_true",
                        help="look again at what the results hold already")
    parser.add_argument("--clean-only", action="store_true",
                        help="only the library as it is")
    parser.add_argument("--column", metavar="C,...", default=",".join(columns.COLUMNS),
                        help="only these columns (default: all)")
    parser.add_argument("--compare", nargs=2, metavar=("OLD", "NEW"),
                        help="hold two files of results against each other; runs nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N",
                        help="bugs at a time (default: one a CPU)")
    parser.add_argument("--keep", action="store_true",
                        help="keep the programs that were built, for a look by hand")
    parser.add_argument("--list", action="store_true", help="what is in the bank; runs nothing")
    parser.add_argument("--report", type=pathlib.Path, metavar="FILE",
                        help="also write the table there as one JSON object, for make report")
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE",
                        help="where results are kept, and found again by the next run "
                             "(default: tests/bugs/results.json in the build directory)")
    parser.add_argument("--time", type=int, default=5, metavar="S",
                        help="seconds for a trial of fuzzing or stress (default 5)")
    parser.add_argument("--without", metavar="F", choices=FLAVOURS[1:],
                        help="leave out a detector (asan, tsan or msan) when the library is "
                             "compiled: exactly the bugs that need it must survive replay")
    parser.add_argument("--trials", type=int, default=10, metavar="N",
                        help="trials where chance matters (default 10)")
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
    """The bugs, then the library as it is in each flavour and backend."""
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
    return "" if tree.has("plain") else "the page library is another one, compiled elsewhere"


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
        tree.leave_out(options.without)
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
        import report  # it needs the room of that name; the bank itself does without
        report.write(options, results, begun, arguments)
    return EXIT_GOOD if good else EXIT_FAILED


def status_of(arguments):
    try:
        return main(arguments)
    except SystemExit as done:
        return done.code
    except BadBank as error:
        print(error, file=sys.stderr)
        return EXIT_BAD
    except OSError as error:
        if not error.filename:
            raise
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return EXIT_BAD
    except KeyboardInterrupt:
        print("stopped; the next run goes on from here", file=sys.stderr)
        return EXIT_FAILED


def finish():
    """What could not be written was not said."""
    try:
        status = status_of(sys.argv[1:])
        sys.stdout.flush()
    except OSError as error:
        print(f"tests/bugs/bank: expected to write standard output: {error.strerror}",
              file=sys.stderr)
        # What is left to write is not tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = EXIT_BAD
    return status


if __name__ == "__main__":
    # Ignored, it would make every child end with 0, as subprocess tells it.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.exit(finish())
