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

# `explain` gets at most this many files in one command, because the length of a command line is limited.
MOST_FILES = 2000


def _explain_files_by_name(pagetorture_path, directory, file_names):
    """Return: {file name: output of `explain`}."""
    output = subprocess.run([pagetorture_path, "explain", "--utf8", *file_names], cwd=directory, text=True,
                            check=False, capture_output=True,
                            env={"NO_COLOR": "1", "LC_ALL": "C.UTF-8"}).stdout
    heads = list(re.finditer(r"^(\d{6}\.page): .*\n\n?", output, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(output)]
    return {head[1]: output[head.end():end].rstrip() for head, end in zip(heads, ends)}


def draw_programs_as_text(pagetorture_path, program_texts):
    """Return: the drawing of each program; '' if pagetorture is missing or cannot read the program."""
    if not pagetorture_path:
        return ["" for _ in program_texts]
    drawn = {}
    with tempfile.TemporaryDirectory() as directory:
        names = [f"{number:06d}.page" for number in range(len(program_texts))]
        for name, program in zip(names, program_texts):
            pathlib.Path(directory, name).write_text(program)
        for start in range(0, len(names), MOST_FILES):
            drawn.update(_explain_files_by_name(pagetorture_path, directory, names[start:start + MOST_FILES]))
    return [drawn.get(name, "") for name in names]


def compress_json_to_base64(value):
    """Return: @value as JSON, compressed with raw deflate, in base64."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflate.compress(text) + deflate.flush()).decode()


# ---- the race matrix ----

# A cell is a list for the page: the cell's names, flags and ranges, and for each detector an index in
# `results`, because few different results exist. All programs of a pair of accesses are compressed together,
# because the page opens one pair at a time.
CELL_KEYS = ("first", "second", "relation", "order", "mapping")
RESULT_KEYS = ("verdict", "limitation", "reported", "runs", "why")


def _draw_and_pack_programs(pagetorture_path, matrix_cells):
    """Return: {pair: compressed {relation/order: [program, drawing]}}."""
    texts = {}
    for cell in matrix_cells:
        key = (f"{cell['first']}/{cell['second']}", f"{cell['relation']}/{cell['order']}")
        texts.setdefault(key, cell.get("program", ""))
    drawn = dict(zip(texts, draw_programs_as_text(pagetorture_path, list(texts.values()))))
    pairs = itertools.groupby(sorted(texts), key=lambda key: key[0])
    return {pair: compress_json_to_base64({key[1]: [texts[key], drawn[key]] for key in keys})
            for pair, keys in pairs}


def pack_matrix(matrix_cells, detector_names, pagetorture_path):
    """Return: the data of the race matrix for the page; matrix.js reads it."""
    results, cells = {}, []
    for cell in matrix_cells:
        ranges = [cell[access][end] for access in ("first_bytes", "second_bytes") for end in ("from", "to")]
        found = [tuple(cell["detectors"][name].get(key) for key in RESULT_KEYS) for name in detector_names]
        cells.append([*(cell[name] for name in CELL_KEYS), int(cell["expect"] != "clean"),
                      int(not cell["as_predicted"]),
                      ranges, [results.setdefault(result, len(results)) for result in found]])
    return {"detectors": detector_names, "results": list(results), "cells": compress_json_to_base64(cells),
            "programs": _draw_and_pack_programs(pagetorture_path, matrix_cells)}
