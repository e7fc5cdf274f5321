# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""What came of a run, as `make report` reads it."""
import os
import pathlib
import sys

import table

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "report"))
import keep  # noqa: E402 (a room beside this one)


def write(path, source, begun, arguments, status, value):
    """@value: of table.as_json()"""
    head = keep.head("mutants", begun, " ".join(["tests/mutants/mutants", *arguments]), status,
                     os.environ["MUTANTS_CC"], source.build)
    keep.write(path, {**head, "wanted": table.WANTED, **value}, indent=1)
