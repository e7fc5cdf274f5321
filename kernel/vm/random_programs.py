# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The command `random`: runs random programs in the kernels of guests, and minimises programs that fail."""
import pathlib
import shutil
import subprocess

from command_line import parse_positive_number
from command_options import make_parser, parse_options
from executions import read_programs
from minimized_failures import minimize_failures
from results import any_failed, print_failures, run_in_kernels
from util.shared import EXIT_FAILED, EXIT_GOOD

EPILOG = """\
Exit status: 0 all executions agree with the model; 1 they do not: the programs, and the smallest ones that fail,
are in kernel-vm/failures of the build directory; 2 bad usage; 77 a package is missing.

Examples:
  make kernel-vm COUNT=2000 SEED=1
"""


def remove_failures(text):
    """A kernel without injected failures runs the program without its calls of fail_nth."""
    return "".join(line for line in text.splitlines(True) if "fail_nth" not in line)


def make_random_programs(build_directory, options, kernel):
    directory = pathlib.Path(build_directory).resolve() / f"kernel-vm/random-{kernel.name}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    subprocess.run([f"{directory.parents[1]}/make_programs", str(options.count), str(options.seed), "repaired"],
                   cwd=directory, check=True)
    if not kernel.settings:
        for path in directory.iterdir():
            path.write_text(remove_failures(path.read_text()))
    return directory


def run_random(build_directory, words):
    parser = make_parser("kernel-vm random", "Execute random page programs in the kernel of a guest.",
                         EPILOG)
    parser.add_argument("--count", type=parse_positive_number, default=300, help="number of programs (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="of the first program (default 1)")
    parser.set_defaults(minimize=3)
    options = parse_options(parser, words, build_directory)
    programs_of_kernels = {}
    for kernel in options.kernels:
        directory = make_random_programs(build_directory, options, kernel)
        programs_of_kernels[kernel], _ = read_programs(f"{build_directory}/pagetorture", [str(directory)], [])
    executions_of_kernels = run_in_kernels(programs_of_kernels, options, build_directory)
    print_failures(executions_of_kernels, options)
    minimize_failures(executions_of_kernels, options)
    return EXIT_FAILED if any_failed(executions_of_kernels) else EXIT_GOOD
