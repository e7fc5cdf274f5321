# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read the directory of results; the state of a part of the report."""
import dataclasses
import datetime
import json

import keep

# States of a part, the worst first.
UNREADABLE, FAILED, STOPPED, RUNNING, OLD, PARTLY, MISSING, GOOD = STATES = (
    "unreadable", "failed", "stopped", "running", "old", "partly", "missing", "good")
HEAD = ("what", "version", "begun", "seconds", "command")


class BadResult(Exception):
    """A results file that cannot be read."""


@dataclasses.dataclass
class Part:
    """One section of the report: state, line, figures, and data for its tables."""
    name: str
    title: str
    command: str  # that runs it
    state: str
    line: str
    figures: list = dataclasses.field(default_factory=list)  # (name, label, value)
    head: dict = dataclasses.field(default_factory=dict)
    data: object = None


def parse(text, where):
    """One object; or the JSON lines of a run of inputs, as a list of one run."""
    lines = [json.loads(line) for line in text.splitlines() if line] if "\n{" in text else []
    if len(lines) < 2:
        return json.loads(text)
    return {**lines[-1], "runs": [keep.run_of(lines, where)]}


def load(directory, name, what=None):
    """Return: the object, or None without a run. @what: the command that wrote it, default @name"""
    path = directory / f"{name}.json"
    try:
        value = parse(path.read_text(), path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, keep.Unreadable) as error:
        raise BadResult(f"{path}: expected JSON: {error}") from error
    lacks = [key for key in HEAD if not isinstance(value, dict) or key not in value]
    if lacks:
        raise BadResult(f"{path}: expected {', '.join(lacks)}")
    if value["what"] != (what or name):
        raise BadResult(f"{path}: expected results of {what or name}, got those of {value['what']}")
    return value


def load_all(directory, name):
    """One object from NAME.json and NAME-*.json, with the rows of all."""
    names = [name, *sorted(path.stem for path in directory.glob(f"{name}-*.json"))]
    found = [value for value in (load(directory, each, name) for each in names) if value]
    if not found:
        return None
    lists = {key: [entry for value in found for entry in value.get(key, [])]
             for key in ("rows", "skipped", "failed")}
    return {**found[0], "command": ", ".join(value["command"] for value in found), **lists}


def state_of(result):
    """The status of the run; a run without a status has ended."""
    status = result.get("status", GOOD)
    return status if status in STATES else UNREADABLE


def begun(result):
    """Return: seconds since 1970, or None."""
    try:
        at = datetime.datetime.fromisoformat(result["begun"].replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.timezone.utc)
    return at.timestamp()


def head(result):
    return {**{key: result[key] for key in (*HEAD, "on", "seed") if key in result},
            **({"on": result["machine"]} if "machine" in result else {})}
