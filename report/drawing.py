# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Draw programs with `pagetorture explain`, and pack the drawings and the race matrix for the page."""
import base64
import itertools
import json
import pathlib
import re
import subprocess
import tempfile
import zlib

# Files for one call; the length of a command line is limited.
MOST = 2000


def _run_explain(tool, directory, names):
    """Return: {file name: output of `explain`}."""
    said = subprocess.run([tool, "explain", "--utf8", *names], cwd=directory, text=True, check=False,
                          capture_output=True, env={"NO_COLOR": "1", "LC_ALL": "C.UTF-8"}).stdout
    heads = list(re.finditer(r"^(\d{6}\.page): .*\n\n?", said, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(said)]
    return {head[1]: said[head.end():end].rstrip() for head, end in zip(heads, ends)}


def draw_programs(tool, programs):
    """A drawing for each program; an empty one if the tool is missing or cannot read the program."""
    if not tool:
        return ["" for _ in programs]
    drawn = {}
    with tempfile.TemporaryDirectory() as directory:
        names = [f"{number:06d}.page" for number in range(len(programs))]
        for name, program in zip(names, programs):
            pathlib.Path(directory, name).write_text(program)
        for start in range(0, len(names), MOST):
            drawn.update(_run_explain(tool, directory, names[start:start + MOST]))
    return [drawn.get(name, "") for name in names]


def pack_json(value):
    """Return: @value as JSON, deflated, in base64."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflate.compress(text) + deflate.flush()).decode()


# ---- the race matrix ----

# A cell is a list of its names, flags and ranges. It has for each detector the index of a result, because few
# different results exist. Programs are packed together for each pair of accesses, because the page opens one
# pair at a time.
NAMES = ("first", "second", "relation", "order", "mapping")
RESULT = ("verdict", "limitation", "reported", "runs", "why")


def _pack_programs(tool, matrix):
    """Return: {pair: packed {relation/order: [program, drawing]}}."""
    texts = {}
    for cell in matrix:
        key = (f"{cell['first']}/{cell['second']}", f"{cell['relation']}/{cell['order']}")
        texts.setdefault(key, cell.get("program", ""))
    drawn = dict(zip(texts, draw_programs(tool, list(texts.values()))))
    pairs = itertools.groupby(sorted(texts), key=lambda key: key[0])
    return {pair: pack_json({key[1]: [texts[key], drawn[key]] for key in keys})
            for pair, keys in pairs}


def pack_matrix(matrix, detectors, tool):
    """Return: the data of the race matrix for the page."""
    results, cells = {}, []
    for cell in matrix:
        ranges = [cell[access][end] for access in ("first_bytes", "second_bytes") for end in ("from", "to")]
        found = [tuple(cell["detectors"][name].get(key) for key in RESULT) for name in detectors]
        cells.append([*(cell[name] for name in NAMES), int(cell["expect"] != "clean"),
                      int(not cell["as_predicted"]),
                      ranges, [results.setdefault(result, len(results)) for result in found]])
    return {"detectors": detectors, "results": list(results), "cells": pack_json(cells),
            "programs": _pack_programs(tool, matrix)}
