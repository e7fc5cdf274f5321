# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Output of a campaign: lines on standard output; on a terminal also a status line, on standard error."""
import contextlib
import os
import shutil

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2

is_status_shown = False


def write_text(descriptor, text):
    """A campaign continues if no one reads its output any more."""
    with contextlib.suppress(OSError):
        os.write(descriptor, os.fsencode(text))


def erase_status():
    global is_status_shown
    if is_status_shown:
        write_text(STANDARD_ERROR, "\r\033[K")
    is_status_shown = False


def log_message(text):
    erase_status()
    write_text(STANDARD_OUTPUT, text + "\n")


def log_error(text):
    erase_status()
    write_text(STANDARD_ERROR, f"pagetorture fuzz: {text}\n")


def is_terminal():
    return os.isatty(STANDARD_OUTPUT) and os.isatty(STANDARD_ERROR)


def show_status(text):
    global is_status_shown
    erase_status()
    write_text(STANDARD_ERROR, text[:shutil.get_terminal_size().columns - 1])
    is_status_shown = True
