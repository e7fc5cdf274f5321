# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The command `random`: runs random programs in the kernels of guests, and minimises programs that differ."""
import pathlib
import shutil
import subprocess

from command_line import parse_positive_number
from command_options import make_parser, parse_options
from executions import read_programs
from guest import Guest
from kernels import prepare_kernel
from results import any_failed, make_replay_command, print_failures, run_in_kernels
from util.shared import EXIT_FAILED, EXIT_GOOD, log_to_standard_error, replace_output_file

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


def minimize(build_directory, built_kernel, execution, options):
    """Minimise a program that differs, in one guest. Return: the smallest program's path, or None."""
    program = execution.program
    guest = Guest(built_kernel, build_directory)
    result = guest.run([["/pagetorture", "minimize", "--flavour", "plain", program.name_in_guest]],
                       {program.name_in_guest: program.path}, 600, options.module_parameters)
    failures = pathlib.Path(build_directory).resolve() / "kernel-vm/failures"
    failures.mkdir(parents=True, exist_ok=True)
    name = f"{built_kernel.kernel.name}-{pathlib.Path(program.path).stem}"
    replace_output_file(f"{failures}/{name}.page", pathlib.Path(program.path).read_bytes())
    if result.status:
        return None
    replace_output_file(f"{failures}/{name}-small.page", result.stdout.encode())
    return f"{failures}/{name}-small.page"


def minimize_failures(build_directory, kernel, executions, options):
    for execution in [execution for execution in executions if execution.kind == "differ"][:options.minimize]:
        log_to_standard_error(f"kernel {kernel.name}: {execution.program.path}: minimising")
        small = minimize(build_directory, prepare_kernel(kernel, build_directory), execution, options)
        if small:
            print(f"{pathlib.Path(small).read_text()}# {make_replay_command(kernel, small, options)}")


def run_random(build_directory, words):
    parser = make_parser("kernel-vm random", "Execute random page programs in the kernel of a guest.",
                         EPILOG)
    parser.add_argument("--count", type=parse_positive_number, default=300, help="number of programs (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="of the first program (default 1)")
    parser.add_argument("--minimize", type=int, default=3, metavar="N",
                        help="minimise the first N programs that differ (default 3)")
    options = parse_options(parser, words, build_directory)
    programs_of_kernels = {}
    for kernel in options.kernels:
        directory = make_random_programs(build_directory, options, kernel)
        programs_of_kernels[kernel], _ = read_programs(f"{build_directory}/pagetorture", [str(directory)], [])
    executions_of_kernels = run_in_kernels(programs_of_kernels, options, build_directory)
    print_failures(executions_of_kernels, options)
    for kernel, executions in executions_of_kernels.items():
        minimize_failures(build_directory, kernel, executions, options)
    return EXIT_FAILED if any_failed(executions_of_kernels) else EXIT_GOOD
