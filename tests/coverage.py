#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Compare the coverage of src/page by llvm-cov with the list of unreached code.

    coverage.py FIGURE LIST JSON SRCDIR

FIGURE is `replay` (the corpus alone) or `all` (with the unit tests); JSON is what `llvm-cov export`
writes. LIST is tests/coverage_excluded, whose head describes its format. A line is not reached only
after a side of a branch that is not taken, or in a function that is not called, so lines are not compared.

Exit status: 0 the list is correct; 1 it is not; 2 usage error, or a list that cannot be read.
"""
import collections
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
from reasons import BadList, read_entries_with_reasons  # noqa: E402

KINDS = ("tests", "never", "chance")
# MAY: the kinds of listed code that the runs of FIGURE need not reach. MUST: the kinds of listed code that
# the runs of FIGURE must not reach.
MAY = {"replay": KINDS, "all": ("never", "chance")}
MUST = {"replay": ("tests", "never"), "all": ("never",)}
ENTRY = r"(?P<file>\S+) (?P<function>\w+): (?P<text>.*?)(?: x(?P<times>\d+))?"
EXPANSION = 1  # the kind of a region: use of a macro
WHOLE = "*"  # the text of an entry for a function that is never called


def read_excluded_code(path):
    """Return: {(file, function, text): (kind, times)}"""
    entries = {}
    for number, kind, _, entry in read_entries_with_reasons(pathlib.Path(path), KINDS, ENTRY):
        key = entry["file"], entry["function"], entry["text"]
        if key in entries:
            raise BadList(f"{path}:{number}: {entry[0]} is listed twice")
        entries[key] = kind, int(entry["times"] or 1)
    return entries


class Source:
    def __init__(self, source_path):
        self.lines = pathlib.Path(source_path).read_text().split("\n")

    def get_source_text(self, start, end):
        """The text between two positions, with each run of white space as one space."""
        text = "\n".join(self.lines[start[0] - 1 : end[0]])
        last = len(self.lines[end[0] - 1])
        return " ".join(text[start[1] - 1 : len(text) - last + end[1] - 1].split())

    def get_condition_with_macro_arguments(self, start, end):
        """The text between two positions; after the name of a macro also its arguments, which the region lacks."""
        rest = "\n".join(self.lines[end[0] - 1 :])[end[1] - 1 :]
        if start == end:
            end = end[0], end[1] + len(re.match(r"\w*", rest)[0])
            return self.get_condition_with_macro_arguments(start, end) if start != end else ""
        depth = length = 0
        for length, char in enumerate(rest):
            depth += (char == "(") - (char == ")")
            if depth == 0:
                break
        more = " ".join(rest[: length + 1].split()) if rest.startswith("(") else ""
        return self.get_source_text(start, end) + more


def find_position_outside_macros(branch, macro_expansions):
    """The position of a branch; for a branch in a macro, the position of the macro's use."""
    file, start, end = branch[6], tuple(branch[0:2]), tuple(branch[2:4])
    while file in macro_expansions:
        region = macro_expansions[file]
        file, start, end = region[5], tuple(region[0:2]), tuple(region[2:4])
    return file, start, end


class Report:
    """The output of `llvm-cov export`; counts of code that was compiled repeatedly are added."""

    def __init__(self, llvm_cov_json_path):
        self.call_counts = collections.Counter()  # {(path, function): calls}
        self.side_counts = collections.defaultdict(lambda: [0, 0])  # {branch: how often true, false}
        with open(llvm_cov_json_path, encoding="utf-8") as file:
            for function in json.load(file)["data"][0]["functions"]:
                if "/src/page/" in function["filenames"][function["regions"][0][5]]:
                    self.add_function_counts(function)
        self.paths = {path for path, _ in self.call_counts}

    def add_function_counts(self, function_record):
        regions, files = function_record["regions"], function_record["filenames"]
        name = function_record["name"].split(":")[-1]
        self.call_counts[files[regions[0][5]], name] += function_record["count"]
        expansions = {region[6]: region for region in regions if region[7] == EXPANSION}
        for branch in function_record["branches"]:
            file, start, end = find_position_outside_macros(branch, expansions)
            sides = self.side_counts[files[file], name, start, end, files[branch[6]], tuple(branch[:4])]
            sides[0] += branch[4]
            sides[1] += branch[5]

    def count_unreached_sides_and_functions(self):
        """Return: {(file, function, text): times}; a function that was never called is one entry."""
        found = collections.Counter()
        for (path, name), count in self.call_counts.items():
            if not count:
                found[pathlib.Path(path).name, name, WHOLE] = 1
        sources = {path: Source(path) for path in self.paths}
        for (path, name, start, end, *_), counts in self.side_counts.items():
            for side, count in zip(("true", "false"), counts):
                if self.call_counts[path, name] and not count:
                    text = sources[path].get_condition_with_macro_arguments(start, end)
                    found[pathlib.Path(path).name, name, f"{text} => {side}"] += 1
        return found


def format_list_entry(key, times):
    return f"{key[0]} {key[1]}: {key[2]}" + (f" x{times}" if times > 1 else "")


def list_differences(figure, listed, unreached):
    for key, times in sorted(unreached.items()):
        kind, allowed = listed.get(key, (None, 0))
        if kind not in MAY[figure]:
            yield f"not reached: {format_list_entry(key, times)}"
        elif kind != "chance" and times != allowed:
            yield f"not reached {times} times, the list says {allowed}: {format_list_entry(key, 1)}"
    for key, (kind, times) in sorted(listed.items()):
        whole = (key[0], key[1], WHOLE)
        if kind in MUST[figure] and key not in unreached and whole not in unreached:
            yield f"reached, and listed as [{kind}]: {format_list_entry(key, times)}"


def format_function_and_branch_summary(figure, report, listed, unreached):
    functions = [count > 0 for count in report.call_counts.values()]
    sides = [count > 0 for both in report.side_counts.values() for count in both]
    left = collections.Counter(listed[key][0] for key in unreached if key in listed)
    kinds = ", ".join(f"{left[kind]} [{kind}]" for kind in KINDS if left[kind])
    return (f"{figure}: {sum(functions)} of {len(functions)} functions, {sum(sides)} of {len(sides)} sides of "
            f"branches; not reached: {kinds or 'nothing'}")


def main(args):
    if len(args) != 4 or args[0] not in MAY:
        print(__doc__, file=sys.stderr)
        return 2
    figure, list_path, json_path, srcdir = args
    try:
        entries, report = read_excluded_code(list_path), Report(json_path)
    except (OSError, ValueError, BadList) as error:
        print(error, file=sys.stderr)
        return 2
    unreached = report.count_unreached_sides_and_functions()
    sources = {path.name for path in pathlib.Path(srcdir, "src/page").glob("*.c")}
    missing = sorted(sources - {pathlib.Path(path).name for path in report.paths})
    problems = [*list_differences(figure, entries, unreached),
                *(f"not in the report: {name}" for name in missing)]
    print("\n".join([format_function_and_branch_summary(figure, report, entries, unreached), *problems]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
