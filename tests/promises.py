# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""promises: check that each promise of page.h has a test and a seeded bug, and write doc/promises.md.

A mark [P17] in src/page/page.h or page_kernel.h is the number of the promise before the mark. A comment with
the same mark in a test, in fuzz_api, in a page program or in a stress scenario cites the promise. The second
line of a patch in tests/bugs/patch, "Breaks: P17, P18", names the promises that the bug breaks.

tests/promises_without_bug lists the promises that no bug breaks. The list must be exact, so it only becomes
shorter. tests/promises_retired lists the numbers whose promises were removed. Each number below the largest one
is a promise or retired, so no number is used again.

Usage: promises.py check|write|list [SOURCE-DIRECTORY]

  check  print all errors; exit status 1 if there are errors
  write  write doc/promises.md
  list   print the promises that no bug breaks
"""
import dataclasses
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "bugs"))
sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from entries import Suite  # noqa: E402 (needs the directories above)

HEADERS = ("src/page/page.h", "src/page/page_kernel.h")
CITING = ("tests/*.c", "fuzz/api_*.c", "stress/*.c", "corpus/r*/*.page", "corpus/bugs/*.page")
TABLE, WITHOUT_BUG, RETIRED = "doc/promises.md", "tests/promises_without_bug", "tests/promises_retired"
MARK = re.compile(r"\[P(\d+)\]")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
BREAKS = re.compile(r"^Breaks: (P\d+(?:, P\d+)*)$", re.MULTILINE)
SENTENCE_END = re.compile(r"(?<=[a-z0-9)`@_]\.)\s+(?=[A-Z@`])|(?<=\))\.\s+(?=[A-Z])|(?<=\.\))\s+(?=[A-Z])")
HEAD = """\
# Promises of page.h

`python3 tests/promises.py write` writes this file from the marks in the headers. A test cites each promise,
and [seeded bugs](glossary.md#seeded-bug) break the promise ([bugs](bugs.md)). `make check` fails if a
promise has no test, or if a promise without a bug is not in `tests/promises_without_bug`. The last column is
the test that finds the bugs: `program` is `corpus/bugs/BUG.page`.

"""


@dataclasses.dataclass
class Promise:
    number: int
    place: str  # FILE:LINE
    subject: str  # the function, or the item of the header
    text: str


def _clean_comment(comment):
    """The text of @comment without the stars, with an empty line where a paragraph or an item of a list ends."""
    lines = []
    for line in comment.split("\n"):
        line = re.sub(r"^\s*/?\*+(?!/) ?|\s*\*/$", "", line.rstrip())
        starts_item = re.match(r"@\w+: |(?:Return|Source): |\s+(?:- |R\d+ |0 {2,}|-E\w+ |[a-z]+-[a-z-]+ {2,}|\*$)", line)
        lines += ["", line] if starts_item else [line]
    return "\n".join(lines)


def _make_text(before):
    """The promise at the end of @before: its last sentence, without the part that belongs to an earlier mark."""
    paragraph = re.split(r"\n\s*\n|\[P\d+\]", before)[-1]
    sentence = SENTENCE_END.split(" ".join(paragraph.split()))[-1]
    sentence = re.sub(r"^\w+(?:\(\))? - |^- ", "", sentence)
    sentence = re.sub(r"^(R\d+ (?:data races|fresh memory|user memory|\w+)) ", r"\1: ", sentence)
    return sentence.strip(" ,;").removeprefix("and ").removeprefix("but ").strip()


def _find_subject(text, comment):
    """The name of the function, type or constant that the comment at @comment describes."""
    named = re.match(r"/\*\*\s*\*?\s*(\w+)(\(\))? - ", comment[0])
    if named:
        return named[1] + (named[2] or "")
    line_before = text[text.rfind("\n", 0, comment.start()) + 1:comment.start()]
    defined = re.match(r"#define (\w+)|\t(?:\w+ )+(\w+);\s*$", line_before)
    if defined:
        return defined[1] or re.findall(r"^struct \w+(?= \{$)", text[:comment.start()], re.MULTILINE)[-1]
    section = re.match(r"/\*\s*\*?\s*---- (.*?) ----", comment[0])
    if section:
        return section[1]
    after = text[comment.end():comment.end() + 200]
    following = re.match(r"\n(?:static inline )?(?:#define |struct |void |/\* clang-format off \*/\n#define )\*?(\w+)", after)
    return ("struct " if following[0].startswith("\nstruct") else "") + following[1] if following else None


def read_promises(source):
    promises = []
    for header in HEADERS:
        text = (source / header).read_text()
        for comment in COMMENT.finditer(text):
            subject = _find_subject(text, comment) or f"all of {pathlib.Path(header).name}"
            clean = _clean_comment(comment[0])
            for mark, clean_mark in zip(MARK.finditer(comment[0]), MARK.finditer(clean)):
                line = text.count("\n", 0, comment.start() + mark.start()) + 1
                if clean[:clean_mark.start()].endswith("A mark such as "):
                    continue
                promises.append(Promise(int(mark[1]), f"{header}:{line}", subject,
                                        _make_text(clean[:clean_mark.start()])))
    return promises


def read_citations(source):
    """{number: the files that cite it}"""
    cited = {}
    for pattern in CITING:
        for path in sorted(source.glob(pattern)):
            lines = path.read_text(errors="replace").split("\n")
            texts = [l.partition("#")[2] for l in lines] if path.suffix == ".page" else lines
            for number in {int(n) for n in MARK.findall("\n".join(texts))}:
                cited.setdefault(number, []).append(str(path.relative_to(source)))
    return cited


def read_breaks(source, suite):
    """({number: the bugs that break it}, errors)"""
    breaks, errors = {}, []
    for bug in suite.bugs.values():
        path = suite.patch_path(bug)
        head = path.read_text().partition("\n--- ")[0]
        lines = [line for line in head.split("\n") if line.startswith("Breaks:")]
        if not lines:
            errors.append(f"{path.relative_to(source)}: expected a line `Breaks: P1, P2` with the promises that the bug breaks")
        for line in lines:
            if not BREAKS.fullmatch(line):
                errors.append(f"{path.relative_to(source)}: expected `Breaks: P1, P2`, got `{line}`")
            for number in {int(n) for n in re.findall(r"\bP(\d+)", line)}:
                breaks.setdefault(number, []).append(bug)
    return breaks, errors


def read_numbers(path):
    """The numbers at the beginning of the lines."""
    lines = path.read_text().split("\n")
    return [int(n) for line in lines if not line.startswith("#") for n in re.findall(r"^P(\d+)", line)]


class Promises:
    """The promises of the headers, with their tests and bugs; @errors: what is wrong, one line each."""

    def __init__(self, source):
        self.source, self.suite = source, Suite(source)
        self.promises = read_promises(source)
        self.cited = read_citations(source)
        self.breaks, self.errors = read_breaks(source, self.suite)
        self.numbers = [p.number for p in self.promises]
        self.without_bug = [n for n in sorted(self.numbers) if n not in self.breaks]
        self._find_errors()

    def _find_errors(self):
        known = set(self.numbers)
        for promise in self.promises:
            if self.numbers.count(promise.number) > 1:
                self.errors.append(f"{promise.place}: P{promise.number} is the number of two promises")
            if promise.number not in self.cited:
                self.errors.append(f"{promise.place}: no test cites [P{promise.number}]: {promise.text}")
        for number in sorted(set(self.cited) - known):
            self.errors.append(f"{', '.join(self.cited[number])}: [P{number}] is no promise")
        for number in sorted(set(self.breaks) - known):
            names = ", ".join(bug.name for bug in self.breaks[number])
            self.errors.append(f"{names}: P{number} is no promise")
        self._find_reused_and_missing_numbers()
        listed = read_numbers(self.source / WITHOUT_BUG)
        for number in sorted(set(self.without_bug) - set(listed)):
            self.errors.append(f"P{number}: expected a seeded bug that breaks it")
        for number in sorted(set(listed) - set(self.without_bug)):
            self.errors.append(f"{WITHOUT_BUG}: P{number} has a bug or is no promise; expected no line for it")
        self._find_tests_without_citation()

    def _find_reused_and_missing_numbers(self):
        retired = read_numbers(self.source / RETIRED)
        for promise in self.promises:
            if promise.number in retired:
                self.errors.append(f"{promise.place}: P{promise.number} is in {RETIRED}; expected an unused number")
        used = {*self.numbers, *retired}
        for number in sorted(set(range(1, max(used))) - used):
            self.errors.append(f"P{number}: expected a mark in a header, or a line in {RETIRED}")

    def _find_tests_without_citation(self):
        """A stress scenario must cite a promise; the unit test that finds a bug, one that the bug breaks."""
        citing = {path for paths in self.cited.values() for path in paths}
        for path in sorted(self.source.glob("stress/stress_*.c")):
            if str(path.relative_to(self.source)) not in citing:
                self.errors.append(f"stress/{path.name}: expected a citation of the promises that the checks test")
        for bug in self.suite.bugs.values():
            numbers = sorted(n for n, bugs in self.breaks.items() if bug in bugs)
            test = f"tests/{bug.test}.c"
            if not re.fullmatch(r"test_\w+", bug.test) or not numbers:
                continue
            if not any(test in self.cited.get(n, ()) for n in numbers):
                self.errors.append(f"{test}: expected a citation of a promise that {bug.name} breaks: "
                                   f"{', '.join(f'[P{n}]' for n in numbers)}")

    def format_table(self):
        lines = [HEAD]
        with_bug = len(self.numbers) - len(self.without_bug)
        lines.append(f"{len(self.numbers)} promises; a test cites each; {with_bug} have a seeded bug; "
                     f"without a bug: {len(self.without_bug)} (`tests/promises_without_bug`).\n\n")
        subject = None
        for promise in self.promises:
            if promise.subject != subject:
                subject = promise.subject
                lines.append(f"\n## {subject}\n\n| | Promise | Cited by | Broken by | Found by |\n|---|---|---|---|---|\n")
            bugs = self.breaks.get(promise.number, [])
            finders = sorted({bug.test or "program" for bug in bugs})
            tests = sorted({pathlib.Path(path).name for path in self.cited.get(promise.number, [])})
            text = promise.text.replace("|", "\\|").replace("<", "&lt;")
            lines.append(f"| P{promise.number} | {text} | {', '.join(tests)} | "
                         f"{', '.join(bug.name for bug in bugs)} | {', '.join(finders)} |\n")
        return "".join(lines)


def main(arguments):
    if not 1 <= len(arguments) <= 2 or arguments[0] not in ("check", "write", "list"):
        print("promises.py: expected check, write or list, and at most one directory", file=sys.stderr)
        return 2
    source = pathlib.Path(arguments[1] if len(arguments) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    promises = Promises(source)
    table = source / TABLE
    if arguments[0] == "write":
        table.write_text(promises.format_table())
        return 0
    if arguments[0] == "list":
        for promise in promises.promises:
            if promise.number in promises.without_bug:
                print(f"P{promise.number}  {promise.subject}: {promise.text}")
        return 0
    errors = promises.errors
    if not table.exists() or table.read_text() != promises.format_table():
        errors.append(f"{TABLE}: is not up to date; run python3 tests/promises.py write")
    print("\n".join(errors) or f"{len(promises.numbers)} promises, {len(promises.cited)} cited, "
          f"{len(promises.breaks)} with a seeded bug")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
