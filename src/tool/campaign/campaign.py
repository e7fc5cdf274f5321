# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A fuzzing campaign: engines run on targets until the time is over or a signal ends it.

The campaign is one loop, which waits until a child ends, a signal arrives or a fifth of a second is over.
It keeps as many engines running as there are jobs. All inputs and figures are in files, so this program may be
killed at any time; the kernel then sends its engines the signal that they asked for (worker.py).
"""
import contextlib
import os
import signal
import time

from campaign.collect import collect_inputs
from campaign.progress import log_campaign_begin, log_campaign_summary, update_progress, write_results
from campaign.target import TargetError
from util.shared import EXIT_BAD, EXIT_FAILED, EXIT_GOOD, format_count, log_error, log_message, prctl, read_input

EXIT_UNAVAILABLE = 69  # of <sysexits.h>: the page library lacks calls of the target (absent.c)
PR_SET_CHILD_SUBREAPER = 36

WAIT_MOST = 0.2
POLL_INTERVAL = 1
RESULTS_INTERVAL = 60
END_PATIENCE = 10
# Failures of each engine without one execution after which the campaign ends.
FAILURES_MOST = 3
# The seconds that a worker runs at a time if workers take turns.
SLICE_LEAST, SLICE_MOST = 10, 600


class Campaign:
    def __init__(self, options, targets):
        self.options, self.targets = options, targets
        self.left_out_targets = []  # names and reasons
        self.has_unusable_directory = False
        self.now = self.start_time = self.poll_time = self.log_time = time.monotonic()
        self.results_time = self.now - RESULTS_INTERVAL  # write them at the first poll
        self.slice_length = 0  # seconds; 0: workers run until the end
        self.failures_in_row = 0  # of all engines, without one execution
        self.signals = set()
        self.is_stopped = False

    def compute_elapsed_seconds(self):
        return self.now - self.start_time

    def find_running_workers(self):
        return [worker for target in self.targets for worker in target.find_running_workers()]

    # ---- processes that ended ----

    def kill_stray_processes(self):
        """Kill the targets that a killed AFL++ left: the kernel makes them children of this process."""
        known_pids = {worker.pid for worker in self.find_running_workers()}
        with contextlib.suppress(OSError), open(f"/proc/self/task/{os.getpid()}/children") as children:
            for pid in map(int, children.read().split()):
                if pid not in known_pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def leave_out_target(self, target, reason):
        self.targets.remove(target)
        self.left_out_targets.append({"name": target.name, "reason": reason})

    def handle_finding(self, worker):
        target = worker.target
        try:
            read_input(worker.finding_path)
        except OSError:
            log_message(f"{target.name}: a finding of {worker.name} could not be written: "
                        f"{worker.end_reason} (log: {worker.log_path}.old)")
        collect_inputs(target, False, self.now)
        target.remove_finding_from_queue(worker.finding_path)

    def handle_worker_failure(self, worker, status, has_executed):
        target = worker.target
        if os.WIFSIGNALED(status):
            failure = f"{worker.name} was ended by signal {os.WTERMSIG(status)}; it is started again"
        else:
            failure = (f"{worker.name} ended with status {os.WEXITSTATUS(status)}: "
                       f"{worker.end_reason or worker.last_line}; it is started again "
                       f"(log: {worker.log_path}.old)")
        if worker.failures_in_row < FAILURES_MOST:
            log_message(f"{target.name}: {failure}")
        if not has_executed:
            target.last_engine_failure = failure
            self.failures_in_row += 1
        worker.plan_restart(self.now)

    def handle_worker_exit(self, worker, status):
        target, has_executed = worker.target, worker.record_exit(self.now)
        if has_executed:
            self.failures_in_row = worker.failures_in_row = 0
        # An engine that ends with status 0 has made all executions that its command line allows.
        if worker.end_request_time or (has_executed and status == 0):
            return
        _, is_skipped, reason = worker.last_line.partition(": skipped: ")
        if worker.finding_path:
            self.handle_finding(worker)
        elif is_skipped and not has_executed and status == EXIT_UNAVAILABLE << 8:
            # Another start would end in the same way.
            target.skip_engine(worker.engine, reason)
            if not target.engine_workers:
                self.leave_out_target(target, reason)
        else:
            self.handle_worker_failure(worker, status, has_executed)

    def handle_worker_exits(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for worker in self.find_running_workers():
                if worker.pid == pid:
                    self.handle_worker_exit(worker, status)
                    if os.WIFSIGNALED(status):
                        self.kill_stray_processes()

    # ---- the loop ----

    def pause_or_continue_target(self, target):
        reason = target.find_write_error()
        if reason and not target.pause_reason:
            log_message(f"{target.name}: pauses: {target.directory}: {reason}")
            for worker in target.find_running_workers():
                worker.request_end(self.now)
        elif not reason and target.pause_reason:
            log_message(f"{target.name}: goes on")
        target.pause_reason = reason

    def poll_workers(self):
        self.poll_time = self.now
        for worker in self.find_running_workers():
            worker.read_progress(self.now)
        for target in self.targets:
            collect_inputs(target, False, self.now)
            target.update_coverage()
            self.pause_or_continue_target(target)
        update_progress(self)
        if self.now - self.results_time >= RESULTS_INTERVAL:
            self.results_time = self.now
            write_results(self, "running")

    def end_workers_after_slice(self):
        for worker in self.find_running_workers():
            if self.slice_length and self.now - worker.start_time >= self.slice_length:
                worker.request_end(self.now)
            if worker.end_request_time and self.now - worker.end_request_time >= END_PATIENCE:
                worker.kill_process_group()

    def plan_slice_length(self):
        role_count = sum(engine.role_count for target in self.targets for engine in target.engine_workers)
        if role_count > self.options.jobs:
            share = self.options.time * self.options.jobs / role_count if self.options.time else SLICE_MOST
            self.slice_length = min(max(share, SLICE_LEAST), SLICE_MOST)

    def compute_planned_time(self, workers):
        """Return: the seconds that the workers ran, and a slice for each one that runs."""
        return sum(worker.compute_run_time(self.now) + (self.slice_length or SLICE_MOST if worker.pid else 0)
                   for worker in workers)

    def find_next_worker(self):
        """Return: the worker to start, or None. If there is more to run than jobs, workers take turns: the one
        that ran least is next, first among targets, then among engines, then among an engine's roles."""
        startable = [worker for target in self.targets if not target.pause_reason for engine in target.engine_workers
                     for worker in target.find_startable_workers(engine, self.now)]
        return min(startable, default=None, key=lambda worker: (
            self.compute_planned_time(worker.target.list_workers()), self.targets.index(worker.target),
            self.compute_planned_time(worker.target.engine_workers[worker.engine]),
            worker.compute_run_time(self.now)))

    def start_workers(self):
        while len(self.find_running_workers()) < self.options.jobs:
            worker = self.find_next_worker()
            if not worker:
                return
            try:
                worker.start_process(self.now)
            except OSError as error:
                failure = f"cannot start a process: {error.strerror}; tries again"
                log_message(f"{worker.target.name}: {failure}")
                worker.target.last_engine_failure = failure
                worker.plan_restart(self.now)
                return

    def wait_for_signal(self):
        received = signal.sigtimedwait(self.signals, WAIT_MOST)
        if received and received.si_signo != signal.SIGCHLD:
            self.is_stopped = True
        self.now = time.monotonic()

    def count_new_findings(self):
        return sum(target.count_new_findings() for target in self.targets)

    def must_end(self):
        if self.options.until_finding and self.count_new_findings():
            return True
        engine_count = sum(len(target.engine_workers) for target in self.targets)
        return self.is_stopped or (self.options.time and self.compute_elapsed_seconds() >= self.options.time) or (
            self.failures_in_row >= FAILURES_MOST * engine_count and not self.find_running_workers())

    def end_workers(self):
        """End all engines, and collect their inputs. A second signal while the engines end kills them."""
        request_time, self.is_stopped = self.now, False
        for worker in self.find_running_workers():
            worker.request_end(self.now)
        while self.find_running_workers():
            if self.is_stopped or self.now - request_time >= END_PATIENCE:
                for worker in self.find_running_workers():
                    worker.kill_process_group()
            self.wait_for_signal()
            self.handle_worker_exits()
        self.kill_stray_processes()
        for target in self.targets:
            collect_inputs(target, True, self.now)
            target.update_coverage()

    def run_engines(self):
        while not self.must_end():
            self.handle_worker_exits()
            self.end_workers_after_slice()
            self.start_workers()
            if self.now - self.poll_time >= POLL_INTERVAL:
                self.poll_workers()
            self.wait_for_signal()
        self.end_workers()

    # ---- begin and end ----

    def log_plan(self):
        options = self.options
        plan = f"import the inputs of killed engines in {options.dir}"
        if not options.collect:
            plan = (f"{format_count(len(self.targets), 'target')} with {', '.join(options.engines)}, "
                    f"{options.jobs} at a time, {f'for {options.time} s' if options.time else 'until stopped'}, "
                    f"in {options.dir}")
        log_error(f"pagetorture fuzz: {plan}")

    def open_targets(self):
        """Leave out the targets that cannot be fuzzed, and log why."""
        for target in list(self.targets):
            target.find_engines(self.options.engines)
            try:
                if target.engine_workers or self.options.collect:
                    target.open_directory()
                else:
                    self.leave_out_target(target, "; ".join(target.missing_parts.values()))
            except TargetError as error:
                log_message(f"{target.name}: {error}")
                self.leave_out_target(target, str(error))
                self.has_unusable_directory = True

    def block_signals(self):
        """Block the signals that wait_for_signal() waits for. Under nohup, SIGHUP stays ignored."""
        self.signals = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM}
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            self.signals.add(signal.SIGHUP)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_BLOCK, self.signals)
        prctl(PR_SET_CHILD_SUBREAPER, 1)

    def prepare_targets(self):
        """Begin, and import the inputs that a killed campaign left in the directories of its engines."""
        self.now = self.start_time = self.poll_time = time.monotonic()
        self.plan_slice_length()
        log_campaign_begin(self)
        for target in self.targets:
            target.last_find_time = self.now
            collect_inputs(target, True, self.now)
            self.pause_or_continue_target(target)

    def log_problems(self):
        """Log targets that did not run and files that were lost. Return: whether there are any."""
        has_any = self.has_unusable_directory
        for target in self.targets:
            has_failed = any(worker.failures_in_row for worker in target.list_workers())
            if has_failed and not target.estimate_executions(self.now):
                log_message(f"{target.name}: no engine could be started")
                has_any = True
            if target.lost_count:
                log_message(f"{target.name}: {target.lost_count} files of its engines could not be kept")
                has_any = True
        return has_any

    def run_campaign_to_end(self):
        """Return: EXIT_GOOD without a finding, EXIT_FAILED with one, EXIT_BAD if a target could not run,
        a file of an engine could not be kept, or figures could not be written.
        """
        self.log_plan()
        self.block_signals()
        self.open_targets()
        if self.targets:
            self.prepare_targets()
            if not self.options.collect:
                self.run_engines()
        # Each target may have been left out when its engine was started.
        if not self.targets:
            log_message("pagetorture fuzz: expected a target that can be fuzzed, there is none")
            write_results(self, "failed")
            return EXIT_BAD
        log_campaign_summary(self)
        has_shortcomings, finding_count = self.log_problems(), self.count_new_findings()
        is_written = write_results(self, "failed" if finding_count or has_shortcomings else "good")
        if has_shortcomings or not is_written:
            return EXIT_BAD
        return EXIT_FAILED if finding_count else EXIT_GOOD
