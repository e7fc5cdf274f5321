# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Minimises a program that ends its guest. `pagetorture minimize` runs in the guest, and ends with it.

1. A guest runs candidates one after the other: programs with fewer lines, the shortest candidates first. The
   first candidate that ends the guest in the same way is the next program.
2. If no candidate ends the guest, the program is the smallest one. If guests or time are used up, the program
   may be larger.
3. The result ends a guest alone.
"""
import re
import shutil
import subprocess
import time

from executions import find_last_begun, read_programs

GUESTS_MAX = 30
SECONDS_MAX = 900


def find_same_part(reason):
    """The part of a guest's end that two ends of one cause have in common: all except numbers."""
    return re.sub(r"0x[0-9a-f]+|[0-9]+", "N", reason)


def make_candidates(lines):
    """The first line is the version of the format. Return: lists of lines, without half of the lines first."""
    size = len(lines) // 2
    while size:
        for i in range(1, len(lines), size):
            yield lines[:i] + lines[i + size:]
        size //= 2


class LineReduction:
    """@runs: starts the guests; @directory: for candidates; @execution: of a program that ended its guest"""

    def __init__(self, runs, directory, execution):
        self.runs, self.directory = runs, directory
        self.same_part = find_same_part(execution.reason)
        self.last_guest = runs.guest_count + GUESTS_MAX
        self.end_time = time.monotonic() + SECONDS_MAX
        self.tried = set()
        self.fatal_rules = (None, execution.program.get_fatal_rule())

    def has_guests_and_time(self):
        return self.runs.guest_count < self.last_guest and time.monotonic() < self.end_time

    def read_lines(self, path):
        """The lines of the program as text, without comments and expectations."""
        command = [self.runs.pagetorture, "convert", "--text", *(["--from-bytes"] if self.runs.options.bytes else []),
                   str(path)]
        text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        lines = [re.sub(r"\s*(->.*)?(#.*)?$", "", line) for line in text.splitlines()]
        return [line for line in lines if line and not line.startswith("expect ")]

    def write_programs(self, programs_lines):
        """Return: a Program of each element that can be read, without other fatal calls."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        for number, lines in enumerate(programs_lines):
            (self.directory / f"{number:05}.page").write_text("".join(f"{line}\n" for line in lines))
        programs, _ = read_programs(self.runs.pagetorture, [str(self.directory)], [], is_quiet=True)
        return [program for program in programs if program.get_fatal_rule() in self.fatal_rules]

    def make_untried_programs(self, lines):
        candidates = []
        for candidate in make_candidates(lines):
            if tuple(candidate) not in self.tried:
                self.tried.add(tuple(candidate))
                candidates.append(candidate)
        return self.write_programs(candidates)

    def find_program_that_ends_guest(self, programs):
        """Return: the lines of the first program that ends its guest in the same way, or None."""
        while programs and self.has_guests_and_time():
            result = self.runs.boot(programs)
            if result.status is not None:
                return None
            last = find_last_begun(programs, result.console)
            if last and find_same_part(result.reason) == self.same_part:
                return self.read_lines(last.path)
            if last:
                programs = programs[programs.index(last) + 1:]
        return None

    def reduce(self, path):
        """Return: the lines of the smallest program; None: the program does not end a guest again."""
        found, smaller = [], self.read_lines(path)
        while smaller:
            found.append(smaller)
            smaller = self.find_program_that_ends_guest(self.make_untried_programs(smaller))
        # A candidate may end its guest only because other candidates ran before it in this guest.
        self.last_guest = self.runs.guest_count + len(found)
        self.end_time = time.monotonic() + SECONDS_MAX
        return next((lines for lines in reversed(found)
                     if self.find_program_that_ends_guest(self.write_programs([lines]))), None)
