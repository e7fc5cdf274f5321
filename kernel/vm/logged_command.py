# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A command of a build, whose output goes to a log."""
import os
import signal
import subprocess
import sys
import time

from util.shared import show_status


class BuildFailed(Exception):
    """A kernel or a module cannot be built; the message has the end of the log."""


SECONDS_TO_END = 10


def end_with_children(process):
    """End a process that is the first of its session, and the processes that it started. make deletes the files
    that it was writing."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def run_command(command, log_path, directory, status=None):
    """Run the command, and append its output to a log. @status: a function that returns the status line."""
    with open(log_path, "ab") as log:
        process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True)
        try:
            while process.poll() is None:
                time.sleep(0.2)
                if status and sys.stderr.isatty():
                    show_status(status())
        finally:
            end_with_children(process)
    if process.wait():
        with open(log_path, errors="replace") as log:
            last_lines = "".join(log.readlines()[-5:])
        raise BuildFailed(f"{log_path}: expected {command[0]} to succeed, got status {process.returncode}:\n"
                          f"{last_lines.rstrip()}")
