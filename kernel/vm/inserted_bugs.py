# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The command `bugs`: inserts bugs into the page calls of the module, and checks that programs find each bug."""
import pathlib

from command_options import FLAVOUR_PREFIX, make_parser, parse_options
from executions import Runs, read_programs
from kernel_module import read_bugs
from prepared_kernel import prepare_kernel
from util.shared import EXIT_FAILED, EXIT_GOOD

EPILOG = """\
Exit status: 0 each bug is found; 1 a bug is not found; 2 bad usage; 77 a package is missing.

Examples:
  make kernel-vm-bugs
"""
BUGS_OF_MAPPED_KERNEL = ("unmap",)  # a kernel without forced maps does nothing at kunmap_local()


def run_bugs(build_directory, words):
    parser = make_parser("kernel-vm bugs", "Insert bugs into the page calls of the module, and check that the "
                         "programs find each bug.", EPILOG)
    parser.add_argument("paths", nargs="+", metavar="FILE|DIRECTORY")
    options = parse_options(parser, words, build_directory)
    programs, _ = read_programs(f"{build_directory}/pagetorture", options.paths, [])
    status = EXIT_GOOD
    for kernel in options.kernels:
        for bug, description in read_bugs():
            if bug in BUGS_OF_MAPPED_KERNEL and "map-overflow" not in kernel.fatal_rules:
                continue
            options.module_parameters = f"bug={bug}"
            executions = Runs(prepare_kernel(kernel, build_directory), build_directory, options).run(programs)
            found_by = [pathlib.Path(execution.program.path).stem for execution in executions
                        if execution.failed()]
            print(f"{FLAVOUR_PREFIX}{kernel.name}: {bug} ({description}): "
                  + (f"found by {', '.join(found_by[:4])}" if found_by else "NOT FOUND"), flush=True)
            status = status if found_by else EXIT_FAILED
    return status
