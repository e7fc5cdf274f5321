# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The configuration of a kernel that is built here: config/base.config and the kernel's own file."""
import pathlib
import re

from logged_command import BuildFailed, run_command

DIRECTORY = pathlib.Path(__file__).resolve().parent / "config"


def read_config(kernel):
    """The options of config/base.config and of the kernel's own file, which may change them."""
    options = {}
    for name in ("base", kernel.config):
        for line in (DIRECTORY / f"{name}.config").read_text().splitlines():
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
    """Write @directory/.config, unless an earlier call was complete."""
    log, configured = directory / "log", directory / "configured"
    if configured.exists():
        return
    run_command(make + ["tinyconfig"], log, directory)
    with open(directory / ".config", "a") as config:
        for option, value in read_config(kernel).items():
            config.write(f"# {option} is not set\n" if value == "n" else f"{option}={value}\n")
    run_command(make + ["olddefconfig"], log, directory)
    check_config(kernel, directory / ".config")
    configured.touch()
