# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read bugs.def, and find the files of each entry."""
import dataclasses
import re

from library_build import BACKENDS, FLAVOURS
from library_trials import BadInput

KINDS = ("bounds", "copying", "zeroing", "mapping", "lifetime", "user_slice", "injection",
         "concurrency", "errors")

# The detectors: each has a name and a pattern of its messages. A message belongs to the first detector whose
# pattern matches. A message is a line that `pagetorture run` prints, or the output of a process that ended.
DETECTORS = (
    ("asan", r"AddressSanitizer: "),
    ("msan", r"MemorySanitizer: "),
    ("ubsan", r"runtime error: "),
    ("tsan", r"ThreadSanitizer: "),
    ("contract", r"ERROR: fuzz_api: "),
    ("library", r"BUG: page: |\(Aborted\): page: "),
    ("hang", r"still running after|no answer"),
    ("alive", r"expected the call to end the process"),
    ("library_race", r"library-race"),
    ("frame", r"are the same page frame"),
    ("lost", r"the library did not free"),
    ("outcome", r"are those of no order of the calls"),
    ("deadlock", r"deadlock: every thread waits"),
    ("race", r"knows no race"),
    ("no_race", r"to be reported, got none|report \d+: expected|reports of a data-race"),
    ("buffer", r"wrote outside of its buffer"),
    ("count", r"references of p\d"),
    ("bytes", r"byte \d+"),
    ("fault", r"fault at address|died of signal|ended with status"),
    ("test", r"^not ok "),
    ("result", r"expected .*, got "),
)
DETECTOR_NAMES = ("stress", *(name for name, _ in DETECTORS))
# {field of a Bug: the values that the field may have}
WORDS = {"kind": KINDS, "flavour": FLAVOURS, "backend": BACKENDS, "detector": DETECTOR_NAMES}

FIELD = r'("(?:[^"\\]|\\.)*"|[\w-]+)'
ENTRY = re.compile(r"^(BUG|BUG_INSIDE_CALLS|BUG_WITHOUT_PROGRAM)\(((?:.|\n)*?)\)$", re.MULTILINE)
FIELDS = {"BUG": 8, "BUG_INSIDE_CALLS": 8, "BUG_WITHOUT_PROGRAM": 10}
# The column of the table that must find the bugs of an entry.
COLUMN_OF_MACRO = {"BUG": "replay", "BUG_INSIDE_CALLS": "explore", "BUG_WITHOUT_PROGRAM": "unit-test"}


@dataclasses.dataclass(frozen=True)
class Bug:
    """One entry. If no page program shows the bug, @test names a test that does, and @why is the reason."""
    column: str
    name: str
    kind: str
    rule: str
    flavour: str
    backend: str
    detector: str
    what: str
    where: str
    test: str = ""
    why: str = ""


def find_detector_of_message(message):
    """The name of the detector that wrote @message, or `unknown`."""
    for name, words in DETECTORS:
        if re.search(words, message, re.MULTILINE):
            return name
    return "unknown"


def _parse_entry(place, macro, fields_text):
    fields = re.fullmatch(r"\s*" + r"\s*,\s*".join([FIELD] * FIELDS[macro]) + r"\s*", fields_text)
    if not fields:
        raise BadInput(f"{place}: expected an entry in the form of the head comment")
    bug = Bug(COLUMN_OF_MACRO[macro], *(field.strip('"') for field in fields.groups()))
    for field, words in WORDS.items():
        if getattr(bug, field) not in words:
            raise BadInput(f"{place}: {bug.name}: expected a {field} of {', '.join(words)}, "
                           f"got {getattr(bug, field)}")
    if not re.fullmatch(r"[a-z0-9-]+", bug.name):
        raise BadInput(f"{place}: expected a name of a-z, 0-9 and -, got {bug.name}")
    return bug


class Suite:
    """All bugs, in the order of bugs.def."""

    def __init__(self, source_directory):
        self.patches = source_directory / "tests" / "bugs" / "patch"
        self.programs = source_directory / "corpus" / "bugs"
        self.path = source_directory / "tests" / "bugs" / "bugs.def"
        self.bugs = {}
        text = self.path.read_text()
        for entry in ENTRY.finditer(text):
            place = f"{self.path}:{text.count(chr(10), 0, entry.start()) + 1}"
            bug = _parse_entry(place, *entry.groups())
            if bug.name in self.bugs:
                raise BadInput(f"{place}: {bug.name} is defined twice")
            self.bugs[bug.name] = bug
        wrong = list(self._list_missing_and_extra_files())
        if wrong or not self.bugs:
            raise BadInput("\n".join(wrong) or f"{self.path}: expected at least one bug")

    def _list_missing_and_extra_files(self):
        """Differences between the table and its files, one line each."""
        patches = {p.stem for p in self.patches.glob("*")}
        programs = {p.stem for p in self.programs.glob("*")}
        for name, bug in self.bugs.items():
            if name not in patches:
                yield f"{name}: expected {self.patch_path(bug)}"
            if (name in programs) == bool(bug.test):
                yield f"{name}: expected {'no ' if bug.test else ''}{self.program_path(bug)}"
        for name in sorted((patches | programs) - set(self.bugs)):
            yield f"{name}: has a patch or a program, and no line in bugs.def"

    def patch_path(self, bug):
        return self.patches / f"{bug.name}.patch"

    def program_path(self, bug):
        return self.programs / f"{bug.name}.page"

    def select_bugs(self, names_kinds_or_prefixes):
        """The bugs with these names, kinds or name prefixes; all bugs if @names_kinds_or_prefixes is empty."""
        bugs = self.bugs.values()
        found = {} if names_kinds_or_prefixes else self.bugs
        for name in names_kinds_or_prefixes:
            exact = [b for b in bugs if b.name == name]
            matching = exact or [b for b in bugs if b.name.startswith(name) or b.kind == name]
            if not matching:
                raise BadInput(f"expected a bug of {self.path}, got {name}")
            found.update((b.name, b) for b in matching)
        return list(found.values())
