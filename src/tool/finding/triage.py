# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""`pagetorture triage`: groups the findings of a directory by failure, and writes a directory for each
failure.

`pagetorture minimize --json` describes how each finding fails; equal keys are one failure. The files of
a failure are:

    finding.bin      as the engine left it, or finding.page
    program.page     the program of finding.bin as text
    minimised.page   the smallest program that fails in the same way
    minimised.bin    for a fuzz target, unless it reads text of calls: minimised.page as the target reads it
    explanation.txt  the output of `explain` about minimised.page
    reproduce.c      the calls of minimised.page as one file of C
    report.txt       the reports of `run` and the sanitizers
    replay.sh        a script that executes the minimised input again
    summary.txt      the signature, how many executions failed, the paths of the findings; written last

For a fuzz target that reads no programs, minimised.calls or minimised.txt takes the place of
program.page, minimised.page, explanation.txt and reproduce.c.

Each file is written under a temporary name and then renamed, so no file of this list is incomplete.
"""
import hashlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

from util.shared import (EXIT_BAD, EXIT_FAILED, EXIT_GOOD, UsageError, erase_status, format_count,
                         hash_input, log_to_standard_error, make_result_head, read_valid_input_or_raise, replace_invalid_utf8,
                         request_signal_at_parent_end, show_status, replace_output_file)

# The default values of the options of `pagetorture triage --help`. @add: "": the working directory.
DEFAULTS = {"add": None, "bytes": False, "executor": "fibers", "output": "", "results": "", "target": "",
            "timeout": 10, "tries": 10}
FILES_PER_PROCESS = 500
REPORT_SECONDS = 120
# The file names of inputs; harness/program/program_name.c has the same list.
INPUT_NAME = re.compile(r"(crash-|id:|leak-|oom-|slow-unit-|timeout-).*|.+\.(bin|page)|[0-9a-fA-F]{40}", re.DOTALL)
TEXT_NAMES = {"calls": "minimised.calls", "bytes": "minimised.txt"}
ENGINE_NAME = re.compile(r"(crash|leak|oom|timeout)-")


class Progress:
    """Prints a status line on a terminal, else a line on standard error every ten seconds."""
    interval = 0.2 if sys.stderr.isatty() else 10
    time = time.monotonic()

    @classmethod
    def show_progress_at_interval(cls, text):
        if time.monotonic() - cls.time >= cls.interval:
            cls.time = time.monotonic()
            (show_status if sys.stderr.isatty() else log_to_standard_error)(text)


def run_and_kill_with_parent(command, **subprocess_options):
    return subprocess.run(command, check=False, preexec_fn=request_signal_at_parent_end, **subprocess_options)


def raise_error(error):
    raise error


# ---- the list of findings ----

class FindingList:
    """The findings below the directory: those of a campaign (TARGET/findings), of libFuzzer (crash-*) and
    of AFL++ (crashes/id:*). If there are none of these, all inputs in the directory itself. The list has
    one of the files with equal content."""

    def __init__(self, triage_options):
        self.options = triage_options
        self.paths, self.hashes = [], set()
        self.repeated_count = self.unreadable_count = 0
        paths = list(self.list_input_files())
        named = [path for path in paths if self.is_engine_finding(path)]
        top = triage_options.directory
        for path in named or [path for path in paths if os.path.samefile(os.path.dirname(path), top)]:
            self.add_file_unless_repeated(path)

    def list_input_files(self):
        """Yield the files that may be inputs, sorted, without the output directory."""
        seen = {os.path.realpath(self.options.output)}
        for root, directories, names in os.walk(self.options.directory, onerror=raise_error, followlinks=True):
            # A symbolic link may lead to a parent directory.
            if os.path.realpath(root) in seen:
                directories.clear()
                continue
            seen.add(os.path.realpath(root))
            directories[:] = sorted(name for name in directories if not name.startswith("."))
            for name in sorted(names):
                # AFL++ writes README.txt next to its crashes, which is no input.
                if not name.startswith(".") and (self.options.bytes or INPUT_NAME.fullmatch(name)):
                    yield os.path.join(root, name)

    @staticmethod
    def is_engine_finding(path):
        directory, name = os.path.split(path)
        directory = os.path.basename(directory)
        if directory in ("findings", "reports"):
            return directory == "findings"
        if name.startswith("id:"):
            return directory.startswith(("crashes", "hangs"))
        return bool(ENGINE_NAME.match(name))

    def add_file_unless_repeated(self, path):
        try:
            content_hash = hash_input(read_valid_input_or_raise(path))
        except OSError as error:
            log_to_standard_error(f"{path}: expected a finding: {error.strerror}")
            self.unreadable_count += 1
            return
        if content_hash in self.hashes:
            self.repeated_count += 1
        else:
            self.hashes.add(content_hash)
            self.paths.append(path)


# ---- pagetorture ----

class Tool:
    """Runs `pagetorture` with the options of the user."""

    def __init__(self, triage_options):
        self.path = triage_options.tool
        options = [f"--flavour={triage_options.flavours.replace(', ', ',')}", f"--executor={triage_options.executor}",
                   f"--timeout={triage_options.timeout}", f"--tries={triage_options.tries}"]
        self.option_words = options + [f"--target={triage_options.target}"] * bool(triage_options.target) + \
            ["--bytes"] * (triage_options.bytes)

    def execute_and_describe_files(self, paths, *minimize_options):
        """Execute each file by `pagetorture minimize --json`, and yield the object about its failure."""
        command = [self.path, "minimize", "--json", *self.option_words, *minimize_options, "--", *paths]
        with subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=request_signal_at_parent_end) as process:
            for line in process.stdout:
                yield json.loads(line)
        if process.returncode < 0 or process.returncode > EXIT_BAD:
            raise OSError(0, f"ended with status {process.returncode}", self.path)

    def run_tool_and_capture_output(self, working_directory, *command_words):
        """Run a command of pagetorture in @working_directory. Return: its standard output."""
        return run_and_kill_with_parent([self.path, *command_words], cwd=working_directory, capture_output=True,
                                        text=True).stdout


def run_and_capture_symbolized_output(command, timeout_seconds):
    """Run a command, with function names in the reports of sanitizers. Return: its output."""
    environment = dict(os.environ)
    for name in ("ASAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
        environment[name] = ":".join(filter(None, (environment.get(name), "symbolize=1")))
    try:
        return run_and_kill_with_parent(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                                        timeout=timeout_seconds).stdout
    except subprocess.TimeoutExpired as expired:
        return (expired.stdout or b"") + f"still running after {timeout_seconds} s\n".encode()


# ---- one failure ----

class Failure:
    """Findings that fail in the same way, and their directory."""

    def __init__(self, finding_path, description, triage):
        self.options, self.tool = triage.options, triage.tool
        self.paths = [finding_path]
        self.smallest_path, self.found = finding_path, description
        self.smallest = None  # the description of the minimised input
        self.key = description["key"]
        key_hash = hashlib.sha1(self.key.encode(errors="replace")).hexdigest()
        self.name = f"{description['short_name']}-{key_hash[:8]}"
        self.path = pathlib.Path(self.options.output, self.name)
        self.is_program = "program" in description
        # text_name is for people; a replayer reads calls as text, and other inputs as bytes.
        self.text_name = "minimised.page" if self.is_program else TEXT_NAMES[description["unit"]]
        self.replayer_input = self.text_name if self.text_name == "minimised.calls" else "minimised.bin"

    def add_finding_of_same_failure(self, finding_path, description):
        self.paths.append(finding_path)
        if description["size"] < self.found["size"]:
            self.smallest_path, self.found = finding_path, description

    def write_failure_directory(self):
        self.path.mkdir(exist_ok=True)
        is_text = not self.options.bytes and self.smallest_path.endswith(".page")
        replace_output_file(self.path / ("finding.page" if is_text else "finding.bin"),
                   pathlib.Path(self.smallest_path).read_bytes())
        self.minimise_and_write_input()
        if self.is_program:
            self.write_program_files()
        replace_output_file(self.path / "report.txt", self.run_and_concatenate_reports())
        replace_output_file(self.path / "replay.sh", self.format_replay_script().encode())
        replace_output_file(self.path / "summary.txt", os.fsencode(self.format_summary()))

    def minimise_and_write_input(self):
        output, = self.tool.execute_and_describe_files(
            [self.smallest_path], f"--failure={self.found['failure']}", "-o", self.path / self.text_name)
        if output["outcome"] == "failure":
            self.smallest = output
        else:
            self.smallest = {**self.found, "is_minimised": False, "failure_count": 0, "reports": ""}
            content = self.found["program"].encode() if self.is_program else bytes.fromhex(self.found["hex"])
            replace_output_file(self.path / self.text_name, content)
        if self.found["replayer"] and self.replayer_input != self.text_name:
            replace_output_file(self.path / self.replayer_input, bytes.fromhex(self.smallest["hex"]))

    def write_program_files(self):
        """Write program.page, explanation.txt and reproduce.c; the last two have the observed disagreement."""
        smallest, notes = self.smallest, [self.key]
        replace_output_file(self.path / "program.page", self.found["program"].encode())
        explanation, run_words = "", []
        if smallest["observer"]:
            run_words = ["--run", *self.make_flavour_options()]
            notes.append(f"Expected: {smallest['verdict']}. Seen by {smallest['observer']}: {smallest['observed']}")
        if smallest["observer"] and smallest["replayer"]:
            explanation = f"{smallest['observer']} disagrees with the model\n  Seen: {smallest['observed']}\n\n"
        explanation += self.tool.run_tool_and_capture_output(self.path, "explain", "--ascii", *run_words, "minimised.page")
        replace_output_file(self.path / "explanation.txt", explanation.encode())
        with tempfile.TemporaryDirectory() as directory:
            self.tool.run_tool_and_capture_output(self.path, "to-c", "--no-run", "-o", f"{directory}/reproduce.c",
                                             "minimised.page")
            text = pathlib.Path(directory, "reproduce.c").read_text()
        comment = "".join(f" * {note.replace('*/', '* /')}\n" for note in notes)
        # The notes follow the first paragraph of the first comment.
        replace_output_file(self.path / "reproduce.c", text.replace("\n *\n", f"\n *\n{comment} *\n", 1).encode())

    def run_and_concatenate_reports(self):
        report = b""
        if self.found["replayer"]:
            report += run_and_capture_symbolized_output([self.found["replayer"], self.path / self.replayer_input],
                                              self.options.timeout) + b"\n"
        if self.is_program:
            report += run_and_capture_symbolized_output([self.tool.path, "run", *self.make_flavour_options(),
                                               self.path / "minimised.page"], REPORT_SECONDS)
            report += self.smallest["reports"].encode()
        return report

    def make_flavour_options(self):
        return ["--flavour", ",".join(self.found["flavours"])] if self.found["flavours"] else []

    def format_replay_script(self):
        replayer, backend = self.found["replayer"], self.options.backend
        if replayer:
            own, fallback = replayer, os.path.basename(replayer)
            command = f'PAGE_MAP={backend} exec "$own" {self.replayer_input}'
        else:
            own, fallback = self.tool.path, "pagetorture"
            words = shlex.join(["run", "--backend", backend, *self.make_flavour_options(), "minimised.page"])
            command = f'exec "${{PAGETORTURE:-$own}}" {words}'
        return f"""#!/bin/sh
# {self.key}
cd -- "$(dirname -- "$0")" || exit 2
# The binary of the build that found it; on another machine the one in PATH.
own={shlex.quote(own)}
[ -x "$own" ] || own={fallback}
{command}
"""

    def format_summary(self):
        note = "" if self.smallest["is_minimised"] else \
            " (not minimised: it does not fail in the same way each time)"
        members = "".join(f"  {path}\n" for path in self.paths)
        return (f"signature  {self.key}\n"
                f"failed     {self.smallest['failure_count']} of {self.options.tries} tries\n"
                f"{self.found['unit']:<10} {self.smallest['size']}, of {self.found['size']}{note}\n"
                f"backend    {self.options.backend}\n"
                "replay     sh replay.sh\n"
                f"findings\n{members}")

    def make_result_record(self):
        """Return: the record of this failure for the results (doc/replay.md)."""
        name = str(self.path / ("minimised.page" if self.is_program else "summary.txt"))
        why = (f"{self.key}. It failed {self.smallest['failure_count']} of {self.options.tries} times, "
               f"in {self.smallest['size']} {self.found['unit']}")
        return {"input": replace_invalid_utf8(name), "bytes": False, "failed": True,
                **self.smallest["record"],
                "why": why, "identity": self.key,
                "replay": "sh " + shlex.quote(os.path.abspath(self.path / "replay.sh"))}

    def add_to_regress_corpus_and_describe(self, regress_directory):
        """Write the program to corpus/regress, with the verdict of the model as `expect`, unless the file
        exists. Return: a message about what was done."""
        if not self.is_program:
            return f"not added: an input of {self.found['target']} is no page program"
        path = regress_directory / f"{self.name}.page"
        if path.exists():
            return f"was there: {path}"
        # `expect` gets the broken rules. The other claims are removed, because they may be false.
        lines = [re.sub(r" -> \w+$", "", line) for line in self.smallest["program"].splitlines()
                 if not line.startswith("expect ")]
        lines[1:1] = [f"# It failed: {self.key[:230]}", f"expect {self.smallest['verdict']}"]
        replace_output_file(path, "".join(f"{line}\n" for line in lines).encode())
        return f"added: {path}"


# ---- the command ----

def find_regress_corpus_directory(start_directory):
    """Return: corpus/regress of the source tree that contains @start_directory; None: no tree does."""
    root = pathlib.Path(start_directory).resolve()
    for directory in (root, *root.parents):
        if (directory / "corpus/regress").exists() and (directory / "src/page/page.h").exists():
            return directory / "corpus/regress"
    return None


class Triage:
    def __init__(self, triage_options, regress_directory):
        self.begin_time = time.time()
        self.options, self.regress_directory = triage_options, regress_directory
        self.tool = Tool(triage_options)
        self.failures, self.records = {}, []
        self.outcome_counts = {"no failure": 0, "not tried": 0, "no program": 0}
        self.limitation, self.status = None, EXIT_GOOD
        self.findings = FindingList(triage_options)

    def execute_and_group_findings(self):
        paths, size = self.findings.paths, FILES_PER_PROCESS
        for start in range(0, len(paths), size):
            part = paths[start:start + size]
            for number, description in enumerate(self.tool.execute_and_describe_files(part), start):
                Progress.show_progress_at_interval(f"triage: finding {number + 1} of {len(paths)}, "
                                                   f"{len(self.failures)} failures")
                self.group_or_count_finding(paths[number], description)
        erase_status()

    def group_or_count_finding(self, path, description):
        outcome = description["outcome"]
        if outcome != "failure":
            self.outcome_counts[outcome] += 1
            if outcome == "no failure":
                log_to_standard_error(f"{path}: does not fail here, in {self.options.tries} tries")
            return
        self.limitation = description["limitation"]
        if description["key"] in self.failures:
            self.failures[description["key"]].add_finding_of_same_failure(path, description)
        else:
            self.failures[description["key"]] = Failure(path, description, self)

    def write_print_and_record_failure(self, failure):
        try:
            failure.write_failure_directory()
            directory = self.regress_directory
            added = failure.add_to_regress_corpus_and_describe(directory) if directory else None
        except OSError as error:
            self.status = EXIT_BAD
            log_to_standard_error(f"{error.filename}: expected a file that can be written: {error.strerror}")
            return
        smallest = failure.smallest
        print(f"{failure.name}: {format_count(len(failure.paths), 'finding')}, "
              f"failed {smallest['failure_count']} of {self.options.tries}, "
              f"{smallest['size']} {failure.found['unit']} of {failure.found['size']}\n  {failure.key}")
        if added:
            print(f"  {added}")
        sys.stdout.flush()
        self.records.append(failure.make_result_record())

    def print_totals_and_set_status(self):
        findings, counts = self.findings, self.outcome_counts
        line = (f"{format_count(len(findings.paths), 'finding')}, {format_count(len(self.failures), 'failure')}, "
                f"in {self.options.output}")
        no_program_count = counts["no program"] + findings.unreadable_count
        for number, text in ((findings.repeated_count, "were there twice"), (counts["no failure"], "did not fail"),
                             (counts["not tried"], "could not be tried"), (no_program_count, "are no program")):
            line += f"; {number} {text}" if number else ""
        print(line, flush=True)
        if self.limitation:
            log_to_standard_error(f"{self.options.directory}: {self.limitation}")
        if not findings.paths or sum(counts.values()) + findings.unreadable_count:
            self.status = max(self.status, EXIT_FAILED)

    def write_results(self):
        """Write the results as JSON lines: a record for each failure, and a summary."""
        triage_options = self.options
        summary = make_result_head("triage", triage_options, self.begin_time, "failed" if self.status else "good") | {
            "findings": len(self.findings.paths), "failures": len(self.failures)}
        content = "".join(json.dumps(line) + "\n" for line in (*self.records, summary)).encode()
        try:
            if triage_options.results == "-":
                sys.stdout.buffer.write(content)
            else:
                replace_output_file(triage_options.results, content)
        except OSError as error:
            self.status = EXIT_BAD
            log_to_standard_error(f"{triage_options.results}: expected a file that can be written: {error.strerror}")

    def run_triage(self):
        triage_options, findings = self.options, self.findings
        if findings.paths:
            os.makedirs(triage_options.output, exist_ok=True)
        log_to_standard_error(f"pagetorture triage: {format_count(len(findings.paths), 'finding')} in {triage_options.directory}, "
            f"up to {triage_options.tries} tries each, in {triage_options.flavours}")
        self.execute_and_group_findings()
        for failure in self.failures.values():
            self.write_print_and_record_failure(failure)
        self.print_totals_and_set_status()
        if triage_options.results:
            self.write_results()
        return self.status


def run(triage_options):
    sys.stdout.reconfigure(errors="surrogateescape")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    triage_options.directory, = triage_options.arguments
    triage_options.output = triage_options.output or f"{triage_options.directory}/triage"
    regress_directory = find_regress_corpus_directory(triage_options.add) if triage_options.add is not None else None
    if triage_options.add is not None and not regress_directory:
        raise UsageError(f"expected --add=TREE, a source tree, got '{triage_options.add or '.'}'")
    try:
        return Triage(triage_options, regress_directory).run_triage()
    except OSError as error:
        log_to_standard_error(f"{error.filename or 'standard output'}: expected a directory with findings, and files that can be "
                  f"written: {error.strerror}")
        os._exit(EXIT_BAD)  # not sys.exit(), which would write to standard output again
