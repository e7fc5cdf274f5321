# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The cache of kernels: a directory for each version and configuration, outside of the source tree. Nothing is
installed. Two processes never write the same directory at the same time.
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import typing


class KernelFiles(typing.NamedTuple):
    """What a guest and its module need of a kernel. @make_command: builds modules in @make_directory"""
    version: str
    image: pathlib.Path
    make_command: list
    make_directory: pathlib.Path


def find_cache():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(os.environ.get("KERNEL_CACHE") or f"{cache}/pagetorture/kernels")


@contextlib.contextmanager
def lock_directory(directory):
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def create_whole_directory(directory):
    """A new directory for the block to fill, which gets its name only if the block ends without an exception. The
    caller has locked the cache."""
    temporary = directory.with_name(f"new-{directory.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    yield temporary
    shutil.rmtree(directory, ignore_errors=True)
    temporary.rename(directory)
