# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Functions that several commands in Python use: exit statuses, messages, files, and child processes."""
import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import stat
import tempfile
import time

EXIT_GOOD, EXIT_FAILED, EXIT_BAD = 0, 1, 2
STANDARD_OUTPUT, STANDARD_ERROR = 1, 2
PR_SET_PDEATHSIG = 1
INPUT_SIZE_MOST = 1 << 20  # engines skip larger inputs
FILE_KINDS = {stat.S_IFDIR: "a directory", stat.S_IFSOCK: "a socket", stat.S_IFIFO: "a pipe"}

# prctl() is loaded here, because a child process must not load libraries after fork().
prctl = ctypes.CDLL(None, use_errno=True).prctl
is_status_shown = False


class UsageError(Exception):
    """Options that the command cannot accept; the message says what was expected."""


class NotAnInput(OSError):
    """A file that no engine reads; strerror is the reason."""

    def __init__(self, reason):
        super().__init__(0, reason)


# ---- output ----

def write_and_ignore_errors(descriptor, text):
    """Write, and ignore errors: a command continues if no one reads its messages any more."""
    with contextlib.suppress(OSError):
        os.write(descriptor, os.fsencode(text))


def erase_status():
    global is_status_shown
    if is_status_shown:
        write_and_ignore_errors(STANDARD_ERROR, "\r\033[K")
    is_status_shown = False


def show_status(text):
    """Replace the status line, which is the last line on the terminal."""
    global is_status_shown
    erase_status()
    write_and_ignore_errors(STANDARD_ERROR, text[:shutil.get_terminal_size().columns - 1])
    is_status_shown = True


def log_to_standard_output(text):
    erase_status()
    write_and_ignore_errors(STANDARD_OUTPUT, text + "\n")


def log_to_standard_error(text):
    erase_status()
    write_and_ignore_errors(STANDARD_ERROR, text + "\n")


def format_count(number, word):
    return f"{number} {word}{'' if number == 1 else 's'}"


def replace_invalid_utf8(text):
    return os.fsencode(text).decode(errors="replace")


def make_result_head(command_name, options, begin_time, status):
    """Return: the first members of the summary in a results file, as in write_summary() of json_lines.c."""
    name = os.uname()
    return {"what": command_name, "version": options.version,
            "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin_time)),
            "seconds": round(time.time() - begin_time, 1), "status": status,
            "command": replace_invalid_utf8(options.command_line),
            "on": {"cpus": os.cpu_count(), "compiler": options.compiler, "system": name.sysname,
                   "release": name.release, "machine": name.machine}}


# ---- files ----

def hash_input(content):
    return hashlib.sha1(content).hexdigest()


def read_valid_input_or_raise(path):
    """Return: the content of a regular file of 1 .. INPUT_SIZE_MOST bytes. Raises OSError."""
    kind = stat.S_IFMT(os.stat(path).st_mode)
    if kind != stat.S_IFREG:
        raise NotAnInput(FILE_KINDS.get(kind, "a device"))
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
        content = file.read(INPUT_SIZE_MOST + 1)
    if not content:
        raise NotAnInput("empty")
    if len(content) > INPUT_SIZE_MOST:
        raise NotAnInput("larger than 1 MiB")
    return content


def sync_directory(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(temporary_path, path, content, is_durable=False):
    """Write the whole file @path, or leave it as it is. @is_durable: wait until the file is on the disk."""
    try:
        with open(temporary_path, "wb") as file:
            file.write(content)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        os.rename(temporary_path, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary_path)
        raise
    if is_durable:
        sync_directory(os.path.dirname(path))


def replace_output_file(path, content):
    """Write the whole file that the user named, or leave it as it is. If @path is a symbolic link, the file
    that it names is replaced; a pipe or a device is written to. An OSError has @path as its filename."""
    given_path, path = path, os.path.realpath(path)
    # A signal that ends the process must not leave the temporary file.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
    try:
        mode = os.stat(path).st_mode if os.path.exists(path) else 0
        if mode and not stat.S_ISREG(mode):
            with open(path, "wb") as file:
                file.write(content)
            return
        descriptor, temporary_path = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".pagetorture-")
        file_mode_mask = os.umask(0)
        os.umask(file_mode_mask)
        os.fchmod(descriptor, stat.S_IMODE(mode) or 0o666 & ~file_mode_mask)
        os.close(descriptor)
        replace_file(temporary_path, path, content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(given_path)) from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


# ---- child processes ----

def request_signal_at_parent_end(signal_number=signal.SIGKILL):
    """Called in a child process: ask the kernel to send it the signal when the parent process ends."""
    prctl(PR_SET_PDEATHSIG, signal_number)
