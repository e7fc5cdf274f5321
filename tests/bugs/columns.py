# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The columns of the table: ways to test a library with a seeded bug.

A column is a function of (tester, subject, number of the trial) that returns a TrialResult. The subject is a
bug, or the unchanged library in a flavour and a backend.
"""
import dataclasses
import functools
import os
import pathlib
import re
import shutil
import tempfile

import library_build as build
import reach
from entries import find_detector_of_message
from library_trials import HANG, run_with_time_limits

ENGINE_INPUTS = re.compile(r"^stat::number_of_executed_units:\s+(\d+)", re.MULTILINE)
# Lines that begin with #NUMBER are libFuzzer's progress, and can contain a detector's words from the input.
FINDING = re.compile(r"^(?!#\d).*(?:ERROR: |BUG: page: |WARNING: ThreadSanitizer|runtime error: ).*$",
                     re.MULTILINE)
# ThreadSanitizer's runtime checks memcpy() and memset() even in a library that was compiled without -fsanitize=thread.
WITHOUT_INTERCEPTORS = {"tsan": {"TSAN_OPTIONS": "ignore_interceptors_accesses=1"}}
# Seconds that a program may need beyond its time limit before it counts as a hang.
GRACE = 60


class Unusable(Exception):
    """A column that cannot test this subject; the message says what is missing."""


@dataclasses.dataclass
class TrialResult:
    killed: bool
    seconds: float
    cpu_seconds: float
    program: str
    inputs: int = 0
    detector: str = ""
    why: str = ""
    reached: object = None  # if not found: whether an input executed a changed line; None: unknown


@dataclasses.dataclass(frozen=True)
class Subject:
    """What a column tests: a seeded bug, or the unchanged library."""
    name: str
    flavour: str
    backend: str
    bug: object  # None: the unchanged library
    patch: object
    programs: tuple  # page programs to run, the program of the bug first


class Tester:
    """Builds programs with the library of one subject, and runs them."""

    def __init__(self, tree, subject, trial_seconds):
        self.tree, self.subject, self.trial_seconds = tree, subject, trial_seconds
        self.directory = tree.work / subject.name.replace(", ", "-")

    @functools.cached_property
    def library_builder(self):
        library_builder = build.Builder(self.tree, self.directory)
        if self.subject.patch:
            library_builder.apply_patch(self.subject.patch)
        return library_builder

    def require_flavour(self, flavour):
        if not self.tree.has_flavour(flavour):
            raise Unusable(f"this build has no {flavour} flavour")

    def build_and_run_program(self, program, arguments, wall_limit_seconds, **environment):
        return run_with_time_limits([self.library_builder.build_program(program), *arguments], wall_limit_seconds,
                                    env={**os.environ, **environment})


def make_trial_result(program_name, execution, wall_limit_seconds, input_count, message="", detector=""):
    """@message: what the program @program_name reported, if anything."""
    trial = TrialResult(execution.status != 0, execution.seconds, execution.cpu_seconds, program_name, input_count)
    if execution.status == HANG:
        trial.detector, trial.why = "hang", f"{program_name} still running after {wall_limit_seconds} s"
    elif trial.killed and message:
        trial.detector, trial.why = detector or find_detector_of_message(message), message
    elif trial.killed:
        # The failure may be an error of the test itself, so the bug does not count as found.
        trial.killed, trial.detector = False, "unknown"
        trial.why = (f"{program_name} ended with status {execution.status} without a known message: "
                     f"{execution.output[-200:]}")
    return trial


def sum_trials_until_finding(trials):
    """The first trial with a finding, or the last trial; time and inputs include those of earlier trials."""
    seconds = cpu_seconds = inputs = 0
    for trial in trials:
        seconds, cpu_seconds = seconds + trial.seconds, cpu_seconds + trial.cpu_seconds
        inputs += trial.inputs
        if trial.killed or trial.detector:
            break
    return dataclasses.replace(trial, seconds=seconds, cpu_seconds=cpu_seconds, inputs=inputs)


# ---- replay ----

def _run_page_programs(tester, library_builder, programs, **environment):
    subject, limit = tester.subject, GRACE + 10 * len(programs)
    tool = library_builder.build_program(build.get_tool_link_recipe(subject.flavour))
    execution = run_with_time_limits([tool, "run", "--backend", subject.backend, "--flavour", subject.flavour,
                                      "--timeout", 10, *programs], limit, env={**os.environ, **environment})
    found = re.search(rf"^(\S+): {subject.flavour}: (.*)$", execution.output, re.MULTILINE)
    inputs = [str(p) for p in programs].index(found[1]) + 1 if found else len(programs)
    return make_trial_result("pagetorture run", execution, limit, inputs, found and f"{found[1]}: {found[2]}",
                             found and find_detector_of_message(found[2]))


def _run_on_uninstrumented_library(tester, programs):
    """If the unchanged library fails in the same way without its sanitizer, the failure is no finding."""
    subject, without = tester.subject, tester.tree.plain_library_for
    options = WITHOUT_INTERCEPTORS.get(without, {})
    trial = _run_page_programs(tester, tester.library_builder, programs, **options)
    if trial.killed and subject.flavour == without:
        unchanged = build.Builder(tester.tree, tester.library_builder.directory / "unchanged")
        trial.killed = _run_page_programs(tester, unchanged, programs, **options).detector != trial.detector
    return trial


def test_by_replay(tester, subject, _trial_number):
    """Run the program of the bug; if the program finds nothing, run the rest of the corpus."""
    tester.require_flavour(subject.flavour)
    if subject.bug and subject.bug.column != "replay":
        raise Unusable("a run of page programs does not show it")
    own, others = subject.programs[:1], subject.programs[1:]
    if tester.tree.plain_library_for:
        return _run_on_uninstrumented_library(tester, own)
    groups = [own, others] if subject.bug and others else [subject.programs]
    return sum_trials_until_finding(_run_page_programs(tester, tester.library_builder, programs) for programs in groups)


# ---- explore ----

def test_by_exploring(tester, subject, _trial_number):
    """Execute the interleavings inside of the calls of the bug's program."""
    tester.require_flavour("tsan")
    own = () if subject.bug and subject.bug.test else subject.programs[:1] if subject.bug else subject.programs
    if not own or (subject.flavour, subject.backend) != ("tsan", "direct"):
        raise Unusable("explore runs in the flavour tsan, with the backend direct")
    execution = tester.build_and_run_program(build.get_tool_link_recipe("tsan"), ["explore", "--library", *own], GRACE)
    found = re.search(r"^\S+\.page: (?!clean)(.*)$", execution.output, re.MULTILINE)
    if execution.status == 2 and "not explored" in execution.output:
        raise Unusable("the program breaks a rule")
    return make_trial_result("pagetorture explore", execution, GRACE, 1, found and found[1])


# ---- unit tests and stress scenarios ----

def test_by_unit_test_or_scenario(tester, subject, _trial_number):
    """Run the unit test or stress scenario that bugs.def names for bugs that no page program can show."""
    if not subject.bug or not subject.bug.test:
        raise Unusable("a page program shows it")
    tester.require_flavour(subject.flavour)
    name = subject.bug.test
    if name.startswith("stress "):
        return _run_stress_scenario(tester, subject, name.split()[1], 1, tester.trial_seconds)
    execution = tester.build_and_run_program(build.get_unit_test_link_recipe(name, subject.flavour), [], GRACE,
                                             TEST_STOP_AT_FAILURE="1")
    failed = re.search(r"^not ok .*$", execution.output, re.MULTILINE)
    return make_trial_result(name, execution, GRACE, 1, f"{name}: " +
                             (failed[0] if failed else execution.output.strip()[-200:]), failed and "test")


def _run_stress_scenario(tester, subject, scenario, trial_number, seconds, *extra_options):
    execution = tester.build_and_run_program(build.get_stress_link_recipe(subject.flavour),
                                             [scenario, "-s", seconds, f"--seed={trial_number}", "--stat-interval=0",
                                              *extra_options],
                                             seconds + GRACE, PAGE_MAP=subject.backend)
    own = re.search(r"^\w+: !!! .*$", execution.output, re.MULTILINE)
    report = own or FINDING.search(execution.output)
    if not report and str(execution.status).startswith("SIG"):
        return make_trial_result(scenario, execution, 0, 1, f"{scenario} died of signal {execution.status}")
    return make_trial_result(scenario, execution, seconds + GRACE, 1, report and f"{scenario}: {report[0]}",
                             own and "stress")


# `churn` also runs with more threads than the page allocator has free lists, so threads share lists.
MANY_THREADS = ("-t", 40)


def test_by_stress(tester, subject, trial_number):
    """Run the stress scenarios one after the other, on real threads; they share the time."""
    tester.require_flavour(subject.flavour)
    if (subject.flavour, subject.backend) == ("tsan", "alias"):
        raise Unusable("the stress scenarios report one address of a page to ThreadSanitizer")
    table = tester.tree.source / "stress" / "scenarios.def"
    names = re.findall(r"^SCENARIO\((\w+),", table.read_text(), re.MULTILINE)
    runs = [(name,) for name in names] + [("churn", *MANY_THREADS)]
    seconds = max(1, tester.trial_seconds // len(runs))
    return sum_trials_until_finding(_run_stress_scenario(tester, subject, name, trial_number, seconds, *more)
                                    for name, *more in runs)


# ---- the race matrix ----

def test_by_race_matrix(tester, subject, _trial_number):
    """Run every cell of the race matrix on fibers, once."""
    tester.require_flavour("tsan")
    if not subject.bug and subject.flavour != "tsan":
        raise Unusable("the matrix runs in another flavour")
    execution = tester.build_and_run_program(build.get_developers_tool_link_recipe("tsan"),
                                             ["race", "--detector", "tsan-fibers",
                                         "--repeat", 1, "--backend", subject.backend], 10 * GRACE)
    cells = re.search(r"(\d+) cells", execution.output)
    found = re.search(r"^tsan-fibers: (\S+/\S+: .*)$", execution.output, re.MULTILINE)
    return make_trial_result("pagetorture-dev race", execution, 10 * GRACE, int(cells[1]) if cells else 0,
                             found and found[1])


# ---- fuzzing ----

def choose_fuzz_targets(subject):
    """The fuzz targets that can find bugs of the subject's kind; the targets share the time."""
    if not subject.bug:
        return {"plain": ["fuzz_page-plain", "fuzz_fatal-plain", "fuzz_api-plain"],
                "asan": ["fuzz_page", "fuzz_fault", "fuzz_fatal", "fuzz_api"],
                "msan": ["fuzz_fatal-msan"],
                "tsan": ["fuzz_race"]}[subject.flavour]
    plain = "-plain" if subject.flavour == "plain" else ""
    if subject.bug.test:
        return ["fuzz_api" + plain]
    if subject.bug.column == "explore":
        return ["fuzz_explore"]
    if subject.flavour == "tsan":
        return ["fuzz_race"]
    if subject.flavour == "msan":
        return ["fuzz_fatal-msan"]
    if subject.bug.kind == "injection":
        return ["fuzz_fault"]
    # In a flavour with AddressSanitizer, the sanitizer would report the bad access before the library does.
    # fuzz_fatal also compares the calls before the last one, as fuzz_page does.
    if subject.bug.detector in ("alive", "library"):
        return ["fuzz_fatal" + plain]
    # Calls that must end the process are tested by fuzz_fatal.
    if subject.bug.kind in ("mapping", "lifetime"):
        return ["fuzz_fatal" + plain, "fuzz_page" + plain]
    return ["fuzz_page"]


# An engine writes thousands of small files in the first seconds; in memory, they take a tenth of the CPU time.
CORPUS_PARENT = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


# In MB. The memory that libFuzzer compares has each frame of `alias` once for each of its mappings; 0: no limit.
MEMORY_LIMITS = {"direct": 2048, "alias": 0}


def _fuzz_in_directories(tester, program, trial_number, finding_directory, corpus_directory, seed_directories, seconds):
    execution = tester.build_and_run_program(program, [
        f"-seed={trial_number}", f"-max_total_time={seconds}", "-timeout=10", "-max_len=704",
        f"-rss_limit_mb={MEMORY_LIMITS[tester.subject.backend]}", "-print_final_stats=1",
        f"-artifact_prefix={finding_directory}/", corpus_directory, *seed_directories],
        seconds + GRACE, PAGE_MAP=tester.subject.backend)
    inputs, found = ENGINE_INPUTS.search(execution.output), FINDING.search(execution.output)
    return make_trial_result(program.name, execution, seconds + GRACE, int(inputs[1]) if inputs else 0,
                             found and found[0].strip())


def _fuzz_target_and_measure_reach(tester, subject, trial_number, target, seed_directories, seconds):
    program = build.get_fuzz_target_link_recipe(target)
    tester.require_flavour(program.flavour)
    directory = tester.library_builder.directory / f"{target}-{subject.backend}-{trial_number}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=CORPUS_PARENT) as corpus_directory:
        result = _fuzz_in_directories(tester, program, trial_number, directory, pathlib.Path(corpus_directory),
                                      seed_directories, seconds)
        if not result.killed and not result.detector and subject.patch:
            result.reached = reach.measure_if_changed_line_executed(
                tester, program, subject.patch, pathlib.Path(corpus_directory), directory, PAGE_MAP=subject.backend)
    return result


def test_by_fuzzing(tester, subject, trial_number, has_seeds):
    """Run libFuzzer from the stored corpus, without the programs of bugs, or from an empty corpus."""
    targets = choose_fuzz_targets(subject)
    seconds = max(1, tester.trial_seconds // len(targets)) if subject.bug else tester.trial_seconds
    seeds = {target: [tester.tree.build / "seeds" / target.partition("-")[0]] if has_seeds else []
             for target in targets}
    for directory in (directory for directories in seeds.values() for directory in directories):
        if not directory.is_dir():
            raise Unusable(f"expected {directory}: make seeds")
    return sum_trials_until_finding(_fuzz_target_and_measure_reach(tester, subject, trial_number, target, seeds[target], seconds)
                                    for target in targets)


COLUMNS = {"replay": test_by_replay, "explore": test_by_exploring, "unit-test": test_by_unit_test_or_scenario,
           "fuzz-corpus": functools.partial(test_by_fuzzing, has_seeds=True),
           "fuzz-empty": functools.partial(test_by_fuzzing, has_seeds=False),
           "stress": test_by_stress, "matrix": test_by_race_matrix}
RANDOM_COLUMNS = ("fuzz-corpus", "fuzz-empty", "stress")
