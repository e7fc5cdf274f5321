# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Kernels that are built here, from Debian's source. A build that was interrupted continues at the next start."""
import hashlib
import os
import re
import subprocess
import time

from kernel_cache import KernelFiles, create_whole_directory, find_cache, lock_directory
from kernel_config import configure_kernel, read_config
from logged_command import run_command
from required_packages import SOURCE_ARCHIVE
from util.shared import log_to_standard_error


def read_source_version():
    output = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "linux-source-6.12"], capture_output=True,
                            text=True).stdout
    return re.sub(r"[^\w.]", "-", output) or "unknown"


def unpack_source(version):
    """Return: the directory of the source."""
    source = find_cache() / f"source-{version}"
    with lock_directory(find_cache()):
        if source.exists():
            return source
        log_to_standard_error(f"kernel: unpacking {SOURCE_ARCHIVE}, 1.7 GB")
        with create_whole_directory(source) as temporary:
            run_command(["tar", "-xf", SOURCE_ARCHIVE, "--strip-components=1"], f"{temporary}.log", temporary)
            os.unlink(f"{temporary}.log")
    return source


def make_build_status(kernel, log):
    begin = time.monotonic()

    def status():
        with open(log, "rb") as file:
            compiled = file.read().count(b"  CC ")
        return f"kernel {kernel.name}: {compiled} files compiled, {time.monotonic() - begin:.0f} s"
    return status


def build_kernel(kernel, source, directory):
    make = ["make", "-C", str(source), f"O={directory}", "LLVM=-19", f"-j{len(os.sched_getaffinity(0))}",
            *kernel.make_arguments]
    configure_kernel(kernel, make, directory)
    log_to_standard_error(f"kernel {kernel.name}: building it in {directory}; about 25 minutes of CPU time, "
                          "once")
    run_command(make + ["bzImage", "modules"], directory / "log", directory,
                make_build_status(kernel, directory / "log"))
    (directory / "complete").touch()


def make_directory_name(kernel, version):
    settings = repr((sorted(read_config(kernel).items()), kernel.make_arguments))
    return f"{kernel.name}-{version}-{hashlib.sha1(settings.encode()).hexdigest()[:8]}"


def prepare_built_kernel(kernel):
    """Build the kernel if the cache lacks it. Return: KernelFiles"""
    version = read_source_version()
    directory = find_cache() / make_directory_name(kernel, version)
    source = find_cache() / f"source-{version}"
    with lock_directory(directory):
        if not (directory / "complete").exists():
            build_kernel(kernel, unpack_source(version), directory)
    return KernelFiles(version, directory / "arch/x86/boot/bzImage", ["make", f"O={directory}", "LLVM=-19"], source)
