# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The options of the commands that run programs in the kernels of guests."""
import shlex

from command_line import Parser, parse_positive_number
from kernels import KERNELS

FLAVOUR_PREFIX = "kernel-"


def parse_flavours(text):
    kernels = [KERNELS.get(name.removeprefix(FLAVOUR_PREFIX)) for name in text.split(",")]
    if None in kernels or not all(name.startswith(FLAVOUR_PREFIX) for name in text.split(",")):
        names = ", ".join(FLAVOUR_PREFIX + name for name in KERNELS)
        raise ValueError(f"expected --flavour of {names}, got {text}")
    return kernels


def make_parser(command_name, description, epilog):
    """A parser with the options of all commands."""
    parser = Parser(command_name, description, epilog)
    parser.add_argument("--flavour", required=True, help="kernels, separated by commas")
    parser.add_argument("--module-parameters", default="", metavar="TEXT",
                        help="parameters of the kernel module, for example bug=bounds")
    parser.add_argument("--repeat", type=parse_positive_number, default=1, metavar="N",
                        help="execute each program N times (default 1)")
    parser.add_argument("--minimize", type=int, default=0, metavar="N",
                        help="minimise the first N programs of each kernel that fail; the programs and the smallest "
                        "ones are in kernel-vm/failures of the build directory")
    parser.add_argument("--timeout", type=parse_positive_number, default=60, metavar="S",
                        help="stop a program after S seconds (default 60)")
    parser.add_argument("--results", metavar="FILE", help="write the totals to FILE as JSON, for make report")
    parser.set_defaults(bytes=False)
    return parser


def parse_options(parser, words, build_directory):
    options = parser.parse_args(words)
    options.build_directory = build_directory
    options.command_line = shlex.join([*parser.prog.split(), *words])
    try:
        options.kernels = parse_flavours(options.flavour)
    except ValueError as error:
        parser.error(str(error))
    return options
