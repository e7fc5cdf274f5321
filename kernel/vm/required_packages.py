# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The packages that guests and the builds of kernels need."""
import os
import shutil

SOURCE_ARCHIVE = "/usr/src/linux-source-6.12.tar.xz"
BUILD_TOOLS = {"clang-19": "clang-19", "ld.lld-19": "lld-19", "flex": "flex", "bison": "bison", "bc": "bc",
               "make": "make", "xz": "xz-utils", "/usr/include/libelf.h": "libelf-dev",
               "/usr/include/openssl/ssl.h": "libssl-dev", SOURCE_ARCHIVE: "linux-source-6.12"}
STOCK_TOOLS = {"gcc-12": "gcc-12", "make": "make", "apt-get": "apt", "dpkg": "dpkg"}
GUEST_TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "cpio": "cpio"}


class Missing(Exception):
    """A tool, a package or a kernel is missing; the message says what, and how to install it."""


def find_missing_packages(tools):
    """The packages of tools that are missing. A tool is a program, or the absolute path of a file."""
    return sorted({package for tool, package in tools.items()
                   if not (os.path.exists(tool) if tool.startswith("/") else shutil.which(tool))})


def check_tools(kernel):
    """Raise Missing with all missing packages of the kernel's build and of guests in one message."""
    packages = find_missing_packages({**GUEST_TOOLS, **(BUILD_TOOLS if kernel.config else STOCK_TOOLS)})
    if packages:
        raise Missing(f"missing packages of the kernel {kernel.name}; install them: "
                      f"apt-get install --no-install-recommends {' '.join(packages)}")
