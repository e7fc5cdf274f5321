# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run page programs in the kernels of guests. `pagetorture run --flavour kernel-stock` and make start this script.
@argv: the directory of the build, a command, and the command's options."""
import pathlib
import signal
import sys

DIRECTORY = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(DIRECTORY), str(DIRECTORY.parents[1] / "src/tool"), str(DIRECTORY.parents[1] / "src/dev"),
                str(DIRECTORY.parents[1] / "report")]
from command_options import FLAVOUR_PREFIX, make_parser, parse_options  # noqa: E402 (in another directory)
from executions import GuestFailed, read_programs  # noqa: E402
from inserted_bugs import run_bugs  # noqa: E402
from kernels import KERNELS  # noqa: E402
from logged_command import BuildFailed  # noqa: E402
from minimized_failures import minimize_failures  # noqa: E402
from prepared_kernel import prepare_kernel  # noqa: E402
from random_programs import run_random  # noqa: E402
from required_packages import Missing  # noqa: E402
from results import any_failed, print_failures, print_json, print_table, run_in_kernels  # noqa: E402
from util.shared import EXIT_BAD, EXIT_FAILED, EXIT_GOOD, erase_status  # noqa: E402

EXIT_SKIPPED = 77
RUN_EPILOG = """\
Kernels:
""" + "".join(f"  {FLAVOUR_PREFIX + kernel.name:<14} {kernel.description}\n" for kernel in KERNELS.values()) + """
Exit status: 0 all executions agree with the model, and all expectations are met; 1 they do not; 2 bad usage,
or a file that cannot be read or parsed; 77 a package is missing: the message has the command that installs it.

Examples:
  pagetorture run --flavour kernel-stock corpus/rules
  pagetorture run --flavour kernel-mapped,kernel-freed corpus/rules
  pagetorture run --flavour kernel-race --repeat 20 race.page
"""


def parse_run_options(words, build_directory):
    parser = make_parser("pagetorture run", "Execute page programs in the kernel of a guest (QEMU), and compare "
                         "with the rule model.", RUN_EPILOG)
    parser.add_argument("--bytes", action="store_true", help="read every FILE as a byte string")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each program")
    parser.add_argument("paths", nargs="+", metavar="FILE|DIRECTORY")
    return parse_options(parser, words, build_directory)


def run(build_directory, words):
    options = parse_run_options(words, build_directory)
    programs, status = read_programs(f"{build_directory}/pagetorture", options.paths,
                                     ["--bytes"] if options.bytes else [])
    if not programs:
        return status or EXIT_BAD
    executions_of_kernels = run_in_kernels(dict.fromkeys(options.kernels, programs), options, build_directory)
    (print_json if options.json else print_table)(programs, executions_of_kernels)
    print_failures(executions_of_kernels, options)
    minimize_failures(executions_of_kernels, options)
    return max(status, EXIT_FAILED) if any_failed(executions_of_kernels) else status


def build(build_directory, words):
    parser = make_parser("kernel-vm build", "Build kernels and modules.", "")
    for kernel in parse_options(parser, words, build_directory).kernels:
        print(prepare_kernel(kernel, build_directory).image)
    return EXIT_GOOD


COMMANDS = {"bugs": run_bugs, "build": build, "random": run_random, "run": run}


def main(build_directory, command, *words):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return COMMANDS[command](build_directory, list(words))
    except Missing as error:
        erase_status()
        print(f"skipped: {error}", file=sys.stderr)
        return EXIT_SKIPPED
    except (BuildFailed, GuestFailed) as error:
        erase_status()
        print(f"kernel-vm: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        erase_status()
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
