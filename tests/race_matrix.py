#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""race_matrix.py TREE PAGETORTURE-DEV: the race matrix is complete, and its tables agree with the rule
model."""
import pathlib
import sys
from collections import Counter

from tap import Tap

sys.path.append(str(pathlib.Path(sys.argv[1], "src/dev/race")))
import race  # noqa: E402 (in another directory)

WITHOUT_OVERLAP = ("pair", "granule", "line", "apart", "empty")
WITHOUT_ORDER = ("none", "reverse")


def _has_ranges_of_relation(cell):
    """Return: whether the ranges of the cell are related as the name of its relation says."""
    first, second = cell.ranges
    start, end = min(first.start, second.start), max(first.stop, second.stop)
    touch = first.stop == second.start

    def fits_in(size):
        return start // size == (end - 1) // size

    return {
        "identical": first == second and len(first) < 4096,
        "nested": first.start < second.start and second.stop < first.stop,
        "around": second.start < first.start and first.stop < second.stop,
        "overlap": len(cell.get_common_bytes()) == 1,
        "pair": touch and fits_in(2),
        "granule": touch and fits_in(8) and not fits_in(2),
        "line": touch and fits_in(64) and first.start // 8 != second.start // 8,
        "apart": (first.stop - 1) // 64 < second.start // 64,
        "empty": not (first and second) and first.stop == second.stop == 4096,
        "page": first == second == range(4096),
    }[cell.relation]


def check_cells_and_programs(tap, selection):
    verdicts = selection.verdicts.values()
    races = sum(cell.has_race for cell in selection.cells)
    print(f"# {len(selection.combinations)} combinations, {len(selection.cells)} cells, {races} race")
    tap.ok(len(selection.cells) > 10000 and races > 1000,
           "the matrix has more than 10,000 cells and 1,000 races")
    tap.ok(not selection.disagreeing, "tables and model agree on every cell",
           [f"{cell.name}: {selection.verdicts[cell.program]}" for cell in selection.disagreeing])
    tap.ok(all(verdict["runs_all_calls"] for verdict in verdicts),
           "every program is valid, and all of its calls run")
    tap.ok(all(verdict["is_canonical_text"] for verdict in verdicts),
           "the text of every program is parsed to the same program")


def check_values_of_cells(tap, selection):
    racing = [cell for cell in selection.cells if cell.has_race]
    racing_relations = {cell.relation for cell in racing}
    tap.ok(racing_relations == set(selection.matrix.relations) - set(WITHOUT_OVERLAP) and
           {cell.relation for cell in selection.cells} == set(selection.matrix.relations),
           "cells race if their ranges overlap, and only then")
    tap.ok({kind for cell in racing for kind in cell.kinds} == set(selection.matrix.kinds),
           "every kind of access races in some cell")
    racing_orders = {cell.order.name for cell in racing}
    for order in selection.matrix.orders:
        races = order.name in WITHOUT_ORDER
        tap.ok((order.name in racing_orders) == races,
               f"order {order.name}: {'races' if races else 'no race'}")
    left_out = Counter(cell.exclusion_reason for cell in selection.combinations if cell.exclusion_reason)
    tap.ok(set(left_out) == set(selection.matrix.reasons) and
           len(selection.combinations) == sum(left_out.values()) + len(selection.cells),
           "each reason leaves out some combination, and every combination is counted")
    tap.ok(all(map(_has_ranges_of_relation, selection.cells)), "each range relation is what its name says")


def check_patterns(tap, selection):
    matrix, all_count = selection.matrix, len(selection.combinations)

    def count_matching_cells(pattern):
        return len(matrix.select_combinations(pattern))

    tap.ok(all(len(matrix.select_combinations(cell.name)) == 1 for cell in selection.cells[::100]) and
           len({cell.name for cell in selection.combinations}) == all_count, "every cell matches its name")
    tap.ok(count_matching_cells("*/*") == all_count, "an empty pattern matches all cells")
    tap.ok(count_matching_cells("store/load/nested/none/same") == 1, "a whole name matches one cell")
    tap.ok(count_matching_cells("store/load/nested/none") == len(matrix.mappings),
           "the last parts may be missing")
    tap.ok(count_matching_cells("//page") * len(matrix.relations) == all_count, "an empty part matches any")
    tap.ok(count_matching_cells("*_atomic/last_free/around/none/same") == 4, "parts are patterns")
    tap.ok(not count_matching_cells("nothing") and not count_matching_cells("a/b/c/d/e/f"),
           "other patterns match no cell")


def main():
    tap = Tap()
    selection = race.Selection(race.parse_arguments([sys.argv[2], "--list"]))
    check_cells_and_programs(tap, selection)
    check_values_of_cells(tap, selection)
    check_patterns(tap, selection)
    return tap.done_testing()


if __name__ == "__main__":
    sys.exit(main())
