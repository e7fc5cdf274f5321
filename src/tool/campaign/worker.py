# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A worker: one process of an engine on a target, started again and again. Its output goes to a file
that is read while it runs, so no output is lost if the campaign is killed.
"""
import contextlib
import os
import re
import resource
import signal

from util.shared import end_with_parent

RETRY_DELAY_MOST = 60


def execute_engine(command, environment, log_path, parent_pid):
    """The child process: become the engine."""
    try:
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
    except OSError:
        # The engine can work without a log.
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # A terminal's Ctrl-C is for the campaign, which ends its engines in order.
    os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The engine ends if the campaign is killed.
    end_with_parent(signal.SIGTERM)
    if os.getppid() == parent_pid:
        try:
            os.execvpe(command[0], command, environment)
        except OSError as error:
            os.write(2, os.fsencode(f"cannot start {command[0]}: {error.strerror}\n"))


class Worker:
    def __init__(self, engine, target, number):
        self.engine, self.target, self.number = engine, target, number
        self.role = engine.name_role(number)
        self.name = f"{engine.name}-{self.role}"
        self.log_path = f"{target.directory}/logs/{self.name}"
        self.log_position = 0
        self.pid = 0  # 0: it does not run
        self.start_count = self.failures_in_row = 0
        self.start_time = self.end_request_time = self.retry_time = self.figures_time = 0.0
        self.earlier_run_time = 0.0
        self.executions = self.coverage = self.rate = 0  # of this run; rate: a second
        self.earlier_executions = 0  # of the runs before
        self.resumed_executions = 0  # a resumed engine counts from here
        self.reset_end_request()

    def reset_end_request(self):
        self.last_line = self.end_reason = ""
        self.finding_path = ""  # where the engine wrote the input that ended it
        self.end_request_time = 0.0

    # ---- figures ----

    def compute_run_time(self, now):
        """Return: the seconds that the worker ran since the campaign began."""
        return self.earlier_run_time + (now - self.start_time if self.pid else 0)

    def estimate_executions(self, now):
        """Executions so far, with an estimate since the last figures of a running engine."""
        is_running = self.pid and not self.end_request_time
        estimate = int(self.rate * (now - self.figures_time)) if is_running else 0
        return self.earlier_executions + self.executions + estimate

    def read_log_line(self, line):
        # Control characters would reach the terminal of the campaign.
        line = re.sub("[\0-\x1f]", "", line)
        if line.strip(" "):
            self.last_line = line[:1023]
        self.engine.read_log_line(self, line)

    def read_log(self):
        """Read the complete lines of the log; the next call continues at the incomplete one."""
        with contextlib.suppress(OSError), open(self.log_path, "rb") as file:
            file.seek(self.log_position)
            lines = file.read().split(b"\n")[:-1]
            self.log_position += sum(len(line) + 1 for line in lines)
            for line in lines:
                self.read_log_line(os.fsdecode(line))

    def read_progress(self, now):
        executions = self.executions
        self.read_log()
        self.engine.read_engine_statistics(self)
        if self.executions != executions:
            self.figures_time = now
            self.rate = self.executions / (now - self.start_time + 0.001)

    # ---- its process ----

    def start_process(self, now):
        """Start the engine in a new process. Raises OSError if the system refuses it."""
        # Keep the log of the previous start: its last lines have the reason of the end.
        with contextlib.suppress(OSError):
            os.rename(self.log_path, f"{self.log_path}.old")
        self.log_position = self.resumed_executions = self.executions = self.rate = 0
        self.engine.read_engine_statistics(self)
        self.resumed_executions, self.executions = self.executions, 0
        self.reset_end_request()
        command, environment = self.engine.make_command(self), self.engine.make_environment(self)
        parent_pid = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                execute_engine(command, environment, self.log_path, parent_pid)
            finally:
                os._exit(127)
        with contextlib.suppress(OSError):
            os.setpgid(self.pid, self.pid)
        self.start_time = self.figures_time = now
        self.start_count += 1

    def request_end(self, now):
        if self.pid and not self.end_request_time:
            self.end_request_time = now
            os.kill(self.pid, signal.SIGINT)

    def kill_process_group(self):
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def record_exit(self, now):
        """Record that the process ended. Return: whether it executed an input."""
        self.read_progress(now)
        self.earlier_run_time = self.compute_run_time(now)
        self.pid = 0
        executions, self.executions, self.rate = self.executions, 0, 0
        self.earlier_executions += executions
        return executions > 0

    def plan_restart(self, now):
        """Plan the next start after a failure. The delay grows with each failure."""
        self.retry_time = now + min(RETRY_DELAY_MOST, 1 << min(self.failures_in_row, 6))
        self.failures_in_row += 1
