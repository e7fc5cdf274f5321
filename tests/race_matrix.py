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

    def both_ranges_fit_in_block(block_size):
        return start // block_size == (end - 1) // block_size

    return {
        "identical": first == second and len(first) < 4096,
        "nested": first.start < second.start and second.stop < first.stop,
        "around": second.start < first.start and first.stop < second.stop,
        "overlap": len(cell.get_common_byte_range()) == 1,
        "pair": touch and both_ranges_fit_in_block(2),
        "granule": touch and both_ranges_fit_in_block(8) and not both_ranges_fit_in_block(2),
        "line": touch and both_ranges_fit_in_block(64) and first.start // 8 != second.start // 8,
        "apart": (first.stop - 1) // 64 < second.start // 64,
        "empty": not (first and second) and first.stop == second.stop == 4096,
        "page": first == second == range(4096),
    }[cell.relation]


def check_cells_against_model(tap, matrix_selection):
    verdicts = matrix_selection.verdicts.values()
    races = sum(cell.has_race for cell in matrix_selection.cells)
    print(f"# {len(matrix_selection.combinations)} combinations, {len(matrix_selection.cells)} cells, {races} race")
    tap.ok(len(matrix_selection.cells) > 10000 and races > 1000,
           "the matrix has more than 10,000 cells and 1,000 races")
    tap.ok(not matrix_selection.disagreeing, "tables and model agree on every cell",
           [f"{cell.name}: {matrix_selection.verdicts[cell.program]}" for cell in matrix_selection.disagreeing])
    tap.ok(all(verdict["runs_all_calls"] for verdict in verdicts),
           "every program is valid, and all of its calls run")
    tap.ok(all(verdict["is_canonical_text"] for verdict in verdicts),
           "the text of every program is parsed to the same program")


def check_relations_orders_and_kinds(tap, matrix_selection):
    racing = [cell for cell in matrix_selection.cells if cell.has_race]
    racing_relations = {cell.relation for cell in racing}
    tap.ok(racing_relations == set(matrix_selection.matrix.relations) - set(WITHOUT_OVERLAP) and
           {cell.relation for cell in matrix_selection.cells} == set(matrix_selection.matrix.relations),
           "cells race if their ranges overlap, and only then")
    tap.ok({kind for cell in racing for kind in cell.kinds} == set(matrix_selection.matrix.kinds),
           "every kind of access races in some cell")
    racing_orders = {cell.order.name for cell in racing}
    for order in matrix_selection.matrix.orders:
        races = order.name in WITHOUT_ORDER
        tap.ok((order.name in racing_orders) == races,
               f"order {order.name}: {'races' if races else 'no race'}")
    left_out = Counter(cell.exclusion_reason for cell in matrix_selection.combinations if cell.exclusion_reason)
    tap.ok(set(left_out) == set(matrix_selection.matrix.reasons) and
           len(matrix_selection.combinations) == sum(left_out.values()) + len(matrix_selection.cells),
           "each reason leaves out some combination, and every combination is counted")
    tap.ok(all(map(_has_ranges_of_relation, matrix_selection.cells)), "each range relation is what its name says")


def check_patterns(tap, matrix_selection):
    matrix, all_count = matrix_selection.matrix, len(matrix_selection.combinations)

    def count_matching_combinations(pattern):
        return len(matrix.select_combinations(pattern))

    tap.ok(all(len(matrix.select_combinations(cell.name)) == 1 for cell in matrix_selection.cells[::100]) and
           len({cell.name for cell in matrix_selection.combinations}) == all_count, "every cell matches its name")
    tap.ok(count_matching_combinations("*/*") == all_count, "an empty pattern matches all cells")
    tap.ok(count_matching_combinations("store/load/nested/none/same") == 1, "a whole name matches one cell")
    tap.ok(count_matching_combinations("store/load/nested/none") == len(matrix.mappings),
           "the last parts may be missing")
    tap.ok(count_matching_combinations("//page") * len(matrix.relations) == all_count, "an empty part matches any")
    tap.ok(count_matching_combinations("*_atomic/last_free/around/none/same") == 4, "parts are patterns")
    tap.ok(not count_matching_combinations("nothing") and not count_matching_combinations("a/b/c/d/e/f"),
           "other patterns match no cell")


def main():
    tap = Tap()
    matrix_selection = race.Selection(race.parse_arguments([sys.argv[2], "--list"]))
    check_cells_against_model(tap, matrix_selection)
    check_relations_orders_and_kinds(tap, matrix_selection)
    check_patterns(tap, matrix_selection)
    return tap.done_testing()


if __name__ == "__main__":
    sys.exit(main())
