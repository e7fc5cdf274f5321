# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Directories of campaigns: figures over time, and what was found."""
import pathlib

# Points of a plot; more cannot be told apart.
POINTS = 300
# Of a file that is shown: more is in its directory.
TEXT_MOST = 60000
BUNDLE = ("summary.txt", "minimised.page", "explanation.txt", "reproduce.c", "report.txt",
          "program.page", "minimised.calls", "minimised.txt", "replay.sh")


def _line(text):
    """(seconds, executions, coverage, corpus, findings), or None for what is no such line."""
    fields = text.split("\t")
    if len(fields) != 6 or not all(field.isdigit() for field in fields):
        return None
    return [int(field) for field in fields[1:]]


def points(path):
    """The lines of a plot.tsv, evenly thinned; the first and the last stay."""
    try:
        # What a full disk left has no end.
        lines = path.read_text(errors="replace").split("\n")[:-1]
    except OSError:
        return []
    rows = [row for row in map(_line, lines) if row]
    if len(rows) <= POINTS:
        return rows
    step = (len(rows) - 1) / (POINTS - 1)
    return [rows[round(number * step)] for number in range(POINTS)]


def findings(directory):
    """{target: names of files that broke it}"""
    found = {}
    for path in sorted(directory.glob("*/findings")):
        names = sorted(file.name for file in path.iterdir() if file.is_file())
        if names:
            found[path.parent.name] = names
    return found


def _text(path):
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    if len(text) > TEXT_MOST:
        return text[:TEXT_MOST] + f"\n... the rest is in {path.name}\n"
    return text


def _summary(text):
    """The words behind `signature`, `failed` and so on."""
    pairs = (line.split(None, 1) for line in text.splitlines() if line[:1].strip())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def failures(directory):
    """What triage made of them: a directory each; one without a summary is not done."""
    made = []
    for path in sorted(pathlib.Path(directory).glob("*/summary.txt")):
        texts = {name: _text(path.parent / name) for name in BUNDLE}
        made.append({"name": path.parent.name, "summary": _summary(texts["summary.txt"]),
                     "files": {name: text for name, text in texts.items() if text}})
    return made
