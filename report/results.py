# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read the directory of results; the state of a part of the report."""
import datetime
import json

import keep

# States of a part, the worst first.
UNREADABLE, FAILED, STOPPED, RUNNING, OLD, PARTLY, MISSING, GOOD = STATES = (
    "unreadable", "failed", "stopped", "running", "old", "partly", "missing", "good")
HEAD = ("what", "version", "begun", "seconds", "command")


class BadResult(Exception):
    """A results file that cannot be read."""


def parse_results(text, path):
    """One object; or the JSON lines of a run of inputs, as a list of one run."""
    lines = [json.loads(line) for line in text.splitlines() if line] if "\n{" in text else []
    if len(lines) < 2:
        return json.loads(text)
    return {**lines[-1], "runs": [keep.make_run_summary(lines, path)]}


def load_results(directory, name, what=None):
    """Return: the object, or None without a run. @what: the command that wrote it, default @name"""
    path = directory / f"{name}.json"
    try:
        result = parse_results(path.read_text(), path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, keep.Unreadable) as error:
        raise BadResult(f"{path}: expected JSON: {error}") from error
    missing_keys = [key for key in HEAD if not isinstance(result, dict) or key not in result]
    if missing_keys:
        raise BadResult(f"{path}: expected {', '.join(missing_keys)}")
    if result["what"] != (what or name):
        raise BadResult(f"{path}: expected results of {what or name}, got those of {result['what']}")
    return result


def load_all_results(directory, name):
    """One object from NAME.json and NAME-*.json, with the rows of all."""
    names = [name, *sorted(path.stem for path in directory.glob(f"{name}-*.json"))]
    found = [result for result in (load_results(directory, each, name) for each in names) if result]
    if not found:
        return None
    lists = {key: [entry for result in found for entry in result.get(key, [])]
             for key in ("rows", "skipped", "failed")}
    return {**found[0], "command": ", ".join(result["command"] for result in found), **lists}


def decode_run_state(result):
    """The status of the run; a run without a status has ended."""
    status = result.get("status", GOOD)
    return status if status in STATES else UNREADABLE


def read_begin_time(result):
    """Return: seconds since 1970, or None."""
    try:
        moment = datetime.datetime.fromisoformat(result["begun"].replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp()
