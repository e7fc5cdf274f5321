# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""All mutants of some sources: one small change each, with a name that stays.

A mutant's name comes from its function, its operator and the text that is changed, so it
stays what it is when other code moves.
"""
import collections
import concurrent.futures
import dataclasses
import hashlib
import pathlib
import re
import tempfile

import operators
import tree

FILE_SCOPE = "-"

# Changes of so little text that what is around it has to tell them apart.
SMALL = ("constant", "jump", "order")
BLOCKS = ("CompoundStmt", "FunctionDecl", "RecordDecl", "TranslationUnitDecl")
ENOUGH, TOO_MUCH = 6, 160


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change of one file."""
    id: str
    file: str
    line: int
    function: str
    operator: str
    begin: int
    end: int
    new: str
    was: str  # the expression or statement that is changed, in one line
    becomes: str

    def apply(self, source):
        """The bytes of the file with the change; as many lines as before."""
        old = source[self.begin:self.end]
        new = self.new.encode()
        new += b"\n" * (old.count(b"\n") - new.count(b"\n"))
        return source[:self.begin] + new + source[self.end:]

    def __str__(self):
        return (f"{self.id} {self.file}:{self.line} {self.function} {self.operator}: "
                f"{self.was} => {self.becomes}")


def one_line(text):
    return re.sub(r"\s+", " ", text).strip()


def _named_by(change, around):
    """The smallest expression or statement around the change that says enough."""
    for node in reversed(around):
        if node.text is change.about.text and node.begin <= change.begin and \
                change.end <= node.end and ENOUGH <= node.end - node.begin <= TOO_MUCH:
            return node
    return change.about


class Finder:
    """Collects mutants of trees; what several trees show counts once."""

    def __init__(self):
        self.found = {}
        self.hidden = {}

    def collect(self, node, function=FILE_SCOPE, around=()):
        """@around are the expressions and statements that @node is in, the smallest last."""
        if node.kind == "FunctionDecl" and node.get("name"):
            function, around = node.get("name"), ()
        if node.text and operators.hidden_by_macro(node):
            self.hidden.setdefault((node.text.path.name, node.begin), node.macro)
        for change in operators.changes(node):
            path = change.about.text.path.name
            about = _named_by(change, around) if change.operator in SMALL else change.about
            self.found.setdefault((path, change.begin, change.end, change.new),
                                  (function, dataclasses.replace(change, about=about)))
        if node.text and node.kind not in BLOCKS:
            around = (*around, node)
        for child in node.children:
            self.collect(child, function, around)

    def mutants(self):
        """In the order of files and lines."""
        ordinals = collections.Counter()
        for (path, begin, end, new), (function, change) in sorted(self.found.items(),
                                                                  key=lambda item: item[0]):
            about, text = change.about, change.about.text
            was = one_line(about.source)
            before = text.bytes[about.begin:begin].decode()
            after = text.bytes[end:about.end].decode()
            becomes = one_line(before + new + after)
            key = (path, function, change.operator, was, becomes)
            ordinals[key] += 1
            name = hashlib.sha1("\0".join((*key, str(ordinals[key]))).encode()).hexdigest()[:8]
            yield Mutant(name, path, text.line(begin), function, change.operator, begin, end, new,
                         was, becomes)

    def hidden_count(self):
        """How many places a macro hides, by the macro's name."""
        return collections.Counter(self.hidden.values())


def _copy(directory, scratch):
    """The library as it is read, and what it really is by the name it is read by."""
    (scratch / "src" / "page").mkdir(parents=True)
    texts = {}
    for path in sorted((directory / "src" / "page").glob("*.[ch]")):
        text = tree.Text(path)
        name = f"src/page/{path.name}"
        (scratch / name).write_bytes(text.without_hints())
        texts[name] = text
    return texts


def find(commands, directory, jobs=2):
    """
    Mutants of what is in @directory/src/page, and a count of what macros hide. @commands are those
    that compile the sources, run in such a directory.
    """
    finder = Finder()
    with tempfile.TemporaryDirectory() as scratch:
        texts = _copy(directory, pathlib.Path(scratch))
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for root in pool.map(lambda c: tree.read_tree(c, scratch, texts), commands):
                finder.collect(root)
    mutants = list(finder.mutants())
    names = collections.Counter(m.id for m in mutants)
    if names and max(names.values()) > 1:
        raise tree.BadSource(f"two mutants have the name {names.most_common(1)[0][0]}")
    return mutants, finder.hidden_count()
