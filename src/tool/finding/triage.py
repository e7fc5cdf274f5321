# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""pagetorture triage: group the findings of a directory by what fails, and write a directory for each
failure.

`pagetorture minimize --json` describes how each finding fails; equal keys are one failure. The files of
a failure are:

    finding.bin      as the engine left it, or finding.page
    program.page     the same as text
    minimised.page   the smallest program that fails in the same way
    minimised.bin    of a fuzz target that reads no calls: the same as the target reads it
    explanation.txt  the output of `explain` about minimised.page
    reproduce.c      the same calls as one file of C
    report.txt       the reports of `run` and the sanitizers
    replay.sh        a script that shows the failure again
    summary.txt      its signature, how often it failed, its findings; written last

For a fuzz target that reads no programs, minimised.calls or minimised.txt takes the place of
program.page, minimised.page, explanation.txt and reproduce.c.

Each file is written under another name and renamed, so that no file is incomplete.
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

from util.shared import (EXIT_BAD, EXIT_FAILED, EXIT_GOOD, UsageError, end_with_parent, erase_status, format_count,
                         hash_input, log_error, make_summary_head, read_input, replace_invalid_utf8, show_status,
                         write_output_file)

# The options of `pagetorture triage --help`; @add: "" means the working directory.
DEFAULTS = {"add": None, "bytes": False, "executor": "fibers", "output": "", "results": "", "target": "",
            "timeout": 10, "tries": 10}
FILES_PER_PROCESS = 500
REPORT_SECONDS = 120
# As in harness/program/program_name.c.
INPUT_NAME = re.compile(r"(crash-|id:|leak-|oom-|slow-unit-|timeout-).*|.+\.(bin|page)|[0-9a-fA-F]{40}", re.DOTALL)
TEXT_NAMES = {"calls": "minimised.calls", "bytes": "minimised.txt"}
ENGINE_NAME = re.compile(r"(crash|leak|oom|timeout)-")


class Progress:
    """The status line on a terminal, else a line on standard error every ten seconds."""
    interval = 0.2 if sys.stderr.isatty() else 10
    time = time.monotonic()

    @classmethod
    def show_progress(cls, text):
        if time.monotonic() - cls.time >= cls.interval:
            cls.time = time.monotonic()
            (show_status if sys.stderr.isatty() else log_error)(text)


def run_process(command, **options):
    return subprocess.run(command, check=False, preexec_fn=end_with_parent, **options)


def raise_error(error):
    raise error


# ---- the list of findings ----

class FindingList:
    """Findings of a campaign (TARGET/findings), of libFuzzer (crash-*), of AFL++ (crashes/id:*), or
    else all inputs in the directory itself. Equal contents count once."""

    def __init__(self, settings):
        self.settings = settings
        self.paths, self.hashes = [], set()
        self.repeated_count = self.unreadable_count = 0
        paths = list(self.list_input_files())
        named = [path for path in paths if self.is_named_by_engine(path)]
        for path in named or [path for path in paths if os.path.samefile(os.path.dirname(path), settings.directory)]:
            self.add_file(path)

    def list_input_files(self):
        """Yield the files that may be inputs, sorted, without the output directory."""
        seen = {os.path.realpath(self.settings.output)}
        for root, directories, names in os.walk(self.settings.directory, onerror=raise_error, followlinks=True):
            # A symbolic link may lead to a parent directory.
            if os.path.realpath(root) in seen:
                directories.clear()
                continue
            seen.add(os.path.realpath(root))
            directories[:] = sorted(name for name in directories if not name.startswith("."))
            for name in sorted(names):
                # AFL++ writes README.txt next to its crashes, which is no input.
                if not name.startswith(".") and (self.settings.bytes or INPUT_NAME.fullmatch(name)):
                    yield os.path.join(root, name)

    @staticmethod
    def is_named_by_engine(path):
        directory, name = os.path.split(path)
        directory = os.path.basename(directory)
        if directory in ("findings", "reports"):
            return directory == "findings"
        if name.startswith("id:"):
            return directory.startswith(("crashes", "hangs"))
        return bool(ENGINE_NAME.match(name))

    def add_file(self, path):
        try:
            content_hash = hash_input(read_input(path))
        except OSError as error:
            log_error(f"{path}: expected a finding: {error.strerror}")
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

    def __init__(self, settings):
        self.path = settings.tool
        options = [f"--flavour={settings.flavours.replace(', ', ',')}", f"--executor={settings.executor}",
                   f"--timeout={settings.timeout}", f"--tries={settings.tries}"]
        self.options = options + [f"--target={settings.target}"] * bool(settings.target) + \
            ["--bytes"] * (settings.bytes)

    def describe_files(self, paths, *options):
        """Yield how each file fails."""
        command = [self.path, "minimize", "--json", *self.options, *options, "--", *paths]
        with subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=end_with_parent) as process:
            for line in process.stdout:
                yield json.loads(line)
        if process.returncode < 0 or process.returncode > EXIT_BAD:
            raise OSError(0, f"ended with status {process.returncode}", self.path)

    def capture_command_output(self, directory, *words):
        """Return: the output of a command on a file of @directory."""
        return run_process([self.path, *words], cwd=directory, capture_output=True, text=True).stdout


def capture_report(command, seconds):
    """Return: the output of a program; reports of sanitizers have names of functions."""
    environment = dict(os.environ)
    for name in ("ASAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
        environment[name] = ":".join(filter(None, (environment.get(name), "symbolize=1")))
    try:
        return run_process(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                           timeout=seconds).stdout
    except subprocess.TimeoutExpired as expired:
        return (expired.stdout or b"") + f"still running after {seconds} s\n".encode()


# ---- one failure ----

class Failure:
    """Findings that fail in the same way, and their directory."""

    def __init__(self, path, description, triage):
        self.settings, self.tool = triage.settings, triage.tool
        self.paths = [path]
        self.smallest_path, self.found = path, description
        self.smallest = None  # the description of the minimised input
        self.key = description["key"]
        key_hash = hashlib.sha1(self.key.encode(errors="replace")).hexdigest()
        self.name = f"{description['short_name']}-{key_hash[:8]}"
        self.path = pathlib.Path(self.settings.output, self.name)
        self.is_program = "program" in description
        # text_name is for people; a replayer reads calls as text, and other inputs as bytes.
        self.text_name = "minimised.page" if self.is_program else TEXT_NAMES[description["unit"]]
        self.replayer_input = self.text_name if self.text_name == "minimised.calls" else "minimised.bin"

    def add_finding(self, path, description):
        self.paths.append(path)
        if description["size"] < self.found["size"]:
            self.smallest_path, self.found = path, description

    def write_directory(self):
        self.path.mkdir(exist_ok=True)
        is_text = not self.settings.bytes and self.smallest_path.endswith(".page")
        write_output_file(self.path / ("finding.page" if is_text else "finding.bin"),
                   pathlib.Path(self.smallest_path).read_bytes())
        self.write_smallest_input()
        if self.is_program:
            self.write_program_files()
        write_output_file(self.path / "report.txt", self.make_report())
        write_output_file(self.path / "replay.sh", self.make_replay_script().encode())
        write_output_file(self.path / "summary.txt", os.fsencode(self.make_summary()))

    def write_smallest_input(self):
        output, = self.tool.describe_files([self.smallest_path], f"--failure={self.found['failure']}", "-o",
                                     self.path / self.text_name)
        if output["outcome"] == "failure":
            self.smallest = output
        else:
            self.smallest = {**self.found, "is_minimised": False, "failure_count": 0, "reports": ""}
            content = self.found["program"].encode() if self.is_program else bytes.fromhex(self.found["hex"])
            write_output_file(self.path / self.text_name, content)
        if self.found["replayer"] and self.replayer_input != self.text_name:
            write_output_file(self.path / self.replayer_input, bytes.fromhex(self.smallest["hex"]))

    def write_program_files(self):
        """The texts that `explain` and `to-c` write, with what was observed."""
        smallest, notes = self.smallest, [self.key]
        write_output_file(self.path / "program.page", self.found["program"].encode())
        explanation, run_words = "", []
        if smallest["observer"]:
            run_words = ["--run", *self.make_flavour_options()]
            notes.append(f"Expected: {smallest['verdict']}. Seen by {smallest['observer']}: {smallest['observed']}")
        if smallest["observer"] and smallest["replayer"]:
            explanation = f"{smallest['observer']} disagrees with the model\n  Seen: {smallest['observed']}\n\n"
        explanation += self.tool.capture_command_output(self.path, "explain", "--ascii", *run_words, "minimised.page")
        write_output_file(self.path / "explanation.txt", explanation.encode())
        with tempfile.TemporaryDirectory() as directory:
            self.tool.capture_command_output(self.path, "to-c", "--no-run", "-o", f"{directory}/reproduce.c",
                                             "minimised.page")
            text = pathlib.Path(directory, "reproduce.c").read_text()
        comment = "".join(f" * {note.replace('*/', '* /')}\n" for note in notes)
        # The notes follow the first paragraph of the first comment.
        write_output_file(self.path / "reproduce.c", text.replace("\n *\n", f"\n *\n{comment} *\n", 1).encode())

    def make_report(self):
        report = b""
        if self.found["replayer"]:
            report += capture_report([self.found["replayer"], self.path / self.replayer_input],
                                     self.settings.timeout) + b"\n"
        if self.is_program:
            report += capture_report([self.tool.path, "run", *self.make_flavour_options(),
                                      self.path / "minimised.page"], REPORT_SECONDS)
            report += self.smallest["reports"].encode()
        return report

    def make_flavour_options(self):
        return ["--flavour", ",".join(self.found["flavours"])] if self.found["flavours"] else []

    def make_replay_script(self):
        replayer, backend = self.found["replayer"], self.settings.backend
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

    def make_summary(self):
        note = "" if self.smallest["is_minimised"] else \
            " (not minimised: it does not fail in the same way each time)"
        members = "".join(f"  {path}\n" for path in self.paths)
        return (f"signature  {self.key}\n"
                f"failed     {self.smallest['failure_count']} of {self.settings.tries} tries\n"
                f"{self.found['unit']:<10} {self.smallest['size']}, of {self.found['size']}{note}\n"
                f"backend    {self.settings.backend}\n"
                "replay     sh replay.sh\n"
                f"findings\n{members}")

    def make_record(self):
        """The failure as a record of the results (doc/replay.md)."""
        name = str(self.path / ("minimised.page" if self.is_program else "summary.txt"))
        why = (f"{self.key}. It failed {self.smallest['failure_count']} of {self.settings.tries} times, "
               f"in {self.smallest['size']} {self.found['unit']}")
        return {"input": replace_invalid_utf8(name), "bytes": False, "failed": True,
                **self.smallest["record"],
                "why": why, "identity": self.key,
                "replay": "sh " + shlex.quote(os.path.abspath(self.path / "replay.sh"))}

    def add_to_corpus(self, corpus):
        """Add the program to corpus/regress, with the verdict of the model as `expect`. An existing file is
        not changed."""
        if not self.is_program:
            return f"not added: an input of {self.found['target']} is no page program"
        path = corpus / f"{self.name}.page"
        if path.exists():
            return f"was there: {path}"
        # The program keeps only `expect` with the broken rules; its failed claims are removed.
        lines = [re.sub(r" -> \w+$", "", line) for line in self.smallest["program"].splitlines()
                 if not line.startswith("expect ")]
        lines[1:1] = [f"# It failed: {self.key[:230]}", f"expect {self.smallest['verdict']}"]
        write_output_file(path, "".join(f"{line}\n" for line in lines).encode())
        return f"added: {path}"


# ---- the command ----

def find_corpus(start):
    """Return: corpus/regress of the source tree at @start or above it; None: it is in no source tree."""
    root = pathlib.Path(start).resolve()
    for directory in (root, *root.parents):
        if (directory / "corpus/regress").exists() and (directory / "src/page/page.h").exists():
            return directory / "corpus/regress"
    return None


class Triage:
    def __init__(self, settings, corpus):
        self.begin_time = time.time()
        self.settings, self.corpus, self.tool = settings, corpus, Tool(settings)
        self.failures, self.records = {}, []
        self.outcome_counts = {"no failure": 0, "not tried": 0, "no program": 0}
        self.limitation, self.status = None, EXIT_GOOD
        self.findings = FindingList(settings)

    def group_findings(self):
        paths, size = self.findings.paths, FILES_PER_PROCESS
        for start in range(0, len(paths), size):
            part = paths[start:start + size]
            for number, description in enumerate(self.tool.describe_files(part), start):
                Progress.show_progress(f"triage: finding {number + 1} of {len(paths)}, {len(self.failures)} failures")
                self.group_finding(paths[number], description)
        erase_status()

    def group_finding(self, path, description):
        outcome = description["outcome"]
        if outcome != "failure":
            self.outcome_counts[outcome] += 1
            if outcome == "no failure":
                log_error(f"{path}: does not fail here, in {self.settings.tries} tries")
            return
        self.limitation = description["limitation"]
        if description["key"] in self.failures:
            self.failures[description["key"]].add_finding(path, description)
        else:
            self.failures[description["key"]] = Failure(path, description, self)

    def write_failure(self, failure):
        try:
            failure.write_directory()
            added = failure.add_to_corpus(self.corpus) if self.corpus else None
        except OSError as error:
            self.status = EXIT_BAD
            log_error(f"{error.filename}: expected a file that can be written: {error.strerror}")
            return
        smallest = failure.smallest
        print(f"{failure.name}: {format_count(len(failure.paths), 'finding')}, "
              f"failed {smallest['failure_count']} of {self.settings.tries}, "
              f"{smallest['size']} {failure.found['unit']} of {failure.found['size']}\n  {failure.key}")
        if added:
            print(f"  {added}")
        sys.stdout.flush()
        self.records.append(failure.make_record())

    def print_totals(self):
        findings, counts = self.findings, self.outcome_counts
        line = (f"{format_count(len(findings.paths), 'finding')}, {format_count(len(self.failures), 'failure')}, "
                f"in {self.settings.output}")
        no_program_count = counts["no program"] + findings.unreadable_count
        for number, text in ((findings.repeated_count, "were there twice"), (counts["no failure"], "did not fail"),
                             (counts["not tried"], "could not be tried"), (no_program_count, "are no program")):
            line += f"; {number} {text}" if number else ""
        print(line, flush=True)
        if self.limitation:
            log_error(f"{self.settings.directory}: {self.limitation}")
        if not findings.paths or sum(counts.values()) + findings.unreadable_count:
            self.status = max(self.status, EXIT_FAILED)

    def write_results(self):
        """JSON lines: the records, and a summary."""
        settings = self.settings
        summary = make_summary_head("triage", settings, self.begin_time, "failed" if self.status else "good") | {
            "findings": len(self.findings.paths), "failures": len(self.failures)}
        content = "".join(json.dumps(line) + "\n" for line in (*self.records, summary)).encode()
        try:
            if settings.results == "-":
                sys.stdout.buffer.write(content)
            else:
                write_output_file(settings.results, content)
        except OSError as error:
            self.status = EXIT_BAD
            log_error(f"{settings.results}: expected a file that can be written: {error.strerror}")

    def run_triage(self):
        settings, findings = self.settings, self.findings
        if findings.paths:
            os.makedirs(settings.output, exist_ok=True)
        log_error(f"pagetorture triage: {format_count(len(findings.paths), 'finding')} in {settings.directory}, "
            f"up to {settings.tries} tries each, in {settings.flavours}")
        self.group_findings()
        for failure in self.failures.values():
            self.write_failure(failure)
        self.print_totals()
        if settings.results:
            self.write_results()
        return self.status


def run(settings):
    sys.stdout.reconfigure(errors="surrogateescape")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    settings.directory, = settings.arguments
    settings.output = settings.output or f"{settings.directory}/triage"
    corpus = find_corpus(settings.add) if settings.add is not None else None
    if settings.add is not None and not corpus:
        raise UsageError(f"expected --add=TREE, a source tree, got '{settings.add or '.'}'")
    try:
        return Triage(settings, corpus).run_triage()
    except OSError as error:
        log_error(f"{error.filename or 'standard output'}: expected a directory with findings, and files that can be "
                  f"written: {error.strerror}")
        os._exit(EXIT_BAD)  # not sys.exit(), which would write to standard output again
