# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Write the table of seeded bugs for `make report`."""
import os
import pathlib
import sys

import table

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "report"))
import keep  # noqa: E402 (in another directory)


def _cell(cell):
    if not cell:
        return None
    if "trials" not in cell:
        return {k: cell[k] for k in ("skipped", "failed") if k in cell}
    trials = cell["trials"]
    why = next((t["why"] for t in trials if t["why"]), "")
    return {"text": table.cell_text(cell), "killed": sum(t["killed"] for t in trials),
            "trials": len(trials), "detectors": table.detectors(cell),
            "seconds": table.median(cell, "seconds"), "inputs": table.median(cell, "inputs"),
            "limit": cell["limit"], "why": why}


def _subject(name, subject, columns):
    about = {k: v for k, v in subject.items() if k != "cells"}
    return {"name": name, **about, "cells": {c: _cell(subject["cells"].get(c)) for c in columns}}


def write(options, results, begun, arguments):
    wrong = list(table.complaints(results, options.columns, options.without))
    head = keep.head("bugs", begun, " ".join(["tests/bugs/bank", *arguments]),
                     "failed" if wrong else "good", os.environ["LIBRARY_CC"])
    keep.write(options.report, {
        **head, "columns": options.columns, "time": options.time, "trials": options.trials,
        "wrong": wrong,
        "subjects": [_subject(name, subject, options.columns) for name, subject in results.items()]})
