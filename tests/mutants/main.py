# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""mutants: make small changes in the page library, and check that a test fails for each."""
import hashlib
import os
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
import mutate  # noqa: E402 (needs the directory above)
import syntax_tree  # noqa: E402
import trials  # noqa: E402
import verdicts  # noqa: E402
from library_build import BuildFailed, Tree  # noqa: E402
from library_trials import (EXIT_BAD, EXIT_FAILED, EXIT_GOOD, BadInput, Parser,  # noqa: E402
                            Results, run_main_and_exit, parse_positive_number, write_results_for_report)
from reasons import BadList, read_entries_with_reasons  # noqa: E402

COMMAND = "tests/mutants/mutants"
HELP = """\
Make one small change at a time in src/page, and run the parts of `make check` that test the
library: unit tests, the corpus and the fuzz targets without an engine, in every flavour and with
both backends, then stress scenarios and real threads.

A mutant is killed, survived, equivalent (tests/mutants/surviving has the reason), `same code` (the
compiler generates the same code in every flavour), or invalid (it does not compile). The ratio is
that of killed mutants to killed and surviving ones.
"""
EPILOG = """\
Exit status: 0 at least 90 % were killed and tests/mutants/surviving is correct; 1 otherwise; 2 a
usage error, or a file that cannot be read.

Examples:
  make mutants                                      test all mutants: hours; the same command resumes
  make mutants MUTANTS_FLAGS='--sample 200 --seed 7'
  tests/mutants/mutants --files raw.c,range.h             test the mutants of two files
  tests/mutants/mutants --only 3e05c9ec --again           test one mutant again
  tests/mutants/mutants --list --files fault.c            list mutants; runs nothing
  tests/mutants/mutants --only 3e05c9ec --trials 'test_page_raw-asan; run asan, alias'
  tests/mutants/mutants --show 3e05c9ec                   print the mutant as a diff
"""


def parse_arguments(arguments):
    parser = Parser(COMMAND, HELP, EPILOG)
    add = parser.add_argument
    add("--files", metavar="F,...", help="test only mutants of these files of src/page")
    add("--only", metavar="ID,...", help="test only these mutants")
    add("--print", action="store_true", help="print stored results; runs nothing")
    add("--quick", action="store_true", help="omit trials that take seconds: kills fewer")
    add("--sample", type=parse_positive_number, metavar="N", help="test N mutants, chosen at random")
    add("--seed", type=int, default=1, metavar="S", help="choose the sample by S (default 1)")
    add("--show", metavar="ID", help="print the mutant as a diff; runs nothing")
    add("--trials", metavar="T;...", help="run only these trials, as `killed by` names them, "
        "separated by ;: faster, kills fewer")
    return parser.parse_args(arguments)


def select_by_field(items, listed_values, field, expected, separator=","):
    """The items whose @field is one of @listed_values, or all; @expected: for the error message."""
    if not listed_values:
        return items
    known, wanted = {getattr(item, field) for item in items}, [w.strip() for w in listed_values.split(separator)]
    for word in wanted:
        if word not in known:
            raise BadInput(f"expected {expected}, got {word}")
    return [item for item in items if getattr(item, field) in wanted]


def choose_mutants(mutants, options):
    chosen = select_by_field(mutants, options.files, "file", "a file of src/page with mutants")
    chosen = select_by_field(chosen, options.only, "id", "the name of a mutant")
    if options.sample and options.sample < len(chosen):
        # If a mutant is added or removed, the choice of the other mutants must not change.
        chosen = sorted(chosen, key=lambda m: hashlib.sha1(
            f"{options.seed} {m.id}".encode()).digest())[:options.sample]
    return chosen


def choose_trials(tree, options):
    found = [t for t in trials.list_trials(tree) if not (options.quick and t.slow)]
    return select_by_field(found, options.trials, "name", "a trial of " + "; ".join(t.name for t in found),
                           ";")


def print_mutant_diff(page_directory, mutant):
    old = (page_directory / mutant.file).read_bytes()
    print(mutant)
    for number, lines in enumerate(zip(old.decode().splitlines(),
                                       mutant.apply_to(old).decode().splitlines()), 1):
        if lines[0] != lines[1]:
            print(f"{mutant.file}:{number}:\n-{lines[0]}\n+{lines[1]}")


def read_surviving_mutants_list(path):
    """Return: {name of the mutant: (kind, reason, line)}."""
    # equivalent: no caller can observe the change; the mutant does not count.
    # chance: detecting it needs rare timing of threads, or a lack of memory.
    # weak: no test checks it, for the given reason; it counts as survived.
    found = {}
    for number, kind, reason, entry in read_entries_with_reasons(path, ("equivalent", "chance", "weak"),
                                                    r"([0-9a-f]{8})\b *(.*)"):
        if entry[1] in found:
            raise BadList(f"{path}:{number}: {entry[1]} is listed twice")
        found[entry[1]] = kind, reason, number
    return found


def main(arguments):
    begun = time.time()
    options = parse_arguments(arguments)
    source = Tree(os.environ, f"tests/mutants/work/run-{os.getpid()}")
    source.cflags.append("-w")
    chosen_trials = choose_trials(source, options)
    mutants = mutate.find_mutants(source, options.jobs)
    chosen = choose_mutants(mutants, options)
    if options.show:
        print_mutant_diff(source.page,
                          select_by_field(mutants, options.show, "id", "the name of a mutant")[0])
        return EXIT_GOOD
    if options.list:
        for mutant in chosen:
            print(mutant)
        print(f"{len(chosen)} mutants", file=sys.stderr)
        return EXIT_GOOD
    reasons = read_surviving_mutants_list(source.source / "tests" / "mutants" / "surviving")
    runner = verdicts.Runner(source, chosen_trials, Results(
        options.results or source.build / "tests" / "mutants" / "results.jsonl"))

    def print_and_write_results(is_stopped):
        """Print and write the results. Return: the exit status."""
        summary = verdicts.Summary(runner, chosen, mutants, reasons)
        status = "stopped" if is_stopped else "good" if summary.print_and_check_summary() else "failed"
        if options.report and summary.results:
            write_results_for_report(options, COMMAND, begun, status, source, summary.make_results_object())
        return EXIT_GOOD if status == "good" else EXIT_FAILED

    try:
        if not options.print:
            runner.test_mutants_without_verdict(chosen, options.jobs, options.again)
    except KeyboardInterrupt:
        print_and_write_results(True)
        raise
    return print_and_write_results(False)


if __name__ == "__main__":
    run_main_and_exit(COMMAND, main, {syntax_tree.BadSource: EXIT_BAD, BadList: EXIT_BAD, BuildFailed: EXIT_BAD,
                                      verdicts.UnchangedFails: EXIT_FAILED})
