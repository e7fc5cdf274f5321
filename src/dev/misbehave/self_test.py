# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run programs that fail on purpose, one for each way of misbehave.def, among good programs. Each failing
program must get the result that misbehave.def lists, and no good program may fail.
"""
import ctypes
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from command_line import Parser  # noqa: E402 (in another directory)

EXIT_GOOD, EXIT_FAILED, EXIT_BAD = 0, 1, 2
PR_SET_PDEATHSIG = 1

EPILOG = """\
Exit status: 0 each program has its result; 1 a program has another result; 2 bad usage, or no directory
for the programs.

Examples:
  pagetorture-dev self-test --flavour asan
"""

# Number of good programs after each program that fails on purpose; the failure must not affect good programs.
GOOD_PROGRAMS_AFTER_EACH = 3

# good.page breaks no rule. dying.page breaks a rule, and every flavour detects that with every backend.
PROGRAMS = pathlib.Path(__file__).with_name("programs")

# {program that fails without a `# misbehave:` comment: kind of its result}
WRONG_PROGRAMS = {"wrong-expectation": "claim", "wrong-result": "claim", "wrong-text": "unreadable",
                  "wrong-version": "unreadable"}

# {(flavour, way to misbehave that this flavour does not detect): reason}
UNSEEN_WAYS = {
    ("msan", "corrupt"): "MemorySanitizer does not watch where memory ends",
    ("msan", "lose"): "MemorySanitizer does not look for lost memory",
    ("plain", "lose"): "no detector looks for lost memory",
    ("tsan", "corrupt"): "ThreadSanitizer does not watch where memory ends",
    ("tsan", "lose"): "ThreadSanitizer does not look for lost memory",
}


def read_ways_of_misbehaving():
    """Return: [(name, when, kind of the result)] of the ways of misbehave.def."""
    text = pathlib.Path(__file__).with_name("misbehave.def").read_text()
    return re.findall(r'^WAY\(\w+, "([\w-]+)", (\w+), "([\w-]+)"\)$', text, re.MULTILINE)


def read_program_text(program_name):
    return (PROGRAMS / f"{program_name}.page").read_text()


def make_failing_and_good_programs():
    """Return: {name: (kind of the result, program)}. Sorted, good programs follow each failing one."""
    good, dying = read_program_text("good"), read_program_text("dying")
    programs = {name: (kind, read_program_text(name)) for name, kind in WRONG_PROGRAMS.items()}
    for name, when, kind in read_ways_of_misbehaving():
        programs[name] = kind, f"# misbehave: {name}\n{dying if when == 'DYING' else good}"
        for number in range(GOOD_PROGRAMS_AFTER_EACH):
            programs[f"{name}-then-{number}"] = "good", good if number else dying
    return programs


class TemporaryDirectory:
    """A child process removes the directory when the child's standard input ends, which happens also if this
    process is killed."""

    def __init__(self, report_bad_usage):
        self.path = pathlib.Path(os.environ.get("TMPDIR") or "/tmp", f"pagetorture-{secrets.token_hex(6)}")
        # The child must exist before the directory.
        self.remover = subprocess.Popen(
            ["sh", "-c", 'read -r _; exec rm -rf -- "$1"', "sh", self.path], start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.path.mkdir(mode=0o700)
        except OSError as error:
            report_bad_usage(f"expected to make a directory: {error.strerror}")

    def remove_directory_and_wait(self):
        self.remover.communicate()


def replay_programs(options, directory):
    """Return: the objects that `replay --json` prints: one for each result, and a summary."""
    command = [options.tool, "replay", "--json", "--timeout", "6", "--cpu", "2", "--memory", "256"]
    command += ["--flavour", options.flavour] if options.flavour else []
    command += ["--jobs", options.jobs] if options.jobs else []
    def request_signal_at_parent_end():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    child = subprocess.run([*command, directory], capture_output=True, text=True, errors="replace",
                           check=False, preexec_fn=request_signal_at_parent_end)
    # The exit status is always EXIT_BAD, because one program has an unknown version.
    if not child.stdout:
        sys.stderr.write(child.stderr)
        sys.exit(EXIT_BAD)
    return [json.loads(line) for line in child.stdout.splitlines()]


def check_and_print_result(name, flavour, expected_kind, result):
    """Print the result unless it is that of a good program. Return: whether it is as expected."""
    why_unseen = UNSEEN_WAYS.get((flavour, name))
    wanted_kind = "good" if why_unseen else expected_kind
    is_expected = result["result"] == wanted_kind
    if expected_kind != "good" or "-then-" not in name or not is_expected:
        print("%-8s %-20s %-16s %s" % (flavour, name, result["result"] if is_expected else "NOT SEEN",
                                       why_unseen or result["why"] if is_expected else ""))
    if not is_expected:
        print(f"{name}: {flavour}: expected {wanted_kind}, got {result['result']}: {result['why']}",
              file=sys.stderr)
    return is_expected


def write_replay_and_check_programs(options, directory):
    programs = make_failing_and_good_programs()
    for name, (_, content) in programs.items():
        (directory / f"{name}.page").write_text(content)
    *results, summary = replay_programs(options, directory)
    print("%-8s %-20s %-16s" % ("flavour", "way", "result"))
    checked = [check_and_print_result(name, result["flavour"], programs[name][0], result)
               for result in results for name in [pathlib.Path(result["input"]).stem]]
    for flavour in summary["skipped"]:
        print(f"skipped: {flavour}: this build has no such flavour", file=sys.stderr)
    missing = len(programs) * len(summary["flavours"]) - len(results)
    if missing:
        print(f"expected a result of every program in every flavour, {missing} are missing", file=sys.stderr)
    if missing or not all(checked):
        return EXIT_FAILED
    print("each way is noticed, and no other input fails")
    return EXIT_GOOD


def main(tool, *arguments):
    parser = Parser("pagetorture-dev self-test", __doc__, EPILOG)
    parser.add_argument("--flavour", metavar="F,...", help="use only these flavours: plain, asan, tsan, msan")
    parser.add_argument("-j", "--jobs", metavar="N",
                        help="run up to N processes at a time (default: number of CPUs)")
    options = parser.parse_args(arguments)
    options.tool = tool
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    directory = TemporaryDirectory(parser.error)
    status = write_replay_and_check_programs(options, directory.path)
    directory.remove_directory_and_wait()
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
