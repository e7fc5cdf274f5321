#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Execute each input of a fuzz target three times, and compare the outcomes.

   1. in one process with all inputs, in the given order;
   2. in the same process, in another order, so after other inputs;
   3. in a separate process, where no input ran before, at other addresses.

Verdict, trace (results, bytes read, pages), races, and how often each edge was taken must be the same
each time. If so, an input behaves the same wherever it is replayed, and the coverage that an engine sees
does not depend on earlier inputs. PROGRAM is fuzz_NAME-same, which executes the inputs.
"""
import argparse
import os
import pathlib
import random
import shlex
import signal
import struct
import subprocess
import sys

PARTS = ("verdict", "trace", "races", "coverage")
DIGEST_BYTES = 8
# The maximal number of printed lines of each kind. A state leak often affects many inputs; a few lines
# are enough.
LINES_MAX = 10


class Parser(argparse.ArgumentParser):
    """A parser that prints one line about an error, as all programs of this tree do."""

    def error(self, message):
        self.exit(2, f"{self.prog}: expected other arguments (see {self.prog} --help): {message}\n")


def parse_positive_number(text):
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def parse_arguments():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog="Exit status: 0 no outcome differs; 1 one differs or an input cannot be read; "
                           "2 bad usage.")
    parser.add_argument("program", metavar="PROGRAM")
    parser.add_argument("paths", metavar="FILE|DIRECTORY", nargs="+")
    parser.add_argument("--all-races", action="store_true",
                        help="record every race of a program; without it, the target stops at the first")
    parser.add_argument("--batch", metavar="N", type=parse_positive_number, default=1,
                        help="start one separate process for N inputs, and fork it for each (default 1)")
    parser.add_argument("--from-bytes", action="store_true",
                        help="read every FILE as a byte string, whatever its name is")
    parser.add_argument("--keep", action="store_true",
                        help="do not clear the detector's memory between inputs")
    parser.add_argument("--renew", action="store_true",
                        help="replace the fibers between inputs, instead of clearing the detector's memory")
    parser.add_argument("--seed", metavar="S", type=int, default=1,
                        help="draw the order of the second execution with seed S (default 1)")
    return parser.parse_args()


class Target:
    """The program that executes inputs, and how it is started."""

    def __init__(self, parsed_arguments):
        self.program = os.path.abspath(parsed_arguments.program)
        self.options = [f"--{name.replace('_', '-')}" for name in ("all_races", "keep", "renew", "from_bytes")
                        if getattr(parsed_arguments, name)]
        self.edge_count = 0

    def list_inputs(self, paths):
        done = subprocess.run([self.program, *self.options, "list", *paths], stdout=subprocess.PIPE,
                              check=False)
        if done.returncode:
            sys.exit(done.returncode if done.returncode > 0 else 1)
        return done.stdout.split(b"\0")[:-1]

    def execute_until_outcome_missing(self, inputs, command):
        """Return: the outcomes of the inputs in their order, up to the first input without an outcome"""
        done = subprocess.run([self.program, *self.options, command], stdout=subprocess.PIPE, check=False,
                              input=b"".join(name + b"\0" for name in inputs))
        if len(done.stdout) < 8:
            return []
        (self.edge_count,) = struct.unpack("Q", done.stdout[:8])
        size = DIGEST_BYTES * (len(PARTS) - 1) + self.edge_count
        outcomes = [done.stdout[at:at + size] for at in range(8, len(done.stdout) - size + 1, size)]
        if done.returncode and len(outcomes) == len(inputs):
            outcomes.pop()
        return outcomes

    def print_replay_command(self, inputs):
        backend = os.environ.get("PAGE_MAP")
        words = [pathlib.Path(__file__).absolute(), self.program, *self.options,
                 *(os.path.abspath(os.fsdecode(name)) for name in inputs)]
        print("  replay:", *([f"PAGE_MAP={shlex.quote(backend)}"] if backend else []), "python3 -B",
              shlex.join(map(str, words)), file=sys.stderr)

    def execute_all_or_exit(self, inputs, command):
        """Return: the outcomes of all inputs; exits if an input has no outcome"""
        outcomes = self.execute_until_outcome_missing(inputs, command)
        if len(outcomes) < len(inputs):
            missing = inputs[len(outcomes)]
            print(f"{os.fsdecode(missing)}: {'alone' if command == 'serve-apart' else 'among all others'}: "
                  "expected an outcome, got none", file=sys.stderr)
            self.print_replay_command([missing])
            sys.exit(1)
        return outcomes

    def print_short_history_command(self, inputs, outcome_alone):
        """Print a command that executes the last input after as few preceding inputs as change its outcome, in
        doubling steps: 1, 2, 4, ..."""
        before = 0
        while self.execute_until_outcome_missing(inputs[-before - 1:], "serve")[before:] == [outcome_alone]:
            if before == len(inputs) - 1:
                print("  the difference did not occur again: the outcome changes from run to run", file=sys.stderr)
                return
            before = min(2 * before or 1, len(inputs) - 1)
        self.print_replay_command(inputs[-before - 1:])

    def print_variable_edges(self, outcome_pairs):
        """@outcome_pairs: pairs of different outcomes of an input: with other inputs, and alone"""
        first = DIGEST_BYTES * (len(PARTS) - 1)
        changes = {}
        for outcome, alone in outcome_pairs:
            for edge in range(self.edge_count):
                if outcome[first + edge] != alone[first + edge]:
                    changes[edge] = changes.get(edge, 0) + 1
        edges = sorted(changes)
        names = subprocess.run([self.program, "edges", *map(str, edges[:LINES_MAX])], capture_output=True,
                               check=False, text=True).stdout.splitlines()
        for edge, name in zip(edges, names):
            print(f"  edge {edge}, {changes[edge]} times not as alone: {name}", file=sys.stderr)
        if edges:
            print(f"  {len(edges)} of {self.edge_count} edges are variable", file=sys.stderr)


def split_outcome(outcome):
    """Return: the digests of the parts, and the edge counters as the last part"""
    ends = [DIGEST_BYTES * index for index in range(len(PARTS))]
    return [outcome[start:start + DIGEST_BYTES] for start in ends[:-1]] + [outcome[ends[-1]:]]


def find_first_differing_positions(order, outcomes, outcomes_alone):
    """Return: {index of an input: the first position in @order with another outcome than alone}"""
    differing = {}
    for position, index in enumerate(order):
        if outcomes[position] != outcomes_alone[index]:
            differing.setdefault(index, position)
    return differing


def print_difference(name, situation, outcome, outcome_alone):
    parts = zip(PARTS, split_outcome(outcome), split_outcome(outcome_alone))
    names = ", ".join(part for part, seen, expected in parts if seen != expected)
    print(f"{os.fsdecode(name)}: {names} {situation} not as alone", file=sys.stderr)


def compare_executions_and_get_status(target, inputs, arguments):
    """Print the differences and a summary. Return: the exit status"""
    count = len(inputs)
    order = list(range(count)) + random.Random(arguments.seed).sample(range(count), count)
    outcomes = target.execute_all_or_exit([inputs[index] for index in order], "serve")
    if not target.edge_count:
        print("expected a build that counts edges", file=sys.stderr)
        return 2
    alone = []
    for start in range(0, count, arguments.batch):
        alone += target.execute_all_or_exit(inputs[start:start + arguments.batch], "serve-apart")
    differing = find_first_differing_positions(order, outcomes, alone)
    for index, position in list(differing.items())[:LINES_MAX]:
        print_difference(inputs[index], "among all others" if position < count else "in another order",
                         outcomes[position], alone[index])
    for index, position in list(differing.items())[:1]:
        target.print_short_history_command([inputs[i] for i in order[:position + 1]], alone[index])
    target.print_variable_edges([(outcomes[position], alone[index]) for position, index in enumerate(order)
                                 if outcomes[position] != alone[index]])
    print(f"{count} inputs, {target.edge_count} edges:",
          f"{len(differing)} inputs have not always the same outcome" if differing
          else "the same outcome every time")
    return 1 if differing else 0


def main():
    # If SIGCHLD were ignored, the exit status of children would be lost.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    arguments = parse_arguments()
    target = Target(arguments)
    return compare_executions_and_get_status(target, target.list_inputs(arguments.paths), arguments)


if __name__ == "__main__":
    sys.exit(main())
