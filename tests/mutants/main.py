# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""mutants: make small changes in the page library, and check that a test fails for each."""
import argparse
import hashlib
import os
import pathlib
import sys
import time

import build
import mutate
import operators
import run
import survivors
import table
import tree
import trials
from library_build import EXIT_BAD, EXIT_FAILED, EXIT_GOOD, exit_with

HELP = """\
Make one small change at a time in src/page, and run the parts of `make check` that test the
library: unit tests, the corpus and the fuzz targets without an engine, in every flavour and with
both backends, then stress patterns and real threads.

A mutant is killed, survived, equivalent (tests/mutants/survivors has the reason), `same code` (the
compiler generates the same code in every flavour), or stillborn (it does not compile). The ratio
is that of killed mutants to killed and surviving ones.
"""
EPILOG = """\
Exit status: 0 at least 90 % were killed and tests/mutants/survivors is correct; 1 otherwise; 2 a
usage error, or a file that cannot be read.

Examples:
  make mutants                                      all mutants: hours; may be stopped and resumed
  make mutants MUTANTS_FLAGS='--sample 200 --seed 7'
  tests/mutants/mutants --files raw.c,range.h             two files
  tests/mutants/mutants --only 3e05c9ec --again           one mutant, again
  tests/mutants/mutants --list --files fault.c            list mutants; runs nothing
  tests/mutants/mutants --only 3e05c9ec --trials 'test_page_raw-asan; run asan, alias'
  tests/mutants/mutants --show 3e05c9ec                   print the mutant as a diff
"""


def parse(arguments):
    parser = argparse.ArgumentParser(prog="mutants", description=HELP, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    add = parser.add_argument
    add("--again", action="store_true", help="test again mutants that have a verdict")
    add("--files", metavar="F,...", help="only mutants of these files of src/page")
    add("--flavours", metavar="F,...", help="test only these flavours: faster, kills fewer")
    add("--jobs", type=int, default=os.cpu_count(), metavar="N",
        help="test N mutants at a time (default: one per CPU)")
    add("--json", type=pathlib.Path, metavar="FILE", help="write the results to FILE as JSON")
    add("--list", action="store_true", help="print the mutants; runs nothing")
    add("--only", metavar="ID,...", help="test only these mutants")
    add("--operators", metavar="O,...", help="test only these operators: " + ", ".join(operators.OPERATORS))
    add("--quick", action="store_true", help="omit trials that take seconds: kills fewer")
    add("--report", action="store_true", help="print stored results; runs nothing")
    add("--results", type=pathlib.Path, metavar="FILE",
        help="store verdicts in FILE (default: tests/mutants/results.jsonl in the build directory)")
    add("--sample", type=int, metavar="N", help="test N mutants, chosen at random")
    add("--seed", type=int, default=1, metavar="S", help="choose the sample by S (default 1)")
    add("--show", metavar="ID", help="print the mutant as a diff; runs nothing")
    add("--survivors", type=pathlib.Path, metavar="FILE",
        help="read reasons of survivors from FILE (default: tests/mutants/survivors)")
    add("--trials", metavar="T;...", help="run only these trials, as `killed by` names them, "
        "separated by ;: faster, kills fewer")
    options = parser.parse_args(arguments)
    for name in ("jobs", "sample"):
        value = getattr(options, name)
        if value is not None and value < 1:
            parser.error(f"--{name}: expected 1 or more, got {value}")
    return options


def _subset(mutants, words, key, what):
    if not words:
        return mutants
    known = {getattr(m, key) for m in mutants}
    wanted = words.split(",")
    for word in wanted:
        if word not in known:
            raise tree.BadSource(f"expected {what} with mutants, got {word}")
    return [m for m in mutants if getattr(m, key) in wanted]


def choose(mutants, options):
    chosen = _subset(mutants, options.files, "file", "a file of src/page")
    chosen = _subset(chosen, options.operators, "operator", "an operator")
    chosen = _subset(chosen, options.only, "id", "the name of a mutant")
    if options.sample and options.sample < len(chosen):
        # Adding or removing a mutant must not change the choice of the others.
        chosen = sorted(chosen, key=lambda m: hashlib.sha1(
            f"{options.seed} {m.id}".encode()).digest())[:options.sample]
    return chosen


def choose_trials(source, options):
    found = [t for t in trials.trials(source) if not (options.quick and t.slow)]
    if not options.trials:
        return found
    wanted = [word.strip() for word in options.trials.split(";")]
    for word in wanted:
        if word not in {t.name for t in found}:
            raise tree.BadSource(f"expected a trial of "
                                 f"{'; '.join(t.name for t in found)}, got {word}")
    return [t for t in found if t.name in wanted]


def show(tree_of, mutants, name):
    for mutant in _subset(mutants, name, "id", "the name of a mutant"):
        path = tree_of.page / mutant.file
        before = path.read_bytes().decode().splitlines()
        after = mutant.apply(path.read_bytes()).decode().splitlines()
        print(mutant)
        for number, (old, new) in enumerate(zip(before, after), 1):
            if old != new:
                print(f"{mutant.file}:{number}:\n-{old}\n+{new}")


def conclude(known, bad, mutants, reasons):
    """Print the results. Return: the exit status."""
    if not known:
        print("no mutant has a verdict: expected at least one", file=sys.stderr)
        return EXIT_FAILED
    table.print_results(known, reasons)
    for line in bad:
        print(f"tests/mutants/survivors: {line}", file=sys.stderr)
    ratio = table.tallies(known, reasons, lambda r: "all")["all"].ratio
    if ratio is None:
        return EXIT_FAILED if bad else EXIT_GOOD
    print(f"{100 * ratio:.1f} % of {len(known)} of {len(mutants)} mutants killed, of those that "
          f"are not equivalent; wanted are {100 * table.WANTED:.0f} %")
    return EXIT_FAILED if bad or ratio < table.WANTED else EXIT_GOOD


def main(arguments):
    begun = time.time()
    options = parse(arguments)
    source = build.Tree(os.environ)
    if options.flavours:
        for name in options.flavours.split(","):
            if name not in source.flavours:
                raise tree.BadSource(f"expected a flavour of this build, got {name}")
        source.flavours = [f for f in source.flavours if f in options.flavours.split(",")]
    mutants, hidden = mutate.find(list(source.commands()), source.source, options.jobs)
    chosen = choose(mutants, options)
    if options.show:
        show(source, mutants, options.show)
        return EXIT_GOOD
    if options.list:
        for mutant in chosen:
            print(mutant)
        print(f"{len(chosen)} mutants; not made, because a macro hides the place: " +
              ", ".join(f"{name} ({n})" for name, n in hidden.most_common()), file=sys.stderr)
        return EXIT_GOOD
    reasons = survivors.read(options.survivors or source.source / "tests" / "mutants" / "survivors")
    chosen_trials = choose_trials(source, options)
    results = run.Results(options.results or source.build / "tests" / "mutants" / "results.jsonl", source,
                          chosen_trials)

    def keep(status):
        known = [results.known[m.id] for m in chosen if m.id in results.known]
        bad = list(survivors.stale(reasons, mutants, results.known))
        ended = EXIT_FAILED if status == "stopped" else conclude(known, bad, mutants, reasons)
        if options.json and known:
            import report  # needs the directory report/, which other commands do not
            report.write(options.json, source, begun, arguments,
                         status or ("failed" if ended else "good"),
                         table.as_json(known, reasons, len(mutants), hidden, bad))
        return ended

    try:
        if not options.report:
            run.Runner(source, results, chosen_trials).run(chosen, options.jobs, options.again)
    except KeyboardInterrupt:
        keep("stopped")
        raise
    return keep(None)


if __name__ == "__main__":
    exit_with("mutants", main, {tree.BadSource: EXIT_BAD, survivors.BadSurvivors: EXIT_BAD,
                                build.BuildFailed: EXIT_BAD, OSError: EXIT_BAD,
                                run.CleanFails: EXIT_FAILED})
