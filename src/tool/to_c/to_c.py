# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Write a page program as one C file that uses page.h, and compile and run that file to check whether it breaks
the rules that the program is expected to break.

Standard input has the facts of the rule model about the program (model_facts.h), and where the compiler
and the libraries are.
"""
import json
import os
import re
import stat
import sys

from to_c.c_file import PROGRAM_TITLE
from to_c.reproduce import Reproduction
from util.shared import EXIT_BAD, EXIT_FAILED, EXIT_GOOD, log_to_standard_error, replace_output_file

# The default values of the options of `pagetorture to-c --help`.
DEFAULTS = {"cc": "", "deterministic": False, "no_run": False, "note": "", "output": "", "timeout": 30}


def may_replace_file(path):
    """Return: whether @path does not exist, or is a file that this script wrote."""
    if not os.path.isfile(path):
        return True
    with open(path, "rb") as file:
        content = file.read()
    return content.startswith(b"/*\n") and f"\n * {PROGRAM_TITLE}\n".encode() in content


def choose_c_file_name(program_name, output_path):
    """Return: the name of the C file: that of the output file if possible, else one like that of the program."""
    if not output_path and stat.S_ISREG(os.fstat(1).st_mode):
        output_path = os.readlink("/proc/self/fd/1")
    written = os.path.basename(output_path)
    if written and re.fullmatch(r"[^\0-\x1f]{1,251}", written):
        return written
    base = re.sub(r"[^A-Za-z0-9-]|^-", "_", os.path.basename(program_name).split(".")[0][:60])
    return ("repro" if base in ("", "_") else base) + ".c"


def run(options):
    name, = options.arguments
    output = options.output
    reproduction = Reproduction(json.load(sys.stdin), options, name, choose_c_file_name(name, output))
    if not options.no_run:
        reproduction.run_attempts_until_one_fails()
    if output and not may_replace_file(output):
        log_to_standard_error(f"{output}: refused: it is there, and was not written by to-c")
        return EXIT_BAD
    if output:
        replace_output_file(output, reproduction.format_c_file_as_bytes())
    else:
        sys.stdout.buffer.write(reproduction.format_c_file_as_bytes())
    if reproduction.result == "reproduced" or options.no_run:
        return EXIT_GOOD
    what = "does not reproduce" if reproduction.result == "failed" else "skipped, not tried"
    log_to_standard_error(f"{name}: {what}: {reproduction.why}")
    return EXIT_FAILED
