# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read clang's syntax tree of a source, with the bytes of each node.

A node from a macro has no bytes of its own, only those of the whole invocation. Arguments of a macro have
their own bytes. Clang prints a file name only if it differs from the previous location, so
locations are read in the order of the dump.
"""
import dataclasses
import json
import os
import re
import subprocess

# likely() and unlikely() do not change a value, so clang reads spaces in place of their names.
HINTS = re.compile(rb"\b(?:un)?likely(?=\()")
DIRECTIVE = re.compile(rb"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
NAME = re.compile(rb"[A-Za-z_]\w*")


class BadSource(Exception):
    """A source that the compiler cannot read."""


class Text:
    """The bytes of one file."""

    def __init__(self, source_path):
        self.path = source_path
        self.bytes = source_path.read_bytes()
        self.directives = [m.span() for m in DIRECTIVE.finditer(self.bytes)]
        # {position of the parenthesis of a hint: position of the hint}
        self.hints = {m.end(): m.start() for m in HINTS.finditer(self.bytes)
                      if not self.is_in_directive(m.start())}

    def is_in_directive(self, offset):
        return any(begin <= offset < end for begin, end in self.directives)

    def replace_likely_hints_by_spaces(self):
        """Return: the bytes with spaces in place of likely and unlikely, so that positions stay."""
        return HINTS.sub(lambda m: b" " * len(m[0]) if m.end() in self.hints else m[0], self.bytes)

    def get_line_number(self, offset):
        return self.bytes.count(b"\n", 0, offset) + 1

    def find_end_of_macro_use(self, offset):
        """The end of the macro invocation at @offset, with its arguments."""
        name = NAME.match(self.bytes, offset)
        end = name.end() if name else offset + 1
        at = end
        while self.bytes[at:at + 1] in (b" ", b"\t", b"\n"):
            at += 1
        if self.bytes[at:at + 1] != b"(":
            return end
        depth = 0
        for at in range(at, len(self.bytes)):
            depth += {b"(": 1, b")": -1}.get(self.bytes[at:at + 1], 0)
            if not depth:
                return at + 1
        return end

    def get_identifier_at(self, offset):
        name = NAME.match(self.bytes, offset)
        return name[0].decode() if name else "?"


@dataclasses.dataclass
class Place:
    """The bytes of a token; @macro is the name of the macro that it comes from."""
    text: Text
    begin: int
    end: int
    macro: str = ""


@dataclasses.dataclass
class Node:
    """A node of the tree. @text is None if the node is not from the library."""
    kind: str
    json: dict
    text: Text = None
    begin: int = 0
    end: int = 0
    macro: str = ""
    children: list = dataclasses.field(default_factory=list)
    parent: "Node" = dataclasses.field(default=None, repr=False)
    name_begin: int = -1  # of a declaration: the offset of its name, if it is in @text

    @property
    def source(self):
        return self.text.bytes[self.begin:self.end].decode()

    @property
    def type(self):
        """The type without typedefs."""
        kind = self.json.get("type", {})
        return kind.get("desugaredQualType", kind.get("qualType", ""))

    def get(self, key):  # a field of clang's JSON for the node, or None
        return self.json.get(key)


class Reader:
    """Reads trees. @texts: {file name in the output of clang: text} of the library."""

    def __init__(self, texts_by_name):
        self.texts = texts_by_name
        self.file = None

    def _track_file_and_find_place(self, location):
        if "offset" not in location:
            return None
        self.file = location.get("file", self.file)
        text = self.texts.get(self.file and os.path.normpath(self.file))
        return text and Place(text, location["offset"], location["offset"] + location["tokLen"])

    def _find_place_outside_macros(self, location):
        """Return: the place, or None if it is not in the library."""
        if "expansionLoc" not in location:
            return self._track_file_and_find_place(location)
        spelled = self._track_file_and_find_place(location["spellingLoc"])
        expansion = location["expansionLoc"]
        called = self._track_file_and_find_place(expansion)
        if not called:
            return None
        if expansion.get("isMacroArgExpansion") and spelled:
            # clang prints no position for a macro in the arguments of another macro.
            return None if spelled.text.is_in_directive(spelled.begin) else spelled
        return Place(called.text, called.begin, called.text.find_end_of_macro_use(called.begin),
                     called.text.get_identifier_at(called.begin))

    def read_node_and_children(self, json_node):
        node = Node(json_node.get("kind", ""), json_node)
        name = self._find_place_outside_macros(json_node["loc"]) if "loc" in json_node else None
        bounds = json_node.get("range", {})
        begin = self._find_place_outside_macros(bounds["begin"]) if "begin" in bounds else None
        end = self._find_place_outside_macros(bounds["end"]) if "end" in bounds else None
        if begin and end and begin.text is end.text and begin.begin < end.end:
            node.text, node.end = begin.text, end.end
            node.begin = node.text.hints.get(begin.begin, begin.begin)
            if begin.macro and end.macro and begin.begin == end.begin:
                node.macro = begin.macro
            if name and name.text is node.text and not name.macro:
                node.name_begin = name.begin
        node.children = [self.read_node_and_children(child) for child in json_node.get("inner", [])]
        for child in node.children:
            child.parent = node
        return node


def run_clang_and_read_tree(command, directory, texts_by_name):
    """The tree of the source that @command compiles, run in @directory."""
    # ccache would return the syntax tree of another source.
    done = subprocess.run([*command, "-Xclang", "-ast-dump=json", "-fsyntax-only"], cwd=directory,
                          capture_output=True, text=True, check=False,
                          env={**os.environ, "CCACHE_DISABLE": "1"})
    if done.returncode:
        raise BadSource(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return Reader(texts_by_name).read_node_and_children(json.loads(done.stdout))
