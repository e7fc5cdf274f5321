# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run programs with a changed page library, store the results, and report them.

tests/bugs and tests/mutants use this module.
"""
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "src" / "dev"))
import command_line  # noqa: E402 (in another directory)
from command_line import EXIT_BAD, parse_positive_number  # noqa: E402

EXIT_GOOD, EXIT_FAILED = 0, 1
HANG = "hang"


class BadInput(Exception):
    """Wrong arguments, or a file that cannot be read."""


# ---- one program ----

@dataclasses.dataclass
class Execution:
    status: object  # an exit status, the name of a signal, or HANG
    seconds: float
    cpu_seconds: float
    output: str


def _decode_return_code(return_code):
    if return_code >= 0:
        return return_code
    return HANG if -return_code == signal.SIGXCPU else signal.Signals(-return_code).name


def _kill_process_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _wait_and_return_cpu_seconds(process):
    """Return: the CPU time of @process and its children. Other threads run commands too, so a difference of
    RUSAGE_CHILDREN would contain the time of their commands."""
    _, wait_status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(wait_status)
    return usage.ru_utime + usage.ru_stime


def run_with_time_limits(command, wall_limit_seconds, cpu_seconds="unlimited", **popen_options):
    """Run a command; end it and its children at a limit, in seconds."""
    begun, timed_out = time.monotonic(), threading.Event()
    limited = ["sh", "-c", f'ulimit -c 0; ulimit -S -t {cpu_seconds}; exec "$@"', "sh"]
    with subprocess.Popen([*limited, *map(str, command)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True, **popen_options) as process:
        timer = threading.Timer(wall_limit_seconds, lambda: (timed_out.set(), _kill_process_group(process)))
        timer.start()
        try:
            output = process.stdout.read()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finally:
            # The process is not waited for yet, so its number belongs to no other process.
            timer.cancel()
            timer.join()
            _kill_process_group(process)
            used_cpu_seconds = _wait_and_return_cpu_seconds(process)
    status = HANG if timed_out.is_set() else _decode_return_code(process.returncode)
    output = b"" if timed_out.is_set() else output
    return Execution(status, time.monotonic() - begun, used_cpu_seconds, output.decode(errors="replace"))


# ---- results ----

class Results:
    """A file of records, one JSON object on each line; the last record with a name is valid.

    Each record is appended at once, so a stopped run loses only what it was testing.
    """

    def __init__(self, results_path):
        self.path, self.records, self.lock = results_path, {}, threading.Lock()
        try:
            text = results_path.read_bytes()
        except FileNotFoundError:
            text = b""
        for number, line in enumerate(text.splitlines(keepends=True), 1):
            try:
                record = json.loads(line)
                self.records[record["name"]] = record
            except (ValueError, LookupError, TypeError) as error:
                if line.endswith(b"\n") or not line.startswith(b"{"):
                    raise BadInput(f"{results_path}:{number}: expected a result of an earlier run") from error
                # A run that was killed left an incomplete last line.
                results_path.write_bytes(text[:-len(line)])

    def append_record(self, record):
        with self.lock:
            self.records[record["name"]] = record
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(json.dumps(record) + "\n")


def test_subjects_and_print_lines(subjects, test_subject, job_count):
    """Call @test_subject for each subject, @job_count at a time, and print the line that the call returns."""
    with concurrent.futures.ThreadPoolExecutor(job_count) as pool:
        tests = [pool.submit(test_subject, subject) for subject in subjects]
        try:
            for number, test in enumerate(concurrent.futures.as_completed(tests), 1):
                print(f"[{number}/{len(tests)}] {test.result()}", file=sys.stderr, flush=True)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def print_aligned_columns(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


def write_results_for_report(options, command, start_time, status, tree, results_object):
    sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "report"))
    import keep  # needs the directory report/, which other commands do not
    head = keep.make_result_head(command.rpartition("/")[2], start_time, " ".join([command, *sys.argv[1:]]),
                                 status, os.environ["LIBRARY_CC"], tree.build)
    keep.write_json(options.report, {**head, **results_object})


# ---- a command line program ----

class Parser(command_line.Parser):
    """A parser with the options that both programs have."""

    def __init__(self, command, description, epilog):
        super().__init__(command, description, epilog)
        add = self.add_argument
        add("--again", action="store_true", help="repeat what has a stored result")
        add("--jobs", type=parse_positive_number, default=os.cpu_count(), metavar="N",
            help="test N at a time (default: one per CPU)")
        add("--list", action="store_true", help="list what would be tested; runs nothing")
        add("--report", type=pathlib.Path, metavar="FILE",
            help="also write the table to FILE as one JSON object, for make report")
        add("--results", type=pathlib.Path, metavar="FILE",
            help="store results in FILE, which the next run reads (default: "
                 f"{pathlib.Path(command).parent}/results.jsonl in the build directory)")

    def print_help(self, file=None):
        """Like argparse, but report a failed write."""
        (file or sys.stdout).write(self.format_help())


def _run_main_and_print_errors(command, main, exit_status_by_exception_type):
    try:
        return main(sys.argv[1:])
    except SystemExit as done:
        return done.code
    except KeyboardInterrupt:
        print("\nstopped; the next run resumes here", file=sys.stderr)
        return EXIT_FAILED
    except tuple(exit_status_by_exception_type) as error:
        print(f"{command}: {error}", file=sys.stderr)
        return exit_status_by_exception_type[type(error)]
    except OSError as error:
        if not error.filename:
            raise
        print(f"{command}: {error.filename}: {error.strerror}", file=sys.stderr)
        return EXIT_BAD


def run_main_and_exit(command, main, exit_status_by_exception_type):
    """Run @main and exit with its status. @exit_status_by_exception_type maps exceptions to statuses.

    A failure to write standard output is a failure of the program.
    """
    # An inherited "ignore" would make subprocess report status 0 for every child.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        status = _run_main_and_print_errors(command, main, {BadInput: EXIT_BAD, **exit_status_by_exception_type})
        sys.stdout.flush()
    except OSError as error:
        print(f"{command}: expected to write standard output: {error.strerror}", file=sys.stderr)
        # At exit, the interpreter must not try again to write its buffered output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = EXIT_BAD
    sys.exit(status)
