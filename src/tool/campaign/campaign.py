# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A fuzzing campaign: engines run on targets until the time is over or a signal ends it.

The campaign is one loop, which waits until a child ends, a signal arrives or a fifth of a second is over.
The loop keeps as many engines running as there are jobs. All inputs and figures are in files, so this
program may be killed at any time; the kernel then sends its engines a signal (request_signal_at_parent_end()).
"""
import contextlib
import os
import signal
import time

from campaign.collect import collect_inputs
from campaign.progress import (log_campaign_summary, read_plots_and_log_begin, update_plots_and_show_progress,
                               write_results)
from campaign.target import TargetError
from util.shared import EXIT_BAD, EXIT_FAILED, EXIT_GOOD, format_count, log_to_standard_error, log_to_standard_output, prctl, read_valid_input_or_raise

EXIT_UNAVAILABLE = 69  # of <sysexits.h>: the page library lacks calls of the target (absent.c)
PR_SET_CHILD_SUBREAPER = 36

WAIT_MOST = 0.2
POLL_INTERVAL = 1
RESULTS_INTERVAL = 60
END_PATIENCE = 10
# The campaign ends after this number of failures in a row for each engine, if no engine executed an input.
FAILURES_MOST = 3
# If workers take turns, the shortest and the longest turn of a worker, in seconds.
SLICE_LEAST, SLICE_MOST = 10, 600


class Campaign:
    def __init__(self, campaign_options, targets):
        self.options, self.targets = campaign_options, targets
        self.left_out_targets = []  # their names, and why they were left out
        self.has_unusable_directory = False
        self.now = self.start_time = self.poll_time = self.log_time = time.monotonic()
        self.results_time = self.now - RESULTS_INTERVAL  # write them at the first poll
        self.slice_length = 0  # seconds; 0: workers run until the end
        self.failures_in_row = 0  # ends of engines without an execution, since an engine last executed an input
        self.signals = set()
        self.is_stopped = False

    def compute_elapsed_seconds(self):
        return self.now - self.start_time

    def list_running_workers(self):
        return [worker for target in self.targets for worker in target.list_running_workers()]

    # ---- processes that ended ----

    def kill_stray_processes(self):
        """Kill the processes of the target that a killed AFL++ left. The kernel makes them children of this
        process."""
        known_pids = {worker.pid for worker in self.list_running_workers()}
        with contextlib.suppress(OSError), open(f"/proc/self/task/{os.getpid()}/children") as children:
            for pid in map(int, children.read().split()):
                if pid not in known_pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def kill_stray_processes_until_none_is_left(self):
        """Call this when no worker runs. A killed process may leave a child, which the kernel makes a child of
        this process only then."""
        with contextlib.suppress(ChildProcessError):
            while True:
                self.kill_stray_processes()
                os.waitpid(-1, 0)

    def leave_out_target(self, target, reason):
        self.targets.remove(target)
        self.left_out_targets.append({"name": target.name, "reason": reason})

    def collect_and_unqueue_finding(self, worker):
        target = worker.target
        try:
            read_valid_input_or_raise(worker.finding_path)
        except OSError:
            log_to_standard_output(f"{target.name}: a finding of {worker.name} could not be written: "
                        f"{worker.end_reason} (log: {worker.log_path}.old)")
        collect_inputs(target, False, self.now)
        target.remove_finding_from_queue(worker.finding_path)

    def log_failure_and_plan_restart(self, worker, wait_status, has_executed):
        target = worker.target
        if os.WIFSIGNALED(wait_status):
            failure = f"{worker.name} was ended by signal {os.WTERMSIG(wait_status)}; it is started again"
        else:
            failure = (f"{worker.name} ended with status {os.WEXITSTATUS(wait_status)}: "
                       f"{worker.end_reason or worker.last_line}; it is started again "
                       f"(log: {worker.log_path}.old)")
        if worker.failures_in_row < FAILURES_MOST:
            log_to_standard_output(f"{target.name}: {failure}")
        if not has_executed:
            target.last_engine_failure = failure
            self.failures_in_row += 1
        worker.plan_delayed_restart(self.now)

    def handle_worker_exit(self, worker, wait_status):
        target, has_executed = worker.target, worker.add_figures_and_check_executed(self.now)
        if has_executed:
            self.failures_in_row = worker.failures_in_row = 0
        # Status 0: the engine made all executions that its command line allows.
        if worker.end_request_time or (has_executed and wait_status == 0):
            return
        _, is_skipped, reason = worker.last_line.partition(": skipped: ")
        if worker.finding_path:
            self.collect_and_unqueue_finding(worker)
        elif is_skipped and not has_executed and wait_status == EXIT_UNAVAILABLE << 8:
            # If the engine started again, it would end in the same way.
            target.skip_engine(worker.engine, reason)
            if not target.engine_workers:
                self.leave_out_target(target, reason)
        else:
            self.log_failure_and_plan_restart(worker, wait_status, has_executed)

    def reap_ended_workers(self):
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for worker in self.list_running_workers():
                if worker.pid == pid:
                    self.handle_worker_exit(worker, wait_status)
            # The end of a killed AFL++ or of its fork server makes the processes that it left children of this process.
            self.kill_stray_processes()

    # ---- the loop ----

    def pause_or_continue_target(self, target):
        reason = target.probe_for_write_error()
        if reason and not target.pause_reason:
            log_to_standard_output(f"{target.name}: pauses: {target.directory}: {reason}")
            for worker in target.list_running_workers():
                worker.send_end_request(self.now)
        elif not reason and target.pause_reason:
            log_to_standard_output(f"{target.name}: goes on")
        target.pause_reason = reason

    def update_progress_and_collect_inputs(self):
        self.poll_time = self.now
        for worker in self.list_running_workers():
            worker.update_progress_figures(self.now)
        for target in self.targets:
            collect_inputs(target, False, self.now)
            target.update_coverage_from_first_engine()
            self.pause_or_continue_target(target)
        update_plots_and_show_progress(self)
        if self.now - self.results_time >= RESULTS_INTERVAL:
            self.results_time = self.now
            write_results(self, "running")

    def end_or_kill_due_workers(self):
        for worker in self.list_running_workers():
            if self.slice_length and self.now - worker.start_time >= self.slice_length:
                worker.send_end_request(self.now)
            if worker.end_request_time and self.now - worker.end_request_time >= END_PATIENCE:
                worker.kill_process_group()

    def plan_slice_length(self):
        role_count = sum(engine.role_count for target in self.targets for engine in target.engine_workers)
        if role_count > self.options.jobs:
            share = self.options.time * self.options.jobs / role_count if self.options.time else SLICE_MOST
            self.slice_length = min(max(share, SLICE_LEAST), SLICE_MOST)

    def sum_run_seconds_and_current_slices(self, workers):
        """Return: the seconds that the workers ran in this campaign, plus a slice for each running worker."""
        return sum(worker.compute_seconds_run_so_far(self.now) + (self.slice_length or SLICE_MOST if worker.pid else 0)
                   for worker in workers)

    def find_next_worker_to_start(self):
        """Return: the worker to start, or None. If there is more to run than jobs, workers take turns: the one
        that ran least is next, first among targets, then among engines, then among an engine's roles."""
        startable = [worker for target in self.targets if not target.pause_reason
                     for engine in target.engine_workers
                     for worker in target.make_and_list_startable_workers(engine, self.now)]
        return min(startable, default=None, key=lambda worker: (
            self.sum_run_seconds_and_current_slices(worker.target.list_workers()), self.targets.index(worker.target),
            self.sum_run_seconds_and_current_slices(worker.target.engine_workers[worker.engine]),
            worker.compute_seconds_run_so_far(self.now)))

    def start_workers_up_to_job_count(self):
        while len(self.list_running_workers()) < self.options.jobs:
            worker = self.find_next_worker_to_start()
            if not worker:
                return
            try:
                worker.start_process(self.now)
            except OSError as error:
                failure = f"cannot start a process: {error.strerror}; tries again"
                log_to_standard_output(f"{worker.target.name}: {failure}")
                worker.target.last_engine_failure = failure
                worker.plan_delayed_restart(self.now)
                return

    def await_signal_and_update_now(self):
        received = signal.sigtimedwait(self.signals, WAIT_MOST)
        if received and received.si_signo != signal.SIGCHLD:
            self.is_stopped = True
        self.now = time.monotonic()

    def count_new_findings(self):
        return sum(target.count_new_findings() for target in self.targets)

    def must_end_campaign(self):
        if self.options.until_finding and self.count_new_findings():
            return True
        engine_count = sum(len(target.engine_workers) for target in self.targets)
        return self.is_stopped or (self.options.time and self.compute_elapsed_seconds() >= self.options.time) or (
            self.failures_in_row >= FAILURES_MOST * engine_count and not self.list_running_workers())

    def end_workers_and_collect_inputs(self):
        """End all engines, and collect their inputs. A signal that arrives meanwhile kills the engines."""
        request_time, self.is_stopped = self.now, False
        for worker in self.list_running_workers():
            worker.send_end_request(self.now)
        while self.list_running_workers():
            if self.is_stopped or self.now - request_time >= END_PATIENCE:
                for worker in self.list_running_workers():
                    worker.kill_process_group()
            self.await_signal_and_update_now()
            self.reap_ended_workers()
        self.kill_stray_processes_until_none_is_left()
        for target in self.targets:
            collect_inputs(target, True, self.now)
            target.update_coverage_from_first_engine()

    def run_engines_until_end(self):
        while not self.must_end_campaign():
            self.reap_ended_workers()
            self.end_or_kill_due_workers()
            self.start_workers_up_to_job_count()
            if self.now - self.poll_time >= POLL_INTERVAL:
                self.update_progress_and_collect_inputs()
            self.await_signal_and_update_now()
        self.end_workers_and_collect_inputs()

    # ---- begin and end ----

    def log_plan(self):
        options = self.options
        plan = f"import the inputs of killed engines in {options.dir}"
        if not options.collect:
            plan = (f"{format_count(len(self.targets), 'target')} with {', '.join(options.engines)}, "
                    f"{options.jobs} at a time, {f'for {options.time} s' if options.time else 'until stopped'}, "
                    f"in {options.dir}")
        log_to_standard_error(f"pagetorture fuzz: {plan}")

    def open_or_leave_out_targets(self):
        """Find the engines of each target and open its directory. Leave out a target that cannot be fuzzed, and
        log why."""
        for target in list(self.targets):
            target.set_usable_engines(self.options.engines)
            try:
                if target.engine_workers or self.options.collect:
                    target.open_directory_and_read_inputs()
                else:
                    self.leave_out_target(target, "; ".join(target.missing_parts.values()))
            except TargetError as error:
                log_to_standard_output(f"{target.name}: {error}")
                self.leave_out_target(target, str(error))
                self.has_unusable_directory = True

    def block_signals_and_adopt_orphans(self):
        """Block the signals that await_signal_and_update_now() waits for; under nohup, SIGHUP stays ignored. The
        processes of killed engines become children of this process."""
        self.signals = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM}
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            self.signals.add(signal.SIGHUP)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_BLOCK, self.signals)
        prctl(PR_SET_CHILD_SUBREAPER, 1)

    def log_begin_and_import_leftovers(self):
        """Log the begin, and import the inputs that a killed campaign left in the directories of its engines."""
        self.now = self.start_time = self.poll_time = time.monotonic()
        self.plan_slice_length()
        read_plots_and_log_begin(self)
        for target in self.targets:
            target.last_find_time = self.now
            collect_inputs(target, True, self.now)
            self.pause_or_continue_target(target)

    def check_unfuzzed_targets_and_lost_files(self):
        """Log targets that no engine executed, and files that were lost. Return: whether a target could not run or
        a file was lost."""
        has_any = self.has_unusable_directory
        for target in self.targets:
            has_failed = any(worker.failures_in_row for worker in target.list_workers())
            if has_failed and not target.estimate_campaign_executions(self.now):
                log_to_standard_output(f"{target.name}: no engine could be started")
                has_any = True
            if target.lost_count:
                log_to_standard_output(f"{target.name}: {target.lost_count} files of its engines could not be kept")
                has_any = True
        return has_any

    def run_campaign_to_end(self):
        """Return: EXIT_GOOD without a finding, EXIT_FAILED with one, EXIT_BAD if a target could not run,
        a file of an engine could not be kept, or figures could not be written.
        """
        self.log_plan()
        self.block_signals_and_adopt_orphans()
        self.open_or_leave_out_targets()
        if self.targets:
            self.log_begin_and_import_leftovers()
            if not self.options.collect:
                self.run_engines_until_end()
        # Targets are also left out when their engine ends: perhaps all of them.
        if not self.targets:
            log_to_standard_output("pagetorture fuzz: expected a target that can be fuzzed, there is none")
            write_results(self, "failed")
            return EXIT_BAD
        log_campaign_summary(self)
        has_shortcomings, finding_count = self.check_unfuzzed_targets_and_lost_files(), self.count_new_findings()
        is_written = write_results(self, "failed" if finding_count or has_shortcomings else "good")
        if has_shortcomings or not is_written:
            return EXIT_BAD
        return EXIT_FAILED if finding_count else EXIT_GOOD
