# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""What the compiler read: clang's syntax tree of a source, with the bytes each node is from.

A node that a macro wrote has no bytes of its own: only the invocation has, as a whole. What a
caller passed to a macro has its own again. Clang names a file only where it changes from the
location that it printed before, so locations are read in the order of the dump.
"""
import dataclasses
import json
import os
import re
import subprocess

# Macros that change nothing: read as the parentheses that they are, for what is in them.
HINTS = re.compile(rb"\b(?:un)?likely(?=\()")
DIRECTIVE = re.compile(rb"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
NAME = re.compile(rb"[A-Za-z_]\w*")


class BadSource(Exception):
    """A source that the compiler cannot read."""


class Text:
    """The bytes of one file."""

    def __init__(self, path):
        self.path = path
        self.bytes = path.read_bytes()
        self.directives = [m.span() for m in DIRECTIVE.finditer(self.bytes)]
        # Where the parentheses of hints open, and where the hints begin.
        self.hints = {m.end(): m.start() for m in HINTS.finditer(self.bytes)
                      if not self.in_directive(m.start())}

    def in_directive(self, offset):
        return any(begin <= offset < end for begin, end in self.directives)

    def without_hints(self):
        """The same, as long in each place, with blanks where hints were."""
        return HINTS.sub(lambda m: b" " * len(m[0]) if m.end() in self.hints else m[0], self.bytes)

    def line(self, offset):
        return self.bytes.count(b"\n", 0, offset) + 1

    def invocation_end(self, offset):
        """Behind the macro name at @offset, and its arguments if it has any."""
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

    def name_at(self, offset):
        name = NAME.match(self.bytes, offset)
        return name[0].decode() if name else "?"


@dataclasses.dataclass
class Place:
    """A token: where its bytes are; @macro is the name of the macro that wrote it."""
    text: Text
    begin: int
    end: int
    macro: str = ""


@dataclasses.dataclass
class Node:
    """A node of the tree. @text is None where it is not from a file of ours."""
    kind: str
    json: dict
    text: Text = None
    begin: int = 0
    end: int = 0
    macro: str = ""
    children: list = dataclasses.field(default_factory=list)

    @property
    def source(self):
        return self.text.bytes[self.begin:self.end].decode()

    @property
    def type(self):
        """The type without typedefs."""
        kind = self.json.get("type", {})
        return kind.get("desugaredQualType", kind.get("qualType", ""))

    def get(self, key):
        return self.json.get(key)


class Reader:
    """Reads trees. @texts are the files that are ours, by the names that the compiler prints."""

    def __init__(self, texts):
        self.texts = texts
        self.file = None

    def _bare(self, loc):
        if "offset" not in loc:
            return None
        self.file = loc.get("file", self.file)
        text = self.texts.get(self.file and os.path.normpath(self.file))
        return text and Place(text, loc["offset"], loc["offset"] + loc["tokLen"])

    def _place(self, loc):
        """None for a place that is in no file of ours."""
        if "expansionLoc" not in loc:
            return self._bare(loc)
        spelled = self._bare(loc["spellingLoc"])
        expansion = loc["expansionLoc"]
        called = self._bare(expansion)
        if not called:
            return None
        if expansion.get("isMacroArgExpansion") and spelled:
            # A macro among the arguments of another: nobody says where in there.
            return None if spelled.text.in_directive(spelled.begin) else spelled
        return Place(called.text, called.begin, called.text.invocation_end(called.begin),
                     called.text.name_at(called.begin))

    def read(self, json_node):
        node = Node(json_node.get("kind", ""), json_node)
        if "loc" in json_node:
            self._place(json_node["loc"])
        bounds = json_node.get("range", {})
        begin = self._place(bounds["begin"]) if "begin" in bounds else None
        end = self._place(bounds["end"]) if "end" in bounds else None
        if begin and end and begin.text is end.text and begin.begin < end.end:
            node.text, node.end = begin.text, end.end
            node.begin = node.text.hints.get(begin.begin, begin.begin)
            if begin.macro and end.macro and begin.begin == end.begin:
                node.macro = begin.macro
        node.children = [self.read(child) for child in json_node.get("inner", [])]
        return node


def read_tree(command, directory, texts):
    """The tree of the source that @command compiles, run in @directory."""
    done = subprocess.run([*command, "-w", "-Xclang", "-ast-dump=json", "-fsyntax-only"],
                          cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadSource(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return Reader(texts).read(json.loads(done.stdout))
