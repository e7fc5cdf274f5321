# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The race matrix, small enough for a page.

A cell is its place: the numbers of first, second, relation, order and mapping in the lists of
their names, as one number. What detectors said repeats itself, so a cell has for each detector
the number of one of few answers. Programs are packed by pairs of accesses: one pair is opened
at a time.
"""
import itertools

import drawing

AXES = ("first", "second", "relation", "order", "mapping")


class Names:
    """Values in the order in which they came, and the number of each."""

    def __init__(self):
        self.numbers = {}

    def number(self, value):
        return self.numbers.setdefault(value, len(self.numbers))

    def all(self):
        return list(self.numbers)


def _axes(matrix):
    """Both accesses are of one list."""
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
    """A value that can be a key; `why` and `limit` are there where they are said."""
    return tuple(answer.get(key) for key in ("verdict", "limit", "reported", "runs", "why"))


def _programs(tool, matrix):
    """{pair: packed {relation/order: [program, drawing]}}"""
    texts = {}
    for cell in matrix:
        key = (f"{cell['first']}/{cell['second']}", f"{cell['relation']}/{cell['order']}")
        texts.setdefault(key, cell.get("program", ""))
    drawn = dict(zip(texts, drawing.draw(tool, list(texts.values()))))
    pairs = itertools.groupby(sorted(texts), key=lambda key: key[0])
    return {pair: drawing.pack({key[1]: [texts[key], drawn[key]] for key in keys})
            for pair, keys in pairs}


def packed(matrix, detectors, tool):
    """What the page draws it from."""
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
