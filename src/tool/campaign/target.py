# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""One fuzz target of a campaign, and its directory:

  corpus/     inputs that an engine or a user added; kept forever
  findings/   inputs that made the target fail; kept forever
  reports/    the output of the engine about each finding
  queue/      inputs that the engines read; libFuzzer also writes here, and removes what it can replace
  libfuzzer/  the findings of libFuzzer, as it wrote them
  afl/        AFL++'s directory of instances
  logs/       output of the engines
  plot.tsv    figures over time

Engines write to their own directories. New files there are copied to corpus/ and findings/ (collect.py), so
an engine cannot damage these. A campaign first copies the files that the campaign before it did not copy.
"""
import contextlib
import fcntl
import os
import shlex

from campaign.corpus import CorpusDirectory
from campaign.engine import is_executable
from campaign.engine_afl import Afl
from campaign.engine_libfuzzer import LibFuzzer
from campaign.worker import Worker
from util.shared import hash_input, log_to_standard_output, replace_file

# The engines of a target, in the order in which they are started.
ENGINES = (LibFuzzer(), Afl())
DIRECTORIES = ("", "corpus", "findings", "queue", "libfuzzer", "afl", "logs", "reports")
# The engines of a target pause while the disk has less free space, so that findings can still be written.
FREE_BYTES_LEAST = 16 << 20
FREE_FILES_LEAST = 256
PATH_SIZE_MOST = 3840


class TargetError(Exception):
    """A target that cannot be fuzzed or merged; the message is the reason."""


class Target:
    def __init__(self, name, flavour, input_kind, max_input_size, campaign_options):
        self.name, self.flavour, self.options = name, flavour, campaign_options
        self.input_kind, self.max_input_size = input_kind, max_input_size
        self.directory = f"{campaign_options.dir}/{name}"
        self.queue = f"{self.directory}/queue"
        dictionary = f"{campaign_options.seeds}/{name}.dict"  # tokens, in the format of both engines
        self.dictionary = dictionary if os.access(dictionary, os.R_OK) else ""
        self.lock_file = None
        self.corpus = CorpusDirectory(name, self.directory, "corpus", must_sync_files=False)
        self.findings = CorpusDirectory(name, self.directory, "findings", must_sync_files=True)
        self.corpus_count_before = self.finding_count_before = 0

        self.engine_workers = {}  # engine: its workers, which are made when they are needed
        self.missing_parts = {}  # engine name: why the engine does not run on the target
        self.pause_reason = ""
        # By directory and name prefix: the names of files that are kept already, and the time of the last change of
        # a directory whose files are all kept.
        self.handled_files, self.listing_times = {}, {}
        self.lost_count = 0  # files or directories of engines that could not be kept
        self.reported_reasons = set()
        self.first_finding = self.last_engine_failure = ""

        self.coverage = 0  # the most that a worker of the first engine reported
        self.last_find_time = 0.0
        self.earlier_seconds = self.earlier_executions = 0  # totals of earlier campaigns in this directory
        self.plotted_figures, self.plot_time = "", 0.0

    # ---- engines ----

    def set_usable_engines(self, requested_names):
        """Set the engines to those of @requested_names that can run on the target; log why another cannot."""
        for engine in ENGINES:
            if engine.name in requested_names:
                self.engine_workers[engine] = []
                missing_part = engine.describe_missing_part(self.options, self)
                if missing_part:
                    self.skip_engine(engine, missing_part)

    def skip_engine(self, engine, reason):
        log_to_standard_output(f"{self.name}: skipped: {engine.name}: {reason}")
        self.missing_parts[engine.name] = reason
        del self.engine_workers[engine]

    def make_and_list_startable_workers(self, engine, now):
        """Return: the workers of the engine that may start now. If all roles run, make one worker more."""
        workers = self.engine_workers[engine]
        limit = max(engine.role_count, sum(worker.pid > 0 for worker in workers) + 1)
        while len(workers) < limit:
            workers.append(Worker(engine, self, len(workers)))
        return [worker for worker in workers[:limit] if not worker.pid and worker.retry_time <= now]

    def list_workers(self):
        return [worker for workers in self.engine_workers.values() for worker in workers]

    def list_running_workers(self):
        return [worker for worker in self.list_workers() if worker.pid]

    # ---- directories ----

    def open_directory_and_read_inputs(self):
        """Make and lock the directories of the target, and read the inputs in them. Raises TargetError."""
        # Engines append names of files to its path.
        if len(os.fsencode(self.directory)) > PATH_SIZE_MOST:
            raise TargetError(f"path too long: {self.directory}")
        try:
            for name in DIRECTORIES:
                os.makedirs(f"{self.directory}/{name}", exist_ok=True)
            self.lock_directory()
            for _ in self.findings.register_and_yield_inputs():
                pass
            for content in self.corpus.register_and_yield_inputs():
                self.add_to_queue_unless_finding(content)
        except OSError as error:
            raise TargetError(f"expected a directory that can be written: {error.filename or self.directory}: "
                           f"{error.strerror}") from error
        reason = self.probe_for_write_error()
        if reason and self.has_free_space():
            raise TargetError(f"expected a directory that can be written: {self.directory}: {reason}")
        self.add_seeds_to_corpus_and_queue()
        self.corpus_count_before = len(self.corpus.hashes)
        self.finding_count_before = len(self.findings.hashes)

    def lock_directory(self):
        """Raise TargetError if another campaign runs in the directory: its inputs would count as inputs of this
        campaign, and AFL++ would not start."""
        self.lock_file = open(f"{self.directory}/lock", "ab")
        try:
            fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TargetError(f"another campaign runs in {self.directory}") from error

    def add_seeds_to_corpus_and_queue(self):
        """Add the seeds to the corpus and the queue; without any input, add one of a newline."""
        seeds = CorpusDirectory(self.name, self.options.seeds, self.name, must_sync_files=False)
        if os.access(seeds.path, os.R_OK | os.X_OK):
            for content in seeds.register_and_yield_inputs():
                self.add_to_corpus_and_queue(content)
        # AFL++ does not start without an input.
        if not self.corpus.hashes:
            self.add_to_corpus_and_queue(b"\n")

    def add_to_corpus_and_queue(self, content):
        with contextlib.suppress(OSError):
            self.corpus.add_input_if_new(content)
        self.add_to_queue_unless_finding(content)

    def add_to_queue_unless_finding(self, content):
        """Copy an input to the directory that the engines read, unless the input is a finding."""
        name = hash_input(content)  # as libFuzzer names it
        if name in self.findings.hashes:
            return
        self.handled_files.setdefault((self.queue, ""), set()).add(name)
        if not os.path.exists(f"{self.queue}/{name}"):
            # An input that cannot be copied now is copied when the next campaign begins.
            with contextlib.suppress(OSError):
                replace_file(self.corpus.temporary_path, f"{self.queue}/{name}", content)

    def remove_finding_from_queue(self, finding_path):
        """Remove a finding from the directory that the engines read: it would end each engine at its start."""
        name = finding_path.rpartition("-")[2]
        if len(name) == len(hash_input(b"")):
            with contextlib.suppress(OSError):
                os.unlink(f"{self.queue}/{name}")

    # ---- free space ----

    def has_free_space(self):
        try:
            disk = os.statvfs(self.directory)
        except OSError:
            return True
        return disk.f_bavail * disk.f_frsize >= FREE_BYTES_LEAST and (
            not disk.f_files or disk.f_favail >= FREE_FILES_LEAST)

    def probe_for_write_error(self):
        """Return: why the directory of the target cannot be written to, or soon cannot; "": it can.

        Engines do not detect that they cannot write, and then lose inputs. So engines run only while a probe file
        can be written to the directory of the target, and while there is free space.
        """
        if not self.has_free_space():
            return "the disk is nearly full"
        for name in DIRECTORIES:
            path = f"{self.directory}/{name}"
            if not os.access(path, os.W_OK | os.X_OK):
                return "Permission denied" if os.path.exists(path) else "No such file or directory"
        try:
            replace_file(self.corpus.temporary_path, f"{self.directory}/.probe", bytes(4096))
            os.unlink(f"{self.directory}/.probe")
        except OSError as error:
            return error.strerror
        return ""

    # ---- figures ----

    def estimate_campaign_executions(self, now):
        """Return: the executions of this campaign so far, with an estimate for running engines."""
        return sum(worker.estimate_campaign_executions(now) for worker in self.list_workers())

    def estimate_total_executions(self, now):
        return self.earlier_executions + self.estimate_campaign_executions(now)

    def compute_executions_per_second(self):
        return int(sum(worker.rate for worker in self.list_workers()))

    def count_new_findings(self):
        return len(self.findings.hashes) - self.finding_count_before

    def format_replay_shell_command(self, input_path):
        """Return: a shell command, for any directory, that executes the target on an input."""
        names = (f"{self.name}-replay-{self.flavour}", self.name, f"afl/{self.name}")
        binary = next(name for name in names if name == names[-1] or is_executable(self.options.bin, name))
        return shlex.join(os.path.join(self.options.start_directory, path)
                          for path in (f"{self.options.bin}/{binary}", input_path))

    def update_coverage_from_first_engine(self):
        """Set the coverage to the most of the first engine's workers: each engine counts in its own unit."""
        for worker in next(iter(self.engine_workers.values()), []):
            self.coverage = max(self.coverage, worker.coverage)

    def make_result_figures(self, now):
        """Return: the figures of the target for the results and the summary; _new: of this campaign."""
        corpus_count = len(self.corpus.hashes)
        return {"executions": self.estimate_campaign_executions(now), "executions_before": self.earlier_executions,
                "seconds_before": self.earlier_seconds, "coverage": self.coverage, "corpus": corpus_count,
                "corpus_new": corpus_count - self.corpus_count_before, "findings": len(self.findings.hashes),
                "findings_new": self.count_new_findings()}
