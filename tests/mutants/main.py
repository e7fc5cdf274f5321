# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""mutants: small mistakes in the page library, made by a table. Does anything notice?"""
import argparse
import hashlib
import os
import pathlib
import signal
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

EXIT_GOOD, EXIT_FAILED, EXIT_BAD = 0, 1, 2

HELP = """\
Make one small mistake after the other in src/page, and see whether the parts of `make check`
that are about the library notice: its unit tests, the replay of the corpus, the fuzz targets
without an engine, in every flavour and with both backends, then stress programs and threads.

A mutant is killed, survived, equivalent (tests/mutants/survivors says why), `same code` (the compiler
makes the same of it in every flavour: equivalent too), or stillborn (it does not compile). The
ratio is of killed ones to those that are killed or survived.
"""
EPILOG = """\
Exit status: 0 at least 90 % were killed and tests/mutants/survivors is true; 1 not; 2 bad usage, or
something that cannot be read.

Examples:
  make mutants                                      all; hours. Stop it, and it goes on later
  make mutants MUTANTS_FLAGS='--sample 200 --seed 7'
  tests/mutants/mutants --files raw.c,range.h             two files
  tests/mutants/mutants --only 3e05c9ec --again           one mutant, once more
  tests/mutants/mutants --list --files fault.c            what there is; runs nothing
  tests/mutants/mutants --only 3e05c9ec --trials 'test_page_raw-asan; run asan, alias'
  tests/mutants/mutants --show 3e05c9ec                   the mutant as a difference
"""


def parse(arguments):
    parser = argparse.ArgumentParser(prog="mutants", description=HELP, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    add = parser.add_argument
    add("--again", action="store_true", help="judge again what has a verdict")
    add("--files", metavar="F,...", help="only mutants of these files of src/page")
    add("--flavours", metavar="F,...", help="look in these flavours alone: quicker, kills less")
    add("--jobs", type=int, default=os.cpu_count(), metavar="N",
        help="mutants at a time (default: one a CPU)")
    add("--json", type=pathlib.Path, metavar="FILE", help="write the results there, as JSON")
    add("--list", action="store_true", help="print the mutants; runs nothing")
    add("--only", metavar="ID,...", help="only these mutants")
    add("--operators", metavar="O,...", help="only these: " + ", ".join(operators.OPERATORS))
    add("--quick", action="store_true", help="without what takes seconds: kills less")
    add("--report", action="store_true", help="print what is known already; runs nothing")
    add("--results", type=pathlib.Path, metavar="FILE",
        help="where verdicts are kept (default: tests/mutants/results.jsonl in the build directory)")
    add("--sample", type=int, metavar="N", help="only so many, chosen at random")
    add("--seed", type=int, default=1, metavar="S", help="chooses the sample (default 1)")
    add("--show", metavar="ID", help="print the mutant as a difference; runs nothing")
    add("--survivors", type=pathlib.Path, metavar="FILE",
        help="reasons why mutants live (default: tests/mutants/survivors)")
    add("--trials", metavar="T;...", help="only these ways to look, as `killed by` names them, "
        "with ; between: quicker, kills less")
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
        # A mutant that comes or goes changes nothing for the others.
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
            raise tree.BadSource(f"expected a way to look of "
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
    """Prints what came of it. Return: the exit status."""
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
            if name not in source.flags:
                raise tree.BadSource(f"expected a flavour of this build, got {name}")
        source.flags = {f: v for f, v in source.flags.items()
                        if f in options.flavours.split(",")}
    mutants, hidden = mutate.find(list(source.commands()), source.source, options.jobs)
    chosen = choose(mutants, options)
    if options.show:
        show(source, mutants, options.show)
        return EXIT_GOOD
    if options.list:
        for mutant in chosen:
            print(mutant)
        print(f"{len(chosen)} mutants; not made, for a macro hides the place: " +
              ", ".join(f"{name} ({n})" for name, n in hidden.most_common()), file=sys.stderr)
        return EXIT_GOOD
    reasons = survivors.read(options.survivors or source.source / "tests" / "mutants" / "survivors")
    looks = choose_trials(source, options)
    results = run.Results(options.results or source.build / "tests" / "mutants" / "results.jsonl", source,
                          looks)

    def keep(status):
        known = [results.known[m.id] for m in chosen if m.id in results.known]
        bad = list(survivors.stale(reasons, mutants, results.known))
        ended = EXIT_FAILED if status == "stopped" else conclude(known, bad, mutants, reasons)
        if options.json and known:
            import report  # it needs the room of that name; mutants do without
            report.write(options.json, source, begun, arguments,
                         status or ("failed" if ended else "good"),
                         table.as_json(known, reasons, len(mutants), hidden, bad))
        return ended

    try:
        if not options.report:
            run.Runner(source, results, looks).run(chosen, options.jobs, options.again)
    except KeyboardInterrupt:
        keep("stopped")
        raise
    return keep(None)


if __name__ == "__main__":
    # Ignored, it would make every child end with 0, as subprocess tells it.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        sys.exit(main(sys.argv[1:]))
    except (tree.BadSource, survivors.BadSurvivors, build.BuildFailed, OSError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD)
    except run.CleanFails as error:
        print(f"mutants: {error}", file=sys.stderr)
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        print("\nstopped; the next run goes on from here", file=sys.stderr)
        sys.exit(EXIT_FAILED)
