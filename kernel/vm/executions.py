# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Runs page programs in guests. In each guest, `pagetorture run` evaluates the programs with the rule model,
executes them in the guest's kernel, and compares.

1. Programs without a fatal call that the kernel reports run in one guest. Each other program runs in a guest
   of its own, because a report may leave the kernel damaged.
2. A guest runs batches of programs. The guest logs the name of each program that begins. If a guest ends or
   hangs, the last name in the log gets the result `crash` or `hang`, and the programs without a result run in a
   new guest.
3. A program that was running when a guest ended runs again alone: its result says whether it ends a guest
   alone, too.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

from guest import Guest
from util.shared import log_to_standard_error, show_status

RESTARTS_MAX = 50  # guests of one run that may end before the run gives up
# On a busy machine an emulated guest may find no virtio device: ACPI stops a loop after 30 s
# (AE_AML_LOOP_TIMEOUT), so the kernel knows no interrupt of the device.
FAILED_STARTS_MAX = 2
BATCH = 25


class GuestFailed(Exception):
    """A guest that does not boot or runs no program; the message has the end of its console."""


class Program:
    """@facts: the JSON object of `pagetorture check`"""

    def __init__(self, path, facts, number):
        self.path, self.facts = path, facts
        self.name_in_guest = f"{number:05}/{pathlib.Path(path).name}"

    def get_fatal_rule(self):
        fatal = self.facts["fatal"]
        return fatal["rule"] if fatal and fatal["rule"] != "deadlock" else None


class Execution:
    """The result of a program in one kernel. @row: the JSON object that `pagetorture run` printed; None: the
    guest ended, and @kind and @reason say how. ends_guest_alone: also without other programs"""

    def __init__(self, program, row=None, kind="", reason=""):
        self.program, self.row, self.kind, self.reason, self.why = program, row, kind, reason, reason
        self.ends_guest_alone = False
        if row:
            self.why = row["flavours"]["plain"]["why"]
            self.kind = "agree" if row["agree"] else "differ"

    def failed(self):
        return self.kind != "agree"

    def is_executed(self):
        """Whether all calls were executed: the kernel may report no fatal call, or inject no failures."""
        return not self.row or "not run" not in self.row["flavours"]["plain"]["fibers"]

    def format_cell(self):
        """The broken rules that the kernel reported, or how the execution ended."""
        if not self.row:
            return self.kind.upper()
        flavour = self.row["flavours"]["plain"]
        if self.failed():
            return "DIFFERS"
        if flavour["threads"] != "-" and flavour["runs"] > 1 and flavour["reported"]:
            return f"{flavour['threads']} {flavour['reported']}/{flavour['runs']}"
        return flavour["fibers"] if flavour["threads"] == "-" else flavour["threads"]


def read_programs(pagetorture, paths, options, is_quiet=False):
    """Return: the programs of the paths, and the exit status of `pagetorture check`. @is_quiet: no warnings"""
    process = subprocess.run([pagetorture, "check", "--json", *options, *paths], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL if is_quiet else None, text=True)
    facts = map(json.loads, process.stdout.splitlines())
    return [Program(fact["file"], fact, number) for number, fact in enumerate(facts)], process.returncode


def find_last_begun(programs, console):
    names = re.findall(r"pagetorture: program (\S+)", console)
    return next((program for program in programs if names and program.name_in_guest == names[-1]), None)


class Runs:
    """All executions of programs in the guests of one kernel."""

    def __init__(self, prepared, build_directory, options):
        self.prepared, self.options = prepared, options
        self.guest = Guest(prepared, build_directory)
        self.pagetorture = f"{build_directory}/pagetorture"
        self.executions = {}  # {program: Execution}
        self.guest_count = 0

    # ---- one guest ----

    def make_command(self, programs):
        executor = "threads" if self.prepared.kernel.name == "race" else "fibers"
        return ["/pagetorture", "run", "--json", "--executor", executor, "-j1", "--no-sort",
                "--flavour", "plain", "--repeat", str(self.options.repeat),
                "--timeout", str(self.options.timeout), *(["--bytes"] if self.options.bytes else []),
                *(program.name_in_guest for program in programs)]

    def make_progress(self, count):
        def report(console):
            begun = console.read_text(errors="replace").count("pagetorture: program ")
            show_status(f"kernel {self.prepared.kernel.name}: {begun} of {count} programs begun in this guest, "
                        f"{len(self.executions)} done before")
        return report if sys.stderr.isatty() else None

    def boot(self, programs):
        files = {program.name_in_guest: program.path for program in programs}
        commands = [self.make_command(programs[i:i + BATCH]) for i in range(0, len(programs), BATCH)]
        seconds = self.options.timeout + 60 + len(programs) * self.options.repeat
        self.guest_count += 1
        return self.guest.run(commands, files, seconds, self.options.module_parameters,
                              self.make_progress(len(programs)))

    def store_rows(self, programs, result):
        """Return: the programs without a row in the output. The last line of a guest that ended may be cut."""
        left = {program.name_in_guest: program for program in programs}
        for line in result.stdout.splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            program = left.pop(row["file"], None)
            if program:
                self.executions[program] = Execution(program, row)
        return list(left.values())

    def store_end_of_guest(self, program, result):
        is_hang = result.reason.startswith("the guest ran")
        self.executions[program] = Execution(program, None, "hang" if is_hang else "crash", result.reason)

    def find_whether_alone(self, program):
        """Run a program again alone, after it was running when a guest ended."""
        execution = self.executions[program]
        execution.ends_guest_alone = self.boot([program]).status is None
        if not execution.ends_guest_alone:
            execution.why += "; alone, the program ends no guest"

    # ---- all guests ----

    def run_together(self, programs):
        """Run the programs in one guest, and those without a result in a new guest after each end of a guest."""
        failed_starts = 0
        for _ in range(RESTARTS_MAX):
            result = self.boot(programs)
            left = self.store_rows(programs, result)
            if result.status is not None:
                messages = result.stderr.strip().splitlines()[-1:] or ["no message"]
                for program in left:
                    self.executions[program] = Execution(program, None, "no result", messages[0])
                return
            culprit = find_last_begun(left, result.console)
            if not culprit and failed_starts < FAILED_STARTS_MAX:
                failed_starts += 1
                log_to_standard_error(f"kernel {self.prepared.kernel.name}: {result.reason}, before a program "
                                      "began; starting another guest")
                continue
            if not culprit:
                raise GuestFailed(f"{result.reason}; expected a guest that runs programs. The end of its "
                                  f"console:\n{result.console[-2000:]}")
            self.store_end_of_guest(culprit, result)
            log_to_standard_error(f"kernel {self.prepared.kernel.name}: {culprit.path}: {result.reason}; "
                                  f"{len(left) - 1} programs are left")
            if len(programs) == 1:
                self.executions[culprit].ends_guest_alone = True
            else:
                self.find_whether_alone(culprit)
            left.remove(culprit)
            if not left:
                return
            programs = left
        raise GuestFailed(f"expected fewer than {RESTARTS_MAX} guests that end")

    def run(self, programs):
        alone = [program for program in programs
                 if program.get_fatal_rule() in self.prepared.kernel.fatal_rules]
        together = [program for program in programs if program not in alone]
        if together:
            self.run_together(together)
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            list(pool.map(lambda program: self.run_together([program]), alone))
        return [self.executions[program] for program in programs]
