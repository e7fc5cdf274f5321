# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Write the results of a run for `make report`."""
import os
import pathlib
import sys

import table

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "report"))
import keep  # noqa: E402 (in another directory)


def write(path, source, begun, arguments, status, value):
    """@value: the return value of table.as_json()."""
    head = keep.head("mutants", begun, " ".join(["tests/mutants/mutants", *arguments]), status,
                     os.environ["LIBRARY_CC"], source.build)
    keep.write(path, {**head, "wanted": table.WANTED, **value}, indent=1)
