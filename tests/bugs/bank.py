# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read bugs.def, and find the files of each entry."""
import dataclasses
import pathlib
import re

from build import library_build

FLAVOURS, BACKENDS = library_build.FLAVOURS, library_build.BACKENDS
KINDS = ("bounds", "copying", "zeroing", "mapping", "lifetime", "user_slice", "injection",
         "concurrency", "errors")

# Detectors, and patterns of their messages; the first that matches counts. The text is a message of
# `pagetorture run`, or the output of a process that ended.
DETECTORS = (
    ("asan", r"AddressSanitizer: "),
    ("msan", r"MemorySanitizer: "),
    ("ubsan", r"runtime error: "),
    ("tsan", r"ThreadSanitizer: "),
    ("contract", r"ERROR: fuzz_api: "),
    ("library", r"BUG: page: |\(Aborted\): page: "),
    ("hang", r"still running after|no answer"),
    ("alive", r"expected the call to end the process"),
    ("race", r"knows no race|a race with .* outside of every page"),
    ("no_race", r"to be reported, got none|report \d+: expected|reports of a data-race"),
    ("buffer", r"wrote outside of its buffer"),
    ("count", r"references of p\d"),
    ("bytes", r"byte \d+"),
    ("fault", r"fault at address|died of signal|ended with status"),
    ("test", r"^not ok "),
    ("result", r"expected .*, got "),
)
DETECTOR_NAMES = ("stress", *(name for name, _ in DETECTORS))

STRING = r'"((?:[^"\\]|\\.)*)"'
WORD = r"\s*([\w-]+)\s*"
ENTRY = re.compile(
    r"BUG\(\s*" + STRING + "," + ",".join([WORD] * 5) + r",\s*" + STRING + r",\s*" + STRING + r"\)")
ELSEWHERE = re.compile(
    r"BUG_ELSEWHERE\(\s*" + STRING + "," + ",".join([WORD] * 5) + r",\s*" + STRING + r",\s*" +
    STRING + r",\s*" + STRING + r",\s*" + STRING + r"\)")


class BadBank(Exception):
    """bugs.def, or a file of an entry, is wrong."""


@dataclasses.dataclass(frozen=True)
class Bug:
    """One entry. If no page program can show the bug, @elsewhere names the test that does, and @why."""
    name: str
    kind: str
    rule: str
    flavour: str
    backend: str
    detector: str
    what: str
    where: str
    elsewhere: str = ""
    why: str = ""


def detector_of(text):
    """The name of the detector that wrote @text, or `unknown`."""
    for name, words in DETECTORS:
        if re.search(words, text, re.MULTILINE):
            return name
    return "unknown"


def _without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)


def _checked(path, line, bug):
    for value, known, what in ((bug.kind, KINDS, "kind"), (bug.flavour, FLAVOURS, "flavour"),
                               (bug.backend, BACKENDS, "backend"),
                               (bug.detector, DETECTOR_NAMES, "detector")):
        if value not in known:
            raise BadBank(f"{path}:{line}: {bug.name}: expected a {what} of "
                          f"{', '.join(known)}, got {value}")
    if not re.fullmatch(r"[a-z0-9-]+", bug.name):
        raise BadBank(f"{path}:{line}: expected a name of a-z, 0-9 and -, got {bug.name}")
    return bug


class Bank:
    """All bugs, in the order of bugs.def."""

    def __init__(self, source):
        self.directory = pathlib.Path(source) / "tests" / "bugs"
        self.programs = pathlib.Path(source) / "corpus" / "bugs"
        self.bugs = self._read(self.directory / "bugs.def")

    @staticmethod
    def _read(path):
        text = _without_comments(path.read_text())
        entries, at, bugs = text.count("BUG(") + text.count("BUG_ELSEWHERE("), 0, {}
        for match in sorted((*ENTRY.finditer(text), *ELSEWHERE.finditer(text)),
                            key=lambda m: m.start()):
            line = text.count("\n", 0, match.start()) + 1
            bug = _checked(path, line, Bug(*match.groups()))
            if bug.name in bugs:
                raise BadBank(f"{path}:{line}: {bug.name} is defined twice")
            bugs[bug.name] = bug
            at += 1
        if at != entries or not at:
            raise BadBank(f"{path}: expected {entries} entries in the form of its head comment, "
                          f"read {at}")
        return bugs

    def patch(self, bug):
        return self.directory / "patch" / f"{bug.name}.patch"

    def program(self, bug):
        return self.programs / f"{bug.name}.page"

    def chosen(self, names):
        """The bugs with these names, kinds or name prefixes; all bugs if @names is empty."""
        if not names:
            return list(self.bugs.values())
        chosen = []
        for name in names:
            found = [b for b in self.bugs.values() if b.name == name] or [
                b for b in self.bugs.values() if b.name.startswith(name) or b.kind == name]
            if not found:
                raise BadBank(f"expected a bug of {self.directory / 'bugs.def'}, got {name}")
            chosen += [b for b in found if b not in chosen]
        return chosen

    def disorder(self):
        """Differences between the table and its files, one line each."""
        patches = {p.stem for p in (self.directory / "patch").glob("*")}
        programs = {p.stem for p in self.programs.glob("*")}
        for name, bug in self.bugs.items():
            if name not in patches:
                yield f"{name}: expected {self.patch(bug)}"
            if (name in programs) == bool(bug.elsewhere):
                yield f"{name}: expected {'no ' if bug.elsewhere else ''}{self.program(bug)}"
        for name in sorted((patches | programs) - set(self.bugs)):
            yield f"{name}: has a patch or a program, and no line in bugs.def"
