# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The kernels of guests, and how they are built. Kernels and modules are built outside of the source tree, in
a cache: a directory for each version and configuration. Nothing is installed.

A build that was interrupted continues at the next start. Two processes never build the same kernel at the
same time.
"""
import contextlib
import fcntl
import glob
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import typing

from util.shared import log_to_standard_error, show_status

DIRECTORY = pathlib.Path(__file__).resolve().parent
SOURCE_ARCHIVE = "/usr/src/linux-source-6.12.tar.xz"
BUILD_TOOLS = {"clang-19": "clang-19", "ld.lld-19": "lld-19", "flex": "flex", "bison": "bison", "bc": "bc",
               "make": "make", "xz": "xz-utils", "/usr/include/libelf.h": "libelf-dev",
               "/usr/include/openssl/ssl.h": "libssl-dev", SOURCE_ARCHIVE: "linux-source-6.12"}
STOCK_TOOLS = {"gcc-12": "gcc-12", "make": "make", "apt-get": "apt", "dpkg": "dpkg"}
GUEST_TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "cpio": "cpio"}
STOCK_PACKAGE = "linux-headers-6.12-cloud-amd64"  # depends on the current version's packages


class Missing(Exception):
    """A tool, a package or a kernel is missing; the message says what, and how to install it."""


class BuildFailed(Exception):
    """A kernel or a module cannot be built; the message has the end of the log."""


class Kernel(typing.NamedTuple):
    """@config: the configuration, on top of config/base.config; None: Debian's image
    @fatal_rules: rules whose fatal calls the kernel reports; each such program gets a guest of its own
    """
    name: str
    description: str
    config: typing.Optional[str]
    make_arguments: tuple
    boot_arguments: str
    fatal_rules: frozenset
    settings: tuple
    module_parameters: str


INJECTED_FAILURES = (
    ("/sys/kernel/debug/fail_page_alloc/min-order", "0"),
    ("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N"),
    ("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N"),
    ("/sys/kernel/debug/fail_page_alloc/verbose", "0"),
    ("/sys/kernel/debug/fail_usercopy/verbose", "0"),
)
# guest_page.c changes the other settings of KCSAN after each execution.
KCSAN_SETTINGS = (("/sys/kernel/debug/kcsan", "on"),)
KERNELS = {kernel.name: kernel for kernel in (
    Kernel("stock", "Debian's kernel: results and bytes", None, (), "init_on_alloc=0", frozenset(), (), ""),
    Kernel("mapped", "each mapping has its own address and is checked; injected failures", "mapped", (), "",
           frozenset(("foreign-map", "map-overflow", "out-of-bounds", "unmap-order", "use-after-unmap")),
           INJECTED_FAILURES, ""),
    Kernel("race", "KCSAN reports races; injected failures", "race",
           ("KCSAN_SANITIZE=n", "KCSAN_SANITIZE_usercopy.o=y"), "kcsan.early_enable=0", frozenset(),
           INJECTED_FAILURES + KCSAN_SETTINGS, "repeat=20"),
    Kernel("freed", "KASAN and DEBUG_VM report uses of freed pages; injected failures", "freed",
           ("KASAN_SANITIZE=n",), "", frozenset(("use-after-free",)), INJECTED_FAILURES, ""),
)}


def find_cache():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(os.environ.get("KERNEL_CACHE") or f"{cache}/pagetorture/kernels")


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


# ---- commands ----

def run_command(command, log_path, directory, status=None):
    """Run the command, and append its output to a log. @status: a function that returns the status line."""
    with open(log_path, "ab") as log:
        process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while process.poll() is None:
                time.sleep(0.2)
                if status and sys.stderr.isatty():
                    show_status(status())
        finally:
            process.kill()
    if process.wait():
        with open(log_path, errors="replace") as log:
            last_lines = "".join(log.readlines()[-5:])
        raise BuildFailed(f"{log_path}: expected {command[0]} to succeed, got status {process.returncode}:\n"
                          f"{last_lines.rstrip()}")


@contextlib.contextmanager
def lock_directory(directory):
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# ---- Debian's kernel ----

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
    temporary = directory.with_name(f"{directory.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    (temporary / "packages").mkdir(parents=True)
    run_command(["apt-get", "-qq", "download", *packages], temporary / "log", temporary / "packages")
    for package in sorted(glob.glob(f"{temporary}/packages/*.deb")):
        run_command(["dpkg", "-x", package, str(temporary)], temporary / "log", temporary)
    shutil.rmtree(temporary / "packages")
    shutil.rmtree(temporary / "lib", ignore_errors=True)  # the image's modules; guests load none of them
    shutil.rmtree(directory, ignore_errors=True)
    temporary.rename(directory)


def prepare_stock_kernel():
    """Download Debian's kernel if the cache lacks its current version. Without a network, use a cached one."""
    packages = find_stock_packages()
    if packages:
        directory = find_cache() / packages[1]
        if not directory.exists():
            with lock_directory(find_cache()):
                if not directory.exists():
                    download_stock_kernel(packages, directory)
        return directory
    cached = sorted(find_cache().glob("linux-image-6.12*"), key=os.path.getmtime)
    if not cached:
        raise Missing(f"expected apt to know {STOCK_PACKAGE}; run: apt-get update")
    return cached[-1]


def find_stock_files(directory):
    """The version, the image, the make command of modules, and the directory of this command."""
    version = next(directory.glob("boot/vmlinuz-*")).name.removeprefix("vmlinuz-")
    common = next(directory.glob("usr/src/linux-headers-*-common"))
    make = ["make", "-f", f"{common}/Makefile", "ARCH=x86", f"KERNELRELEASE={version}", "CC=gcc-12",
            "CONFIG_DEBUG_INFO_BTF_MODULES="]
    return version, directory / f"boot/vmlinuz-{version}", make, directory / f"usr/src/linux-headers-{version}"


# ---- kernels that are built here ----

def read_source_version():
    output = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "linux-source-6.12"], capture_output=True,
                            text=True).stdout
    return re.sub(r"[^\w.]", "-", output) or "unknown"


def unpack_source(version):
    source = find_cache() / f"source-{version}"
    if source.exists():
        return source
    log_to_standard_error(f"kernel: unpacking {SOURCE_ARCHIVE}, 1.7 GB")
    temporary = source.with_name(f"{source.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    run_command(["tar", "-xf", SOURCE_ARCHIVE, "--strip-components=1"], f"{temporary}.log", temporary)
    os.unlink(f"{temporary}.log")
    temporary.rename(source)
    return source


def read_config(kernel):
    """The options of config/base.config and of the kernel's own file, which may change them."""
    options = {}
    for name in ("base", kernel.config):
        for line in (DIRECTORY / "config" / f"{name}.config").read_text().splitlines():
            if line.startswith("CONFIG_"):
                option, value = line.split("=", 1)
                options[option] = value
    return options


def check_config(kernel, path):
    """kconfig drops an option whose dependencies are missing, without a message."""
    text = path.read_text()
    for option, value in read_config(kernel).items():
        match = re.search(rf"^{option}=(.*)$", text, re.M)
        got = match[1] if match else "n"
        if got != value:
            raise BuildFailed(f"{path}: expected {option}={value}, got {got}")


def configure_kernel(kernel, make, directory):
    log = directory / "log"
    run_command(make + ["tinyconfig"], log, directory)
    with open(directory / ".config", "a") as config:
        for option, value in read_config(kernel).items():
            config.write(f"# {option} is not set\n" if value == "n" else f"{option}={value}\n")
    run_command(make + ["olddefconfig"], log, directory)
    check_config(kernel, directory / ".config")


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
    if not (directory / ".config").exists():
        configure_kernel(kernel, make, directory)
    log_to_standard_error(f"kernel {kernel.name}: building it in {directory}; about 25 minutes of CPU time, "
                          "once")
    run_command(make + ["bzImage", "modules"], directory / "log", directory,
                make_build_status(kernel, directory / "log"))
    (directory / "complete").touch()


def prepare_built_kernel(kernel):
    version = read_source_version()
    settings = repr((sorted(read_config(kernel).items()), kernel.make_arguments))
    name = f"{kernel.name}-{version}-{hashlib.sha1(settings.encode()).hexdigest()[:8]}"
    directory = find_cache() / name
    with lock_directory(directory):
        if not (directory / "complete").exists():
            with lock_directory(find_cache()):
                source = unpack_source(version)
            build_kernel(kernel, source, directory)
    source = find_cache() / f"source-{version}"
    return version, directory / "arch/x86/boot/bzImage", ["make", f"O={directory}", "LLVM=-19"], source


# ---- the module ----

def build_module(make, make_directory, directory):
    """Build the module in @directory if its sources or its kernel have changed. Return: the module's path."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in (*sorted((DIRECTORY / "module").iterdir()), DIRECTORY / "device.h"):
        copy = directory / path.name
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            shutil.copy(path, copy)
    command = make + [f"M={directory}", "modules"]
    last_command = directory / "command"
    if not last_command.exists() or last_command.read_text() != " ".join(command):
        for old in directory.glob("*.o"):
            old.unlink()
        last_command.write_text(" ".join(command))
    run_command(command, directory / "log", make_directory)
    return directory / "pagetorture.ko"


def build_programs(build_directory):
    process = subprocess.run(["make", "-s", "-C", str(build_directory), "kernel-vm/init", "kernel-vm/pagetorture"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if process.returncode:
        raise BuildFailed(f"{build_directory}: expected make to build kernel-vm/pagetorture:\n{process.stderr.rstrip()}")


class BuiltKernel(typing.NamedTuple):
    kernel: Kernel
    version: str
    image: pathlib.Path
    module: pathlib.Path


def prepare_kernel(kernel, build_directory):
    """Build what the kernel's guests need, unless it is in the cache. Raise Missing if that is impossible."""
    check_tools(kernel)
    build_programs(build_directory)
    if kernel.config:
        version, image, make, make_directory = prepare_built_kernel(kernel)
    else:
        version, image, make, make_directory = find_stock_files(prepare_stock_kernel())
    directory = pathlib.Path(build_directory).resolve() / "kernel-vm" / kernel.name
    with lock_directory(directory):
        module = build_module(make, make_directory, directory / "module")
    return BuiltKernel(kernel, version, image, module)
