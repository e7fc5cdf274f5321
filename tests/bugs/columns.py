# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The columns of the table: ways to test a library with a seeded bug.

A column is a function of (bench, subject, trial) that returns an Outcome. The subject is a bug, or the
unchanged library in a flavour and a backend.
"""
import dataclasses
import os
import re
import shutil
import subprocess
import threading
import time

import build
import reach
from bank import detector_of

LAST_INPUT = re.compile(r"^stat::number_of_executed_units:\s+(\d+)", re.MULTILINE)
# Skip lines of the engine, which contain words that a target compares with.
FINDING = re.compile(r"^(?!#\d).*(?:ERROR: |BUG: page: |WARNING: ThreadSanitizer|runtime error: ).*$",
                     re.MULTILINE)
# A runtime intercepts memcpy() and memset() even in a library that was compiled without it.
BLIND = {"tsan": {"TSAN_OPTIONS": "ignore_interceptors_accesses=1"}}
# Seconds that a program may need beyond its time limit before it counts as a hang.
GRACE = 60


class Unusable(Exception):
    """A column that cannot test this subject; the message says what is missing."""


@dataclasses.dataclass
class Outcome:
    """The result of one trial."""
    killed: bool
    seconds: float
    inputs: int = 0
    detector: str = ""
    why: str = ""
    reached: object = None  # if not found: did an input execute a changed line?


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is tested."""
    name: str
    flavour: str
    backend: str
    bug: object  # None: the unchanged library
    programs: tuple  # page programs to run, the program of the bug first


@dataclasses.dataclass
class Bench:
    """The state that all columns share."""
    tree: build.Tree
    seconds: int  # time for one trial
    builders: dict = dataclasses.field(default_factory=dict)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def builder(self, subject):
        patch = subject.bug and self.patch_of(subject.bug)
        name = subject.name if patch else f"clean/{subject.flavour}"
        with self.lock:
            return self.builders.setdefault(name, build.Builder(self.tree, patch, name))

    def patch_of(self, bug):
        return self.tree.source / "tests" / "bugs" / "patch" / f"{bug.name}.patch"


def _call(command, limit, **environment):
    """Return: (status, output, seconds); the status is None if the limit was exceeded."""
    started = time.monotonic()
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          env={**os.environ, **environment}) as process:
        try:
            output, _ = process.communicate(timeout=limit)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            status = None
    return status, output.decode(errors="replace"), time.monotonic() - started


def _need(bench, flavour):
    if not bench.tree.has(flavour):
        raise Unusable(f"this build has no {flavour} flavour")


def _silent(program, status, output):
    return Outcome(False, 0, why=f"{program} ended with status {status} without a known "
                                 f"message: {output[-200:]}", detector="unknown")


# ---- replay ----

def _complaint(flavour, output):
    """Return: the first program with a failure in the output of `run`, and the message."""
    match = re.search(rf"^(\S+): {flavour}: (.*)$", output, re.MULTILINE)
    return match and (match[1], match[2])


def _replay(binary, subject, programs, **environment):
    status, output, seconds = _call([binary, "run", "--backend", subject.backend, "--flavour",
                                     subject.flavour, "--timeout", 10, *programs],
                                    GRACE + 10 * len(programs), **environment)
    if status == 0:
        return Outcome(False, seconds, len(programs))
    found = _complaint(subject.flavour, output)
    if not found:
        return _silent("pagetorture run", status, output)
    place = [str(p) for p in programs].index(found[0]) + 1
    return Outcome(True, seconds, place, detector_of(found[1]), f"{found[0]}: {found[1]}")


def _blind(bench):
    return BLIND.get(bench.tree.without, {})


def _differs_from_unchanged(bench, subject, outcome):
    """Without its sanitizer the unchanged library may fail in the same way."""
    good = dataclasses.replace(subject, name=f"clean, {subject.flavour}", bug=None)
    binary = bench.builder(good).make(build.tool(subject.flavour))
    return _replay(binary, subject, subject.programs[:1], **_blind(bench)).detector != outcome.detector


def replay(bench, subject, _trial):
    """Run the program of the bug; if that finds nothing, the rest of the corpus."""
    _need(bench, subject.flavour)
    binary = bench.builder(subject).make(build.tool(subject.flavour))
    if not subject.bug:
        return _replay(binary, subject, subject.programs)
    first = _replay(binary, subject, subject.programs[:1], **_blind(bench))
    if bench.tree.without:
        first.killed = first.killed and _differs_from_unchanged(bench, subject, first)
        return first
    if first.killed or first.detector or len(subject.programs) == 1:
        return first
    rest = _replay(binary, subject, subject.programs[1:])
    rest.inputs += first.inputs
    rest.seconds += first.seconds
    return rest


# ---- elsewhere: a unit test or a stress pattern, where no page program can show it ----

def elsewhere(bench, subject, _trial):
    """Run the unit test or stress pattern that bugs.def names."""
    if not subject.bug or not subject.bug.elsewhere:
        raise Unusable("a page program shows it")
    _need(bench, subject.flavour)
    name = subject.bug.elsewhere
    if name.startswith("stress "):
        return _stress(bench, subject, name.split()[1], 1, bench.seconds)
    binary = bench.builder(subject).make(build.unit_test(name))
    status, output, seconds = _call([binary], GRACE)
    failed = re.search(r"^not ok .*$", output, re.MULTILINE)
    if status == 0:
        return Outcome(False, seconds, 1)
    if status is None:
        return Outcome(True, seconds, 1, "hang", f"{name} still running after {GRACE} s")
    if failed:
        return Outcome(True, seconds, 1, "test", f"{name}: {failed[0]}")
    return Outcome(True, seconds, 1, detector_of(output), f"{name}: {output.strip()[-200:]}")


# ---- stress ----

def _stress(bench, subject, name, trial, share, *more):
    binary = bench.builder(subject).make(build.stress(subject.flavour))
    status, output, seconds = _call([binary, name, "-s", share, f"--seed={trial}",
                                     "--stat-interval=0", *more], share + GRACE,
                                    PAGE_MAP=subject.backend)
    if status == 0:
        return Outcome(False, seconds, 1)
    if status is None:
        return Outcome(True, seconds, 1, "hang", f"{name} still running after {GRACE} s more "
                                                 "than its limit")
    report, own = FINDING.search(output), re.search(r"^\w+: !!! .*$", output, re.MULTILINE)
    if own:
        return Outcome(True, seconds, 1, "stress", own[0])
    if report:
        return Outcome(True, seconds, 1, detector_of(report[0]), f"{name}: {report[0]}")
    if status < 0:
        return Outcome(True, seconds, 1, "fault", f"{name} died of signal {-status}")
    return _silent(name, status, output)


# More threads than free lists of the allocator, so some threads share a list.
CROWD = ("-t", 40)


def stress(bench, subject, trial):
    """Run the stress patterns one after the other, on real threads; they share the time."""
    _need(bench, subject.flavour)
    if (subject.flavour, subject.backend) == ("tsan", "alias"):
        raise Unusable("the stress patterns report one address of a page to ThreadSanitizer")
    spent = 0.0
    names = sorted(path.stem[len("stress_"):] for path in (bench.tree.source / "stress").glob("stress_*.c"))
    runs = [(name,) for name in names] + [("churn", *CROWD)]
    share = max(1, bench.seconds // len(runs))
    for number, (name, *more) in enumerate(runs, 1):
        outcome = _stress(bench, subject, name, trial, share, *more)
        spent += outcome.seconds
        if outcome.killed:
            break
    outcome.seconds, outcome.inputs = spent, number
    return outcome


# ---- the race matrix ----

def matrix(bench, subject, _trial):
    """Run every cell of the race matrix on fibers, once."""
    _need(bench, "tsan")
    if not subject.bug and subject.flavour != "tsan":
        raise Unusable("the matrix runs in another flavour")
    directory = bench.builder(subject)
    binary = directory.make(build.developers_tool("tsan"))
    status, output, seconds = _call([binary, "race", "--detector", "tsan-fibers", "--repeat", 1,
                                     "--backend", subject.backend], 10 * GRACE)
    cells = re.search(r"(\d+) cells", output)
    count = int(cells[1]) if cells else 0
    if status == 0:
        return Outcome(False, seconds, count)
    found = re.search(r"^tsan-fibers: (\S+/\S+: .*)$", output, re.MULTILINE)
    if not found:
        return _silent("pagetorture-dev race", status, output)
    return Outcome(True, seconds, count, detector_of(found[1]), found[1])


# ---- fuzzing ----

# Bugs in calls that must end the process, which fuzz_fatal tests.
FATAL_KINDS = ("mapping", "lifetime")


def fuzz_targets(subject):
    """The targets that can find bugs of this kind; they share the time."""
    if not subject.bug:
        return {"plain": ["fuzz_page-plain", "fuzz_fatal-plain", "fuzz_api-plain"],
                "asan": ["fuzz_page", "fuzz_fault", "fuzz_fatal", "fuzz_api"],
                "msan": ["fuzz_fatal-msan"],
                "tsan": ["fuzz_race"]}[subject.flavour]
    plain = "-plain" if subject.flavour == "plain" else ""
    if subject.bug.elsewhere:
        return ["fuzz_api" + plain]
    if subject.flavour == "tsan":
        return ["fuzz_race"]
    if subject.flavour == "msan":
        return ["fuzz_fatal-msan"]
    if subject.bug.kind == "injection":
        return ["fuzz_fault"]
    # Without a sanitizer: AddressSanitizer would report such an access before the library.
    # fuzz_fatal also compares the calls before the last one, as fuzz_page does.
    if subject.bug.detector in ("alive", "library"):
        return ["fuzz_fatal" + plain]
    if subject.bug.kind in FATAL_KINDS:
        return ["fuzz_fatal" + plain, "fuzz_page" + plain]
    return ["fuzz_page"]


def _fuzz(bench, subject, trial, target, seeds, limit):
    builder = bench.builder(subject)
    program = build.fuzz_target(target)
    _need(bench, program.flavour)
    binary = builder.make(program)
    directory = builder.directory / f"{target}-{'seeds' if seeds else 'empty'}-{subject.backend}-{trial}"
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "corpus").mkdir(parents=True)
    status, output, seconds = _call(
        [binary, f"-seed={trial}", f"-max_total_time={limit}", "-timeout=10",
         "-max_len=704", "-rss_limit_mb=2048", "-print_final_stats=1",
         f"-artifact_prefix={directory}/", directory / "corpus", *seeds], limit + GRACE,
        PAGE_MAP=subject.backend)
    inputs = LAST_INPUT.search(output)
    count = int(inputs[1]) if inputs else 0
    if status == 0:
        ran = reach.reached(builder, program, directory, {**os.environ, "PAGE_MAP": subject.backend})
        shutil.rmtree(directory, ignore_errors=True)
        return Outcome(False, seconds, count, reached=ran)
    if status is None:
        return Outcome(True, seconds, count, "hang", f"{target} still running after {GRACE} s "
                                                     "more than its limit")
    found = FINDING.search(output)
    if not found:
        return _silent(target, status, output)
    return Outcome(True, seconds, count, detector_of(found[0]), found[0].strip())


def _fuzz_all(bench, subject, trial, with_seeds):
    targets = fuzz_targets(subject)
    limit = max(1, bench.seconds // len(targets)) if subject.bug else bench.seconds
    spent, inputs = 0.0, 0
    for target in targets:
        seeds = [bench.tree.build / "seeds" / target.partition("-")[0]] if with_seeds else []
        if seeds and not seeds[0].is_dir():
            raise Unusable(f"expected {seeds[0]}: make seeds")
        outcome = _fuzz(bench, subject, trial, target, seeds, limit)
        outcome.seconds, spent = outcome.seconds + spent, outcome.seconds + spent
        outcome.inputs, inputs = outcome.inputs + inputs, outcome.inputs + inputs
        if outcome.killed or outcome.detector:
            break
    return outcome


def fuzz_corpus(bench, subject, trial):
    """Run libFuzzer from the stored corpus, without the programs of bugs."""
    return _fuzz_all(bench, subject, trial, True)


def fuzz_empty(bench, subject, trial):
    """Run libFuzzer from an empty corpus."""
    return _fuzz_all(bench, subject, trial, False)


# Name: (function, is it random).
COLUMNS = {
    "replay": (replay, False),
    "elsewhere": (elsewhere, False),
    "fuzz-corpus": (fuzz_corpus, True),
    "fuzz-empty": (fuzz_empty, True),
    "stress": (stress, True),
    "matrix": (matrix, False),
}
