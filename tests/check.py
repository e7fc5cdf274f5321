#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run tests that print TAP, several at a time: one line for each when it ends, failures in full
at the end, then the line "N passed, N failed, N skipped". The exit status is 1 if one failed.

A test is a script of the source tree (its name ends in .sh) or a unit test of the build directory:
NAME-FLAVOUR is run by `unit-tests-FLAVOUR NAME`, NAME by `unit-tests NAME`.
Its output is in LOGS/NAME.log. Tests that took long in the last run start first."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

LINE = re.compile(r"(not )?ok\b[ \d]*(?:- )?(.*)")
SKIP = re.compile(r"# *SKIP\S* *(.*)", re.IGNORECASE)
PLAN = re.compile(r"1\.\.(\d+)(?: *# *SKIP *(.*))?")


class Result:
    """A test that ended: names of passed, failed (with what explains them) and skipped checks."""

    def __init__(self, name, log_path, exit_status, wall_seconds, cpu_seconds):
        self.name, self.log_path, self.times = name, log_path, (wall_seconds, cpu_seconds)
        self.passed, self.failed, self.skipped = [], [], []
        self.planned = None
        log_text = log_path.read_text(errors="replace")
        for line in log_text.splitlines():
            self._parse_tap_line(line)
        count = len(self.passed) + len(self.failed) + len(self.skipped)
        if exit_status and not self.failed:
            self._add_failure(f"exit status {exit_status}", log_text)
        elif self.planned is None:
            self._add_failure("expected a plan (1..N) as the last line, got none", log_text)
        elif self.planned != count and not (self.planned == 0 and self.skipped):
            self._add_failure(f"expected {self.planned} checks, got {count}", log_text)

    def _parse_tap_line(self, line):
        plan, check = PLAN.fullmatch(line), LINE.fullmatch(line)
        if plan:
            self.planned = int(plan[1])
            if plan[2] is not None:
                self.skipped.append(plan[2])
        elif check and SKIP.search(check[2]):
            self.skipped.append(SKIP.search(check[2])[1])
        elif check:
            (self.failed if check[1] else self.passed).append(line)
        elif line.startswith("#") and self.failed:
            self.failed[-1] += "\n" + line
        elif line.startswith("Bail out!"):
            self.failed.append(line)

    def _add_failure(self, reason, log_text):
        self.failed.append("\n".join([f"not ok - {reason}; the end of its output:",
                                      *("# " + line for line in log_text.splitlines()[-40:])]))

    def format_summary_line(self):
        counts = [("passed", self.passed), ("failed", self.failed), ("skipped", self.skipped)]
        found = ", ".join(f"{len(names)} {word}" for word, names in counts if names)
        result = "FAIL" if self.failed else "ok"
        return f"{result:4} {self.name}: {found or 'no checks'} ({self.times[0]:.1f} s)"


def make_test_command(test_name, arguments):
    if test_name.endswith(".sh"):
        return [os.environ.get("SHELL_FOR_TESTS", "sh"), f"{arguments.srcdir}/{test_name}"]
    if test_name in arguments.own_programs.split():
        return [f"./{test_name}"]
    test, dash, flavour = test_name.partition("-")
    return [f"./unit-tests{dash}{flavour}", test]


def run_test(test_name, arguments, running_processes):
    """@running_processes: the processes of all tests that run"""
    log_path, started = arguments.logs / (test_name.replace("/", "-") + ".log"), time.monotonic()
    with open(log_path, "wb") as log:
        # Each test has its own session, so that check.py can end all processes of the test.
        process = subprocess.Popen(make_test_command(test_name, arguments), stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    running_processes.add(process)
    _, status, usage = os.wait4(process.pid, 0)
    running_processes.remove(process)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall_seconds, cpu_seconds = time.monotonic() - started, usage.ru_utime + usage.ru_stime
    return Result(test_name, log_path, process.returncode, wall_seconds, cpu_seconds)


def run_tests_and_yield_results(test_names, arguments):
    """Yields the Result of each test as it ends."""
    running_processes = set()
    pool = concurrent.futures.ThreadPoolExecutor(arguments.jobs)
    try:
        tests = [pool.submit(run_test, test_name, arguments, running_processes) for test_name in test_names]
        for test in concurrent.futures.as_completed(tests):
            yield test.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in list(running_processes):
            os.killpg(process.pid, signal.SIGTERM)


# ---- times ----

def read_wall_and_cpu_times(arguments):
    """Return: {name: [wall seconds, CPU seconds]} of the last run of each test"""
    try:
        lines = (arguments.logs / "times").read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {name: (float(wall), float(cpu)) for name, wall, cpu in map(str.split, lines)}


def estimate_wall_seconds(test_name, last_times):
    """Return: the seconds of the last run; a guess for a test without one, for scripts a long one"""
    return last_times[test_name][0] if test_name in last_times else 60 if test_name.endswith(".sh") else 1


def write_wall_and_cpu_times(times, arguments):
    lines = (f"{name} {wall:.2f} {cpu:.2f}\n" for name, (wall, cpu) in sorted(times.items()))
    (arguments.logs / "times").write_text("".join(lines))


def print_tests_by_cpu_time(times, max_count):
    print(f"{'CPU s':>7} {'wall s':>7}  test")
    slowest = sorted(times.items(), key=lambda item: -item[1][1])
    for name, (wall, cpu) in slowest[:max_count]:
        print(f"{cpu:7.1f} {wall:7.1f}  {name}")
    print(f"{sum(cpu for _, cpu in times.values()):7.1f} {'':7}  all {len(times)} tests")


# ---- the end of a run ----

def print_skips_and_failures(results):
    for result in results:
        for reason in sorted(set(result.skipped)):
            print(f"skipped: {result.name}: {reason}")
    for result in results:
        if result.failed:
            print(f"\nFAIL {result.name} (all of its output: {result.log_path})")
            print("\n".join(result.failed))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--srcdir", default=".")
    parser.add_argument("--logs", type=pathlib.Path, default="check.logs")
    parser.add_argument("--jobs", default="", help="default: one for each CPU, at least two")
    parser.add_argument("--own-programs", default="", metavar="NAMES",
                        help="unit tests that are programs of their own")
    parser.add_argument("--times", action="store_true", help="print what the slowest tests cost")
    parser.add_argument("--print-times", action="store_true", help="only print that of the last run")
    parser.add_argument("tests", nargs="*")
    arguments = parser.parse_args()
    arguments.jobs = int(arguments.jobs or max(2, len(os.sched_getaffinity(0))))
    return arguments


def main():
    arguments = parse_arguments()
    times = read_wall_and_cpu_times(arguments)
    if arguments.print_times:
        print_tests_by_cpu_time(times, None)
        return 0
    arguments.logs.mkdir(exist_ok=True)
    names = sorted(dict.fromkeys(arguments.tests), key=lambda name: -estimate_wall_seconds(name, times))
    results = []
    for result in run_tests_and_yield_results(names, arguments):
        results.append(result)
        print(result.format_summary_line(), flush=True)
    times_now = {result.name: result.times for result in results}
    write_wall_and_cpu_times(times | times_now, arguments)
    print_skips_and_failures(results)
    if arguments.times:
        print_tests_by_cpu_time(times_now, 10)
    counts = [sum(len(names) for names in lists) for lists in zip(
        *((result.passed, result.failed, result.skipped) for result in results))] or [0, 0, 0]
    print("{} passed, {} failed, {} skipped".format(*counts))
    return int(counts[1] > 0 or counts[0] == 0)


if __name__ == "__main__":
    # The exception of sys.exit() ends run_tests_and_yield_results(), which ends the tests.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # nohup and shells start commands with ignored signals, which tests would inherit, unlike a handler.
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    sys.exit(main())
