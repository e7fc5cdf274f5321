# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Debian's kernel: its packages are downloaded and unpacked in the cache."""
import glob
import os
import re
import shutil
import subprocess

from kernel_cache import KernelFiles, create_whole_directory, find_cache, lock_directory
from logged_command import run_command
from required_packages import Missing
from util.shared import log_to_standard_error

STOCK_PACKAGE = "linux-headers-6.12-cloud-amd64"  # depends on the current version's packages


def read_dependencies(package):
    output = subprocess.run(["apt-cache", "depends", package], capture_output=True, text=True).stdout
    return re.findall(r"Depends: (\S+)", output)


def find_stock_packages():
    """The packages of the image, of its headers and of the tools that build a module; [] if apt knows none."""
    headers = [name for name in read_dependencies(STOCK_PACKAGE) if name.startswith("linux-headers-")]
    if not headers:
        return []
    return [headers[0], headers[0].replace("headers", "image")] + \
        [name for name in read_dependencies(headers[0]) if re.match("linux-(headers|kbuild)-", name)]


def download_stock_kernel(packages, directory):
    log_to_standard_error(f"kernel stock: downloading {packages[1]} and its headers, 50 MB")
    with create_whole_directory(directory) as temporary:
        (temporary / "packages").mkdir()
        run_command(["apt-get", "-qq", "download", *packages], temporary / "log", temporary / "packages")
        for package in sorted(glob.glob(f"{temporary}/packages/*.deb")):
            run_command(["dpkg", "-x", package, str(temporary)], temporary / "log", temporary)
        shutil.rmtree(temporary / "packages")
        shutil.rmtree(temporary / "lib", ignore_errors=True)  # the image's modules; guests load none of them


def find_newest_stock_kernel():
    cached = sorted(find_cache().glob("linux-image-6.12*"), key=os.path.getmtime)
    if not cached:
        raise Missing(f"expected apt to know {STOCK_PACKAGE}; run: apt-get update")
    return cached[-1]


def find_or_download_stock_kernel():
    """Return: the directory of the current version. Without a network, use the newest one of the cache."""
    packages = find_stock_packages()
    if not packages:
        return find_newest_stock_kernel()
    directory = find_cache() / packages[1]
    if not directory.exists():
        with lock_directory(find_cache()):
            if not directory.exists():
                download_stock_kernel(packages, directory)
    return directory


def prepare_stock_kernel():
    """Download Debian's kernel if the cache lacks its current version. Return: KernelFiles"""
    directory = find_or_download_stock_kernel()
    version = next(directory.glob("boot/vmlinuz-*")).name.removeprefix("vmlinuz-")
    common = next(directory.glob("usr/src/linux-headers-*-common"))
    make = ["make", "-f", f"{common}/Makefile", "ARCH=x86", f"KERNELRELEASE={version}", "CC=gcc-12",
            "CONFIG_DEBUG_INFO_BTF_MODULES="]
    return KernelFiles(version, directory / f"boot/vmlinuz-{version}", make,
                       directory / f"usr/src/linux-headers-{version}")
