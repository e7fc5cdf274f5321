# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A kernel with all that its guests need: the image, the module and the programs."""
import pathlib
import subprocess
import typing

from built_kernel import prepare_built_kernel
from kernel_module import build_module
from kernels import Kernel
from logged_command import BuildFailed
from required_packages import check_tools
from stock_kernel import prepare_stock_kernel


class PreparedKernel(typing.NamedTuple):
    kernel: Kernel
    version: str
    image: pathlib.Path
    module: pathlib.Path


def build_programs(build_directory):
    process = subprocess.run(["make", "-s", "-C", str(build_directory), "kernel-vm/init", "kernel-vm/pagetorture"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if process.returncode:
        raise BuildFailed(f"{build_directory}: expected make to build kernel-vm/pagetorture:\n{process.stderr.rstrip()}")


def prepare_kernel(kernel, build_directory):
    """Build what the kernel's guests need, unless it is in the cache. Raise Missing if that is impossible."""
    check_tools(kernel)
    build_programs(build_directory)
    files = prepare_built_kernel(kernel) if kernel.config else prepare_stock_kernel()
    module = build_module(files, pathlib.Path(build_directory).resolve() / "kernel-vm" / kernel.name / "module")
    return PreparedKernel(kernel, files.version, files.image, module)
