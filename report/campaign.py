# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read the directories of campaigns: plots, findings, and failures that triage wrote."""
import pathlib

# A plot has at most this many points, because more points would not be visible.
MOST_PLOT_POINTS = 300
# The page shows at most this many characters of a file.
MOST_CHARACTERS = 60000
TRIAGE_FILES = ("summary.txt", "minimised.page", "explanation.txt", "reproduce.c", "report.txt",
          "program.page", "minimised.calls", "minimised.txt", "replay.sh")


def _parse_plot_line(text):
    """Return: [seconds, executions, coverage, corpus, findings]; None if @text is no line of a plot.tsv."""
    fields = text.split("\t")
    if len(fields) != 6 or not all(field.isdigit() for field in fields):
        return None
    return [int(field) for field in fields[1:]]


def read_thinned_plot_points(plot_path):
    """Return: at most MOST_PLOT_POINTS lines of a plot.tsv, evenly chosen, with the first and last line."""
    try:
        # A last line without a newline is incomplete, so the slice leaves it out.
        lines = plot_path.read_text(errors="replace").split("\n")[:-1]
    except OSError:
        return []
    rows = [row for row in map(_parse_plot_line, lines) if row]
    if len(rows) <= MOST_PLOT_POINTS:
        return rows
    step = (len(rows) - 1) / (MOST_PLOT_POINTS - 1)
    return [rows[round(number * step)] for number in range(MOST_PLOT_POINTS)]


def list_finding_names_by_target(campaign_directory):
    """Return: {target: file names of its findings}, without targets that have no finding."""
    names_by_target = {}
    for path in sorted(campaign_directory.glob("*/findings")):
        names = sorted(file.name for file in path.iterdir() if file.is_file())
        if names:
            names_by_target[path.parent.name] = names
    return names_by_target


def _read_start_of_file(path):
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    if len(text) > MOST_CHARACTERS:
        return text[:MOST_CHARACTERS] + f"\n... the rest is in {path.name}\n"
    return text


def _parse_triage_summary(text):
    """Return: {first word: rest of the line} for the lines of a summary.txt."""
    pairs = (line.split(None, 1) for line in text.splitlines() if line[:1].strip())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def read_triage_failures(triage_directory):
    """Return: the failures that triage wrote, one for each directory that has a summary."""
    failures = []
    for path in sorted(pathlib.Path(triage_directory).glob("*/summary.txt")):
        texts = {name: _read_start_of_file(path.parent / name) for name in TRIAGE_FILES}
        failures.append({"name": path.parent.name, "summary": _parse_triage_summary(texts["summary.txt"]),
                     "files": {name: text for name, text in texts.items() if text}})
    return failures
