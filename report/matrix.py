# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Pack the race matrix for the page.

A cell is a list of its names, flags and ranges. It has for each detector the index of a result, because few
different results exist. Programs are packed together for each pair of accesses, because the page opens one
pair at a time.
"""
import itertools

import drawing

NAMES = ("first", "second", "relation", "order", "mapping")
RESULT = ("verdict", "limitation", "reported", "runs", "why")


def _pack_programs(tool, matrix):
    """Return: {pair: packed {relation/order: [program, drawing]}}."""
    texts = {}
    for cell in matrix:
        key = (f"{cell['first']}/{cell['second']}", f"{cell['relation']}/{cell['order']}")
        texts.setdefault(key, cell.get("program", ""))
    drawn = dict(zip(texts, drawing.draw_programs(tool, list(texts.values()))))
    pairs = itertools.groupby(sorted(texts), key=lambda key: key[0])
    return {pair: drawing.pack_json({key[1]: [texts[key], drawn[key]] for key in keys})
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
    return {"detectors": detectors, "results": list(results), "cells": drawing.pack_json(cells),
            "programs": _pack_programs(tool, matrix)}
