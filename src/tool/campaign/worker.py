# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A worker: one process of an engine on a target, which is started again whenever it ends. The output of the
process goes to a file that is read while the process runs, so no output is lost if the campaign is killed.
"""
import contextlib
import os
import re
import resource
import signal

from util.shared import request_signal_at_parent_end

RETRY_DELAY_MOST = 60


def exec_engine_in_child(command, environment, log_path, parent_pid):
    """Called in the child process: redirect its output to the log, and replace its program by the engine."""
    try:
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
    except OSError:
        # The engine can work without a log.
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # Ctrl-C signals only the campaign, because the engine has its own process group. The campaign ends the engine.
    os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The engine ends if the campaign is killed.
    request_signal_at_parent_end(signal.SIGTERM)
    if os.getppid() == parent_pid:
        try:
            os.execvpe(command[0], command, environment)
        except OSError as error:
            os.write(2, os.fsencode(f"cannot start {command[0]}: {error.strerror}\n"))


class Worker:
    def __init__(self, engine, target, worker_number):
        self.engine, self.target, self.number = engine, target, worker_number
        self.role = engine.format_name_suffix(worker_number)
        self.name = f"{engine.name}-{self.role}"
        self.log_path = f"{target.directory}/logs/{self.name}"
        self.log_position = 0
        self.pid = 0  # 0: the worker does not run
        self.start_count = self.failures_in_row = 0
        self.start_time = self.end_request_time = self.retry_time = self.figures_time = 0.0
        self.earlier_run_time = 0.0
        self.executions = self.coverage = self.rate = 0  # of the current process; rate: executions in a second
        self.earlier_executions = 0  # of the processes before, in this campaign
        self.resumed_executions = 0  # what a resumed engine had counted before its start
        self.clear_end_reason_and_finding()

    def clear_end_reason_and_finding(self):
        self.last_line = self.end_reason = ""
        self.finding_path = ""  # the file with the input that ended the engine
        self.end_request_time = 0.0

    # ---- figures ----

    def compute_seconds_run_so_far(self, now):
        """Return: the seconds that processes of this worker have run in this campaign."""
        return self.earlier_run_time + (now - self.start_time if self.pid else 0)

    def estimate_campaign_executions(self, now):
        """Return: the executions in this campaign, with an estimate since the last figures of a running engine."""
        is_running = self.pid and not self.end_request_time
        estimate = int(self.rate * (now - self.figures_time)) if is_running else 0
        return self.earlier_executions + self.executions + estimate

    def parse_log_line(self, line):
        # Control characters would change the terminal of the campaign.
        line = re.sub("[\0-\x1f]", "", line)
        if line.strip(" "):
            self.last_line = line[:1023]
        self.engine.parse_log_line(self, line)

    def parse_new_log_lines(self):
        """Parse the complete lines that are new in the log; the next call continues after them."""
        with contextlib.suppress(OSError), open(self.log_path, "rb") as file:
            file.seek(self.log_position)
            lines = file.read().split(b"\n")[:-1]
            self.log_position += sum(len(line) + 1 for line in lines)
            for line in lines:
                self.parse_log_line(os.fsdecode(line))

    def update_progress_figures(self, now):
        executions = self.executions
        self.parse_new_log_lines()
        self.engine.read_engine_statistics(self)
        if self.executions != executions:
            self.figures_time = now
            self.rate = self.executions / (now - self.start_time + 0.001)

    # ---- its process ----

    def start_process(self, now):
        """Start the engine in a new process. Raises OSError if the system refuses it."""
        # Keep the log of the previous process: its last lines have the reason of its end.
        with contextlib.suppress(OSError):
            os.rename(self.log_path, f"{self.log_path}.old")
        self.log_position = self.resumed_executions = self.executions = self.rate = 0
        self.engine.read_engine_statistics(self)
        self.resumed_executions, self.executions = self.executions, 0
        self.clear_end_reason_and_finding()
        command, environment = self.engine.make_command(self), self.engine.make_environment(self)
        parent_pid = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                exec_engine_in_child(command, environment, self.log_path, parent_pid)
            finally:
                os._exit(127)
        with contextlib.suppress(OSError):
            os.setpgid(self.pid, self.pid)
        self.start_time = self.figures_time = now
        self.start_count += 1

    def send_end_request(self, now):
        if self.pid and not self.end_request_time:
            self.end_request_time = now
            os.kill(self.pid, signal.SIGINT)

    def kill_process_group(self):
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def add_figures_and_check_executed(self, now):
        """Add the figures of the ended process to the totals. Return: whether it executed an input."""
        self.update_progress_figures(now)
        self.earlier_run_time = self.compute_seconds_run_so_far(now)
        self.pid = 0
        executions, self.executions, self.rate = self.executions, 0, 0
        self.earlier_executions += executions
        return executions > 0

    def plan_delayed_restart(self, now):
        """Set the time of the next start, after a failure. The delay grows with each failure in a row."""
        self.retry_time = now + min(RETRY_DELAY_MOST, 1 << min(self.failures_in_row, 6))
        self.failures_in_row += 1
