# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A guest: boots a kernel in QEMU, runs commands in it, and returns their output and status.

The files of a guest are in a directory of their own in the build directory, which is removed when the guest
ends. If this process was killed, the next one removes the directory. The guest ends with this process.
"""
import os
import pathlib
import re
import shutil
import subprocess
import time
import typing

from util.shared import log_to_standard_error, replace_file, request_signal_at_parent_end

MEMORY_MB = 1024
PORTS = ("stdout", "stderr", "status")
# KVM is used only if the guest boots with it: the device may exist, but not work. A file of the build directory
# has the ID of the host's boot in which KVM did not work, so that only the first command waits for KVM.
ACCELERATORS = {"kvm": ["-accel", "kvm", "-cpu", "host"], "tcg": ["-accel", "tcg,thread=multi", "-cpu", "max"]}
BOOT_SECONDS_OF_KVM = 20
REPORTS = ("Kernel panic", "BUG: ", "kernel BUG at ", "Oops: ", "WARNING: ", "INFO: task ", "init: ")


class Result(typing.NamedTuple):
    """@status: the largest of the commands; None: the guest ended without one, and `reason` says how"""
    status: typing.Optional[int]
    stdout: str
    stderr: str
    console: str
    reason: str
    seconds: float


def find_reports(console):
    """The lines of the console with the kernel's reports, without their times."""
    lines = (re.sub(r"^\[ *[\d.]+\] (\[ *[TC]\d+\] )?", "", line) for line in console.splitlines())
    return [line for line in lines if any(report in line for report in REPORTS)]


# ---- KVM ----

def read_boot_id_of_host():
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text()


class KvmFailure:
    """The file that stores that KVM does not work, until the host boots again."""

    def __init__(self, path):
        self.path = path

    def is_stored(self):
        return self.path.exists() and self.path.read_text() == read_boot_id_of_host()

    def store(self):
        replace_file(f"{self.path}.{os.getpid()}", self.path, os.fsencode(read_boot_id_of_host()))


# ---- files ----

def remove_directories_of_ended_processes(parent):
    for directory in parent.glob("guest-*"):
        if not os.path.exists(f"/proc/{directory.name.split('-')[1]}"):
            shutil.rmtree(directory, ignore_errors=True)


class Guest:
    accelerator = None  # a name in ACCELERATORS; the first guest of this process finds what works

    def __init__(self, prepared, build_directory):
        self.prepared = prepared
        self.build_directory = pathlib.Path(build_directory).resolve()
        self.parent = self.build_directory / "kernel-vm"
        self.kvm_failure = KvmFailure(self.parent / "kvm-failure")
        remove_directories_of_ended_processes(self.parent)

    def write_initrd(self, directory, commands, files, module_parameters):
        """@files: names in the guest's directory /programs, and paths of the host"""
        root = directory / "root"
        for name in ("dev", "proc", "programs", "sys", "tmp"):
            (root / name).mkdir(parents=True)
        for name, path in files.items():
            (root / "programs" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, root / "programs" / name)
        for name, source in (("init", "kernel-vm/init"), ("pagetorture", "kernel-vm/pagetorture")):
            shutil.copy(self.build_directory / source, root / name)
        shutil.copy(self.prepared.module, root / "pagetorture.ko")
        (root / "commands").write_bytes(b"".join(os.fsencode(word) + b"\0" for command in commands
                                                 for word in (*command, "")))
        (root / "module-parameters").write_text(f"{self.prepared.kernel.module_parameters} {module_parameters}\n")
        (root / "settings").write_text("".join(f"{path} {value}\n" for path, value in self.prepared.kernel.settings))
        names = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
        with open(directory / "initrd", "wb") as initrd:
            subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root, input=os.fsencode(names),
                           stdout=initrd, check=True)
        shutil.rmtree(root)

    def make_qemu_command(self, directory, accelerator):
        ports = [word for name in PORTS for word in (
            "-chardev", f"file,id={name},path={directory}/{name}",
            "-device", f"virtserialport,chardev={name},name={name}")]
        return ["qemu-system-x86_64", *ACCELERATORS[accelerator], "-smp", "2", "-m", str(MEMORY_MB),
                "-nodefaults", "-no-reboot", "-display", "none", "-serial", f"file:{directory}/console",
                "-device", "virtio-serial-pci", *ports, "-kernel", str(self.prepared.image),
                "-initrd", str(directory / "initrd"), "-append",
                f"console=ttyS0 loglevel=6 printk.devkmsg=on panic=-1 nokaslr {self.prepared.kernel.boot_arguments}"]

    # ---- running ----

    def run_qemu(self, directory, accelerator, seconds, report_progress):
        """Return: None, or why the guest did not end by itself."""
        for name in (*PORTS, "console"):
            (directory / name).write_bytes(b"")
        begin = time.monotonic()
        with open(directory / "qemu", "wb") as log:
            process = subprocess.Popen(self.make_qemu_command(directory, accelerator), stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, preexec_fn=request_signal_at_parent_end)
        try:
            while process.poll() is None:
                time.sleep(0.1)
                elapsed = time.monotonic() - begin
                if report_progress:
                    report_progress(directory / "console")
                if elapsed > seconds:
                    return f"the guest ran for more than {seconds} s"
                if accelerator == "kvm" and elapsed > BOOT_SECONDS_OF_KVM and \
                        not (directory / "console").stat().st_size:
                    return "the guest did not boot"
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            message = (directory / "qemu").read_text(errors="replace").strip().splitlines()
            return f"QEMU ended with status {process.returncode}" + (f": {message[-1]}" if message else "")
        return None

    def boot(self, directory, seconds, report_progress):
        """Boot with KVM if it works, otherwise with TCG."""
        if not Guest.accelerator:
            Guest.accelerator = "tcg"
            if os.access("/dev/kvm", os.R_OK | os.W_OK) and not self.kvm_failure.is_stored():
                reason = self.run_qemu(directory, "kvm", seconds, report_progress)
                if (directory / "console").stat().st_size:
                    Guest.accelerator = "kvm"
                    return reason
                self.kvm_failure.store()
                log_to_standard_error(f"kernel {self.prepared.kernel.name}: KVM does not work here "
                                      f"({reason or 'no console'}); until this machine starts again, QEMU "
                                      "emulates the CPU (TCG)")
        return self.run_qemu(directory, Guest.accelerator, seconds, report_progress)

    def run(self, commands, files, seconds=300, module_parameters="", report_progress=None):
        """Run the commands in the directory /programs of a new guest. Return: a Result."""
        directory = self.parent / f"guest-{os.getpid()}-{time.monotonic_ns()}"
        directory.mkdir(parents=True)
        begin = time.monotonic()
        try:
            self.write_initrd(directory, commands, files, module_parameters)
            reason = self.boot(directory, seconds, report_progress)
            return self.read_result(directory, reason, time.monotonic() - begin)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    @staticmethod
    def read_result(directory, reason, seconds):
        texts = {name: (directory / name).read_text(errors="replace") for name in (*PORTS, "console")}
        status = texts["status"].strip()
        if status or reason:
            return Result(int(status) if status and not reason else None, texts["stdout"], texts["stderr"],
                          texts["console"], reason or "", seconds)
        reports = find_reports(texts["console"])
        reason = f"the guest ended: {reports[-1]}" if reports else "the guest ended without a report"
        return Result(None, texts["stdout"], texts["stderr"], texts["console"], reason, seconds)
