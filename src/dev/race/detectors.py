# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The detectors of the race matrix, and their known limitations."""
import typing


class Detector(typing.NamedTuple):
    """@share: each cell runs --repeat / @share times under this detector, at least once."""
    name: str
    binary: str
    valgrind_tool: str  # or None
    uses_fibers: bool
    share: int
    description: str


DETECTORS = (
    Detector("tsan-fibers", "pagetorture-dev-tsan", None, True, 1, "ThreadSanitizer, threads as fibers"),
    Detector("tsan-threads", "pagetorture-dev-tsan", None, False, 50, "ThreadSanitizer, real threads"),
    Detector("gcc-fibers", "gcc/pagetorture-dev-tsan", None, True, 50,
             "ThreadSanitizer of gcc, threads as fibers"),
    Detector("gcc-threads", "gcc/pagetorture-dev-tsan", None, False, 100,
             "ThreadSanitizer of gcc, real threads"),
    Detector("gcc-inline", "gcc/pagetorture-dev-tsan-inline", None, True, 100,
             "the same as gcc-fibers, the library without -fno-builtin"),
    Detector("helgrind", "pagetorture-dev", "helgrind", False, 100, "Helgrind, real threads"),
    Detector("drd", "pagetorture-dev", "drd", False, 100, "DRD, real threads"),
)

# The effect of a known limitation on a cell to which the limitation applies.
MISSES = "misses"  # the detector never reports the race of the cell
MAY_MISS = "may miss"  # the detector may miss the race of the cell
ALARMS = "alarms"  # the cell has no race, but the detector may report one


class Limitation(typing.NamedTuple):
    """A known limitation of detectors. Its cells are counted apart from the other cells of the detector."""
    name: str
    detectors: tuple
    effect: str
    applies_to_cell: typing.Callable  # whether the limitation applies to a cell
    text: str


VALGRIND = ("helgrind", "drd")
LIMITATIONS = (
    Limitation("inlined", ("gcc-inline",), MISSES,
               lambda cell: any(kind.accesses_whole_page for kind in cell.kinds),
               "gcc makes stores of a memset() of constant size after it has looked for accesses:"
               " zeroing a new page and overwriting a freed one are not detected"),
    Limitation("addresses", VALGRIND, MISSES,
               lambda cell: cell.mapping.name == "aliases" and any(kind.is_through_mapping
                                                                   for kind in cell.kinds),
               "it takes two mappings of one page for two memories"),
    Limitation("system_calls", VALGRIND, MAY_MISS,
               lambda cell: cell.kinds[1].name != "last_free" and
               "copy_from_user_slice" in [kind.name for kind in cell.kinds],
               "it records what the kernel writes into memory, but does not compare it with earlier"
               " accesses: a race is detected only if the user copy comes first"),
    Limitation("atomics", VALGRIND, ALARMS,
               lambda cell: bool(cell.get_common_byte_range()) and (all(kind.is_atomic for kind in cell.kinds) or
                                                      cell.order.name == "drop"),
               "C11 atomics are plain instructions to it: it sees no atomic access, and no order in"
               " a reference count"),
)


def find_limitation(detector, cell):
    """Return: the limitation of the detector that applies to the cell, or None."""
    return next((limitation for limitation in LIMITATIONS if detector.name in limitation.detectors and
                 cell.has_race == (limitation.effect != ALARMS) and limitation.applies_to_cell(cell)), None)
