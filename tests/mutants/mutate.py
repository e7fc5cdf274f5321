# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Generate all mutants of a library: one small change each.

The name of a mutant depends on its function, its operator and the changed text, so other changes of the
code do not change it.
"""
import collections
import concurrent.futures
import dataclasses
import hashlib
import pathlib
import re
import shutil
import tempfile

import declarations
import operators
import syntax_tree
from library_build import run_returning_status_and_output

FILE_SCOPE = "-"

# Operators that change very short text, so the name of the mutant also depends on the text around the change.
SMALL = ("constant", "jump", "order")
BLOCKS = ("CompoundStmt", "FunctionDecl", "RecordDecl", "TranslationUnitDecl")
ENOUGH, TOO_MUCH = 6, 160


@dataclasses.dataclass(frozen=True)
class Mutant:
    id: str
    file: str
    line: int
    function: str
    operator: str
    begin: int
    end: int
    new: str
    was: str  # the changed expression or statement, in one line
    becomes: str

    def apply_to(self, source_bytes):
        """The bytes of the file with the change; the number of lines stays."""
        old = source_bytes[self.begin:self.end]
        new = self.new.encode()
        new += b"\n" * (old.count(b"\n") - new.count(b"\n"))
        return source_bytes[:self.begin] + new + source_bytes[self.end:]

    def __str__(self):
        return (f"{self.id} {self.file}:{self.line} {self.function} {self.operator}: "
                f"{self.was} => {self.becomes}")


def collapse_white_space(text):
    return re.sub(r"\s+", " ", text).strip()


def _find_node_for_mutant_name(change, enclosing_nodes):
    """The smallest expression or statement around the change with enough text for a name."""
    for node in reversed(enclosing_nodes):
        if node.text is change.about.text and node.begin <= change.begin and \
                change.end <= node.end and ENOUGH <= node.end - node.begin <= TOO_MUCH:
            return node
    return change.about


class Finder:
    """Collects mutants of syntax trees; a mutant in several trees counts once."""

    def __init__(self):
        self.found = {}

    def collect_changes(self, node, declared, function=FILE_SCOPE, enclosing_nodes=()):
        """@declared: the declarations of the tree; @enclosing_nodes: those around @node, the smallest last."""
        if node.kind == "FunctionDecl" and node.get("name"):
            function, enclosing_nodes = node.get("name"), ()
        for change in operators.list_changes_of_node(node, declared):
            path = change.about.text.path.name
            about = _find_node_for_mutant_name(change, enclosing_nodes) if change.operator in SMALL else change.about
            self.found.setdefault((path, change.begin, change.end, change.new),
                                  (function, dataclasses.replace(change, about=about)))
        if node.text and node.kind not in BLOCKS:
            enclosing_nodes = (*enclosing_nodes, node)
        for child in node.children:
            self.collect_changes(child, declared, function, enclosing_nodes)

    def generate_mutants_of_changes(self):
        """The mutants in the order of files and lines."""
        ordinals = collections.Counter()
        for (path, begin, end, new), (function, change) in sorted(self.found.items(),
                                                                  key=lambda item: item[0]):
            about, text = change.about, change.about.text
            was = collapse_white_space(about.source)
            before = text.bytes[about.begin:begin].decode()
            after = text.bytes[end:about.end].decode()
            becomes = collapse_white_space(change.becomes or before + new + after)
            key = (path, function, change.operator, was, becomes)
            ordinals[key] += 1
            name = hashlib.sha1("\0".join((*key, str(ordinals[key]))).encode()).hexdigest()[:8]
            yield Mutant(name, path, text.get_line_number(begin), function, change.operator, begin, end, new,
                         was, becomes)


def choose_clang_command(compiler_command):
    """Return: @compiler_command if it is clang, else another clang, which prints syntax trees."""
    for command in (compiler_command, ["clang-19"], ["clang"]):
        if shutil.which(command[0]) and "clang" in run_returning_status_and_output([*command, "--version"])[1]:
            return command
    raise syntax_tree.BadSource(f"expected clang to read sources with, there is only {' '.join(compiler_command)}")


def _list_clang_commands(tree):
    """Commands by which clang reads every function: sync.h has some for one flavour only."""
    base = [*choose_clang_command(tree.cc), *tree.cflags, "-Isrc"]
    for path in sorted(tree.page.glob("*.[ch]")):
        yield [*base, "-xc", f"src/page/{path.name}"]
    for flavour in tree.flavours[1:]:
        yield [*base, *tree.flags[flavour], "-xc", "src/page/sync.h"]


def find_mutants(tree, job_count):
    finder, texts = Finder(), {}
    with tempfile.TemporaryDirectory() as scratch:
        copy = pathlib.Path(scratch, "src", "page")
        copy.mkdir(parents=True)
        for path in sorted(tree.page.glob("*.[ch]")):
            text = texts[f"src/page/{path.name}"] = syntax_tree.Text(path)
            (copy / path.name).write_bytes(text.replace_likely_hints_by_spaces())
        with concurrent.futures.ThreadPoolExecutor(job_count) as pool:
            commands = list(_list_clang_commands(tree))
            for command, root in zip(commands, pool.map(
                    lambda c: syntax_tree.run_clang_and_read_tree(c, scratch, texts), commands)):
                finder.collect_changes(root, declarations.Declarations(root, texts[command[-1]]))
    mutants = list(finder.generate_mutants_of_changes())
    names = collections.Counter(m.id for m in mutants)
    if names and max(names.values()) > 1:
        raise syntax_tree.BadSource(f"two mutants have the name {names.most_common(1)[0][0]}")
    return mutants
