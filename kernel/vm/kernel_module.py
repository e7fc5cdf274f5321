# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The kernel module of guests, which is built for each kernel."""
import pathlib
import re
import shutil

from kernel_cache import lock_directory
from logged_command import run_command

DIRECTORY = pathlib.Path(__file__).resolve().parent


def read_bugs():
    """Return: the names and descriptions of the bugs that the module can insert."""
    return re.findall(r'KERNEL_BUG\((\w+), "([^"]+)"\)', (DIRECTORY / "device.h").read_text())


def copy_changed_sources(directory):
    for path in (*sorted((DIRECTORY / "module").iterdir()), DIRECTORY / "device.h"):
        copy = directory / path.name
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            shutil.copy(path, copy)


def remove_objects_of_other_command(directory, command):
    last_command = directory / "command"
    if not last_command.exists() or last_command.read_text() != command:
        for old in directory.glob("*.o"):
            old.unlink()
        last_command.write_text(command)


def build_module(kernel_files, directory):
    """Build the module in @directory if its sources or its kernel have changed. Return: the module's path."""
    with lock_directory(directory.parent):
        directory.mkdir(parents=True, exist_ok=True)
        copy_changed_sources(directory)
        command = kernel_files.make_command + [f"M={directory}", "modules"]
        remove_objects_of_other_command(directory, " ".join(command))
        run_command(command, directory / "log", kernel_files.make_directory)
    return directory / "pagetorture.ko"
