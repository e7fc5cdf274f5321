# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read directories of campaigns: figures over time, findings and failures."""
import pathlib

# Points of a plot; more would not be visible.
POINTS = 300
# Show at most this many characters of a file.
TEXT_MOST = 60000
BUNDLE = ("summary.txt", "minimised.page", "explanation.txt", "reproduce.c", "report.txt",
          "program.page", "minimised.calls", "minimised.txt", "replay.sh")


def _parse_plot_line(text):
    """Return: (seconds, executions, coverage, corpus, findings), or None for another line."""
    fields = text.split("\t")
    if len(fields) != 6 or not all(field.isdigit() for field in fields):
        return None
    return [int(field) for field in fields[1:]]


def read_plot_points(path):
    """The lines of a plot.tsv, evenly thinned, with the first and the last line."""
    try:
        # A line without an end is incomplete: the disk was full.
        lines = path.read_text(errors="replace").split("\n")[:-1]
    except OSError:
        return []
    rows = [row for row in map(_parse_plot_line, lines) if row]
    if len(rows) <= POINTS:
        return rows
    step = (len(rows) - 1) / (POINTS - 1)
    return [rows[round(number * step)] for number in range(POINTS)]


def list_finding_names(directory):
    """Return: {target: names of its findings}."""
    found = {}
    for path in sorted(directory.glob("*/findings")):
        names = sorted(file.name for file in path.iterdir() if file.is_file())
        if names:
            found[path.parent.name] = names
    return found


def _read_text(path):
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    if len(text) > TEXT_MOST:
        return text[:TEXT_MOST] + f"\n... the rest is in {path.name}\n"
    return text


def _parse_summary(text):
    """Return: {key: value} for the lines of a summary."""
    pairs = (line.split(None, 1) for line in text.splitlines() if line[:1].strip())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def read_triage_failures(directory):
    """The directories that triage wrote, one for each failure; without a summary one is incomplete."""
    made = []
    for path in sorted(pathlib.Path(directory).glob("*/summary.txt")):
        texts = {name: _read_text(path.parent / name) for name in BUNDLE}
        made.append({"name": path.parent.name, "summary": _parse_summary(texts["summary.txt"]),
                     "files": {name: text for name, text in texts.items() if text}})
    return made
