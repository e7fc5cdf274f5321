# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Encode the race matrix in a small form for the page.

One number identifies a cell: it combines the indices of first, second, relation, order and mapping in
their lists of names. Few different results exist, so a cell stores for each detector the index of a
result. Programs are packed together for each pair of accesses, because the page opens one pair at a
time.
"""
import itertools

import drawing

AXES = ("first", "second", "relation", "order", "mapping")


class Names:
    """Distinct values in order of appearance, and the index of each."""

    def __init__(self):
        self.numbers = {}

    def number(self, value):
        return self.numbers.setdefault(value, len(self.numbers))

    def all(self):
        return list(self.numbers)


def _axes(matrix):
    """The names of both accesses, in one list."""
    kinds, rest = Names(), [Names() for _ in AXES[2:]]
    for cell in matrix:
        kinds.number(cell["first"])
    for cell in matrix:
        kinds.number(cell["second"])
        for names, axis in zip(rest, AXES[2:]):
            names.number(cell[axis])
    return [kinds, kinds, *rest]


def _place(axes, cell):
    place = 0
    for names, axis in zip(axes, AXES):
        place = place * len(names.numbers) + names.number(cell[axis])
    return place


def _answer(answer):
    """A result as a hashable value, with `why` and `limitation` if they exist."""
    return tuple(answer.get(key) for key in ("verdict", "limitation", "reported", "runs", "why"))


def _programs(tool, matrix):
    """Return: {pair: packed {relation/order: [program, drawing]}}."""
    texts = {}
    for cell in matrix:
        key = (f"{cell['first']}/{cell['second']}", f"{cell['relation']}/{cell['order']}")
        texts.setdefault(key, cell.get("program", ""))
    drawn = dict(zip(texts, drawing.draw(tool, list(texts.values()))))
    pairs = itertools.groupby(sorted(texts), key=lambda key: key[0])
    return {pair: drawing.pack({key[1]: [texts[key], drawn[key]] for key in keys})
            for pair, keys in pairs}


def packed(matrix, detectors, tool):
    """Return: the data of the race matrix for the page."""
    axes, answers, ranges = _axes(matrix), Names(), Names()
    places, columns = [], {name: [] for name in detectors}
    where, races, wrong = [], [], []
    for number, cell in enumerate(matrix):
        places.append(_place(axes, cell))
        bounds = cell["first_bytes"], cell["second_bytes"]
        where.append(ranges.number(tuple(b[k] for b in bounds for k in ("from", "to"))))
        if cell["expect"] != "clean":
            races.append(number)
        if not cell["as_predicted"]:
            wrong.append(number)
        for name, column in columns.items():
            column.append(answers.number(_answer(cell["detectors"][name])))
    return {"kinds": axes[0].all(),
            **{f"{axis}s": names.all() for axis, names in zip(AXES[2:], axes[2:])},
            "places": places, "ranges": ranges.all(), "where": where, "races": races,
            "wrong": wrong, "answers": answers.all(), "columns": columns,
            "programs": _programs(tool, matrix)}
