#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Makes the corpora of a campaign smaller, and writes inputs that reach new edges to the seeds of
the tree, as programs. libFuzzer's -merge chooses.

    fuzz_merge.py SRCDIR DIR   in the build directory, on the campaign in DIR
    FUZZ_SEEDS                 where seeds are written (default SRCDIR/corpus/seed; "no": nowhere)

Entries that the corpus does not need are moved to DIR/TARGET/superseded; none is deleted.
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE, CAMPAIGN = (pathlib.Path(argument) for argument in sys.argv[1:])
SEEDS = os.environ.get("FUZZ_SEEDS") or SOURCE / "corpus" / "seed"
# The coverage of an input must not depend on the inputs before it (fuzz_race.c).
os.environ["FUZZ_FRESH"] = "1"


class Failed(Exception):
    """A message for standard error."""


def output_of(command):
    """Return: the exit status, and standard output"""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def merge(target, into, *sources):
    log = CAMPAIGN / target / "logs" / "merge"
    # Edges count for seeds, not how often they are taken: so few inputs are new.
    counters = "-use_counters=0" if into.name == "seeds" else "-use_counters=1"
    with open(log, "ab") as out:
        status = subprocess.run([f"./{target}", "-merge=1", counters, into, *sources], stdout=out,
                                stderr=out, check=False).returncode
    if status or not any(into.iterdir()):
        raise Failed(f"libFuzzer's merge ended with status {status}; nothing is changed (log: {log})")


def entries(corpus):
    """The files that engines read, with the hashes of their content."""
    for file in sorted(corpus.iterdir()):
        if file.is_file() and not file.name.startswith(".") and 0 < file.stat().st_size <= 1 << 20:
            yield file, hashlib.sha1(file.read_bytes()).hexdigest()


def minimise(target, least):
    here = CAMPAIGN / target
    # The queue is the corpus without findings and without files that are no inputs.
    merge(target, least, here / "queue")
    kept = set(os.listdir(least))
    superseded = [file for file, content in entries(here / "corpus") if content not in kept]
    (here / "superseded").mkdir(exist_ok=True)
    before = len(list(entries(here / "corpus")))
    for file in superseded:
        file.rename(here / "superseded" / file.name)
    # Both hold what engines made of the larger corpus; the next campaign makes them again.
    shutil.rmtree(here / "queue")
    shutil.rmtree(here / "afl", ignore_errors=True)
    print(f"{target}: {before} entries are now {before - len(superseded)}")


def as_text(target, file, scratch):
    """The input as canonical text, and how its name ends; None: it is no program"""
    if target == "fuzz_api":
        status, text = output_of(["./fuzz_api-replay", "--text", file])
        return (text, ".calls") if not status and text.count("\n") > 1 else None
    if target.endswith("_text"):
        file = shutil.copy(file, scratch / "seed.page")
    status, text = output_of(["./pagetorture", "convert", "--text", file])
    return (text, ".page") if not status and text else None


def write_seeds(target, least, scratch):
    seeds, written = scratch / "seeds", 0
    shutil.copytree(pathlib.Path("seeds") / target, seeds)
    old = set(os.listdir(seeds))
    merge(target, seeds, least)
    for name in sorted(set(os.listdir(seeds)) - old):
        seed = as_text(target, seeds / name, scratch)
        if seed:
            (pathlib.Path(SEEDS) / target / (name[:12] + seed[1])).write_text(seed[0])
            written += 1
    print(f"{target}: {written} seeds written to {SEEDS}/{target}")


def merge_target(target):
    if not os.access(target, os.X_OK):
        print(f"{target}: skipped: no libFuzzer binary of it (make fuzzers)")
        return
    status, output = output_of(["./pagetorture", "fuzz", "--bin", os.getcwd(), "--collect", "--dir", CAMPAIGN, target])
    if status not in (0, 1):
        raise Failed(output.rstrip().rpartition("\n")[2])
    with open(CAMPAIGN / target / "lock", "ab") as lock, tempfile.TemporaryDirectory() as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        scratch = pathlib.Path(scratch)
        (scratch / "least").mkdir()
        minimise(target, scratch / "least")
        if SEEDS != "no":
            write_seeds(target, scratch / "least", scratch)


def main():
    targets = sorted(corpus.parent.name for corpus in CAMPAIGN.glob("*/corpus"))
    status = 0
    if not targets:
        sys.exit(f"fuzz-merge: expected a campaign in {CAMPAIGN} (make fuzz)")
    for target in targets:
        try:
            merge_target(target)
        except (Failed, OSError) as error:
            sys.stderr.write(f"fuzz-merge: {target}: {error}\n")
            status = 1
    sys.exit(status)


main()
