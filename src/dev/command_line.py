# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A command line parser for the Python scripts of pagetorture-dev. Its messages are those of commands in C."""
import argparse
import difflib
import re

EXIT_BAD = 2


class Parser(argparse.ArgumentParser):
    """A usage error prints one line on standard error, and ends the process with EXIT_BAD."""

    def __init__(self, command_name, description, epilog):
        super().__init__(prog=command_name, description=description, epilog=epilog, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message):
        unknown = re.match(r"unrecognized arguments: ([^ =]+)", message)
        if unknown:
            options = [o for action in self._actions for o in action.option_strings]
            similar = difflib.get_close_matches(unknown[1], options, 1)
            message = f"unknown option {unknown[1]}" + (f"; did you mean {similar[0]}?" if similar else "")
        choice = re.match(r"argument (\S+): invalid choice: (.*) \(choose from (.*)\)", message)
        if choice:
            names = choice[3].replace("'", "")
            message = f"expected {choice[1]} of {names}, got {choice[2]}"
        self.exit(EXIT_BAD, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parse_positive_number(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return number
