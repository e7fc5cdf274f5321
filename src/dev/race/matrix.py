# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The race matrix as page programs: all pairs of accesses, what orders them, and how the page is mapped.

Whether a cell races follows from the tables of matrix.def alone (Cell.has_race), and independently from its
program by the rule model (Cell.agrees_with_model). Cells that differ only in the mapping have one program.
"""
import collections
import fnmatch
import itertools
import pathlib
import re
import typing

PAGE_SIZE = 4096
# {word of matrix.def for a set of ranges: the kinds of ranges in the set}
SPANS = {word: frozenset(spans.split()) for word, spans in {
    "BYTES": "BYTES", "WORD": "WORD", "WHOLE": "WHOLE", "BITS": "BYTES WORD", "NOT_WORD": "BYTES WHOLE",
    "ANY": "BYTES WORD WHOLE"}.items()}
VALUES = {**SPANS, "PAGE": PAGE_SIZE, "true": True, "false": False}
ENTRY = re.compile(r'^(\w+)\(((?:"[^"]*"|[^"()])*)\)$', re.MULTILINE)
FIELD = re.compile(r'(?:"[^"]*"|[^",])+')
NAME_PARTS = 5


class Kind(typing.NamedTuple):
    """A kind of access: its calls, with placeholders for the range."""
    name: str
    spans: frozenset
    writes: bool
    is_atomic: bool
    setup_call: str
    call_before: str
    access_call: str
    call_after: str

    @property
    def is_through_mapping(self):
        return bool(self.call_before)

    @property
    def accesses_whole_page(self):
        return self.spans == SPANS["WHOLE"]


class Order(typing.NamedTuple):
    """The calls around both accesses, A and B. owner_count: the references that the calls drop."""
    name: str
    orders_accesses: bool
    owner_count: int
    call_lines: str


class Mapping(typing.NamedTuple):
    """How both accesses reach the page."""
    name: str
    backend: str


def _decode_field(field_text):
    strings = re.findall(r'"([^"]*)"', field_text)
    if strings:
        return "".join(strings).replace("\\n", "\n")
    word = field_text.strip()
    return int(word) if word.isdigit() else VALUES.get(word, word)


def read_tables(definition_path):
    """Return: {word before the parenthesis: list of the fields of each entry}."""
    text = re.sub(r"/\*.*?\*/", "", definition_path.read_text(), flags=re.DOTALL)
    tables = collections.defaultdict(list)
    for word, fields in ENTRY.findall(text):
        tables[word].append([_decode_field(field) for field in FIELD.findall(fields)])
    return tables


def format_number(number):
    """Return: the number as the canonical text of a program has it."""
    return "PAGE_SIZE" if number == PAGE_SIZE else hex(number) if number > 9 else str(number)


class Cell:
    """One combination of lines of the tables. exclusion_reason: None, or the name of the reason why the
    combination is left out of the matrix."""

    def __init__(self, first_kind, second_kind, relation, order, mapping):
        self.kinds, self.relation, self.order = (first_kind, second_kind), relation, order
        self.mapping = mapping
        self.name = "/".join((first_kind.name, second_kind.name, relation, order.name, mapping.name))
        self.exclusion_reason, self.ranges = None, ()
        self.program, self.program_lines, self.access_lines = "", [], [0, 0]

    def set_ranges_and_generate_program(self, *ranges):
        self.ranges = ranges
        self._generate_program()

    def get_common_byte_range(self):
        """Return: the range of the bytes that both accesses touch."""
        return range(max(r.start for r in self.ranges), min(r.stop for r in self.ranges))

    @property
    def has_race(self):
        """Two accesses race if they have common bytes, one of them writes, one is not atomic, and
        the calls of the order do not order them."""
        first, second = self.kinds
        return bool(self.get_common_byte_range()) and (first.writes or second.writes) and \
            not (first.is_atomic and second.is_atomic) and not self.order.orders_accesses

    @property
    def expected_verdict(self):
        return "data-race" if self.has_race else "clean"

    def format_program_with_cell_name(self):
        """Return: the program text with the name of the cell, without the mapping, in a comment."""
        header, rest = self.program.split("\n", 1)
        return f"{header}\n# Cell {self.name.rpartition('/')[0]} of the race matrix.\n{rest}"

    def agrees_with_model(self, model_verdict):
        """Return: whether the verdict of `race-cells` has the same race on the same bytes, or none."""
        common = self.get_common_byte_range()
        races = [{"first": self.access_lines[0], "second": self.access_lines[1], "page": "p0",
                  "from": common.start, "to": common.stop}] if self.has_race else []
        return model_verdict["races"] == races and \
            model_verdict["verdict"] == (["data-race"] if races else [])

    # ---- the program ----

    def _append_line(self, thread, call_template, access_index=0):
        accessed = self.ranges[access_index]
        values = {"o": accessed.start, "l": len(accessed), "s": 0x11 * (access_index + 1),
                  "i": access_index, "j": access_index + 1}
        self.program_lines.append(f"{thread}: " + re.sub(
            "%([a-z])", lambda found: format_number(values[found[1]]), call_template))

    def _append_get_page_per_drop(self, thread):
        """Add a reference for each drop in the calls of the order. If the second access is the last free, it
        replaces one of these drops."""
        order, second = self.order, self.kinds[1]
        for _ in range(order.owner_count - (order.owner_count > 0 and second.name == "last_free")):
            self._append_line(thread, "get_page(p0)")

    def _append_access(self, thread, access_index):
        kind = self.kinds[access_index]
        if kind.call_before:
            self._append_line(thread, kind.call_before, access_index)
        self._append_line(thread, kind.access_call, access_index)
        self.access_lines[access_index] = len(self.program_lines)
        if kind.call_after:
            self._append_line(thread, kind.call_after, access_index)
        if kind.name == "alloc_zero":
            self._append_get_page_per_drop(thread)

    def _generate_program(self):
        """Main creates what the accesses need, and the page unless the first access allocates it."""
        first, second = self.kinds
        self.program_lines = ["pagetorture 1", f"expect {self.expected_verdict}"]
        if first.name != "alloc_zero":
            self._append_line("main", "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)")
            self._append_get_page_per_drop("main")
        for access_index, kind in enumerate(self.kinds):
            if kind.setup_call:
                self._append_line("main", kind.setup_call, access_index)
        for order_line in self.order.call_lines.splitlines():
            thread, line = order_line.split(": ")
            if line in ("A", "B"):
                self._append_access(thread, "AB".index(line))
            elif (second.name, order_line) != ("last_free", "T1: free_page(p0)"):
                # If the second access is the last free, it replaces the drop of the second thread.
                self._append_line(thread, line)
        self.program = "\n".join(self.program_lines) + "\n"


class Matrix:
    """The tables of matrix.def, and the combinations of their lines."""

    def __init__(self, definition_path=pathlib.Path(__file__).parent / "matrix.def"):
        tables = read_tables(definition_path)
        self.kinds = [Kind(*fields) for fields in tables["KIND"]]
        self.relations = [fields[0] for fields in tables["RELATION"]]
        self.orders = [Order(*fields) for fields in tables["ORDER"]]
        self.mappings = [Mapping(*fields) for fields in tables["MAPPING"]]
        self.reasons = dict(tables["LEAVE_OUT"])
        self.ranges = tables["RANGE"]

    def _find_ranges_or_exclusion_reason(self, first, second, relation):
        """Return: the fields after the spans in the first RANGE line that matches: two ranges or a reason."""
        for line_relation, first_spans, second_spans, *rest in self.ranges:
            if line_relation == relation and first.spans & first_spans and second.spans & second_spans:
                return rest
        raise LookupError(f"matrix.def: expected a range of {first.name}, {second.name}, {relation}")

    def _make_cell_even_if_excluded(self, *combination):
        first, second, relation, *_ = combination
        cell = Cell(*combination)
        if second.name == "alloc_zero":
            cell.exclusion_reason = "alloc_is_first"
        elif first.name == "last_free":
            cell.exclusion_reason = "free_is_last"
        else:
            found = self._find_ranges_or_exclusion_reason(first, second, relation)
            if len(found) == 1:
                cell.exclusion_reason = found[0]
            else:
                cell.set_ranges_and_generate_program(*(range(start, start + length)
                                                       for start, length in (found[:2], found[2:])))
        return cell

    def select_combinations(self, name_pattern):
        """Return: a Cell for each combination whose name matches, also if it is left out. Each part of the
        pattern is a shell pattern that matches all names if it is empty; the last parts may be missing."""
        parts = name_pattern.split("/")
        if len(parts) > NAME_PARTS:
            return []
        tables = (self.kinds, self.kinds, self.relations, self.orders, self.mappings)
        chosen = [[row for row in table if fnmatch.fnmatchcase(getattr(row, "name", row), part or "*")]
                  for table, part in itertools.zip_longest(tables, parts, fillvalue="")]
        return [self._make_cell_even_if_excluded(*combination) for combination in itertools.product(*chosen)]
