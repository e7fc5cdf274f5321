# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read results files; the states that a part of the report can have."""
import datetime
import json

from keep import Unreadable, add_failures_to_summary

# The states of a part of the report, the worst first.
UNREADABLE, FAILED, STOPPED, RUNNING, OLD, PARTLY, MISSING, GOOD = STATES = (
    "unreadable", "failed", "stopped", "running", "old", "partly", "missing", "good")
REQUIRED_KEYS = ("what", "version", "begun", "seconds", "command")


def parse_object_or_json_lines(text, path):
    """Return: the object in @text. The JSON lines of `replay --results` become an object with one run."""
    lines = [json.loads(line) for line in text.splitlines() if line] if "\n{" in text else []
    if len(lines) < 2:
        return json.loads(text)
    return {**lines[-1], "runs": [add_failures_to_summary(lines, path)]}


def load_results(directory, file_stem, run_name=None):
    """Return: the object of a results file, or None without a file. @run_name: its 'what', default
    @file_stem"""
    path = directory / f"{file_stem}.json"
    try:
        result = parse_object_or_json_lines(path.read_text(), path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Unreadable(f"{path}: expected JSON: {error}") from error
    missing_keys = [key for key in REQUIRED_KEYS if not isinstance(result, dict) or key not in result]
    if missing_keys:
        raise Unreadable(f"{path}: expected {', '.join(missing_keys)}")
    if result["what"] != (run_name or file_stem):
        raise Unreadable(f"{path}: expected results of {run_name or file_stem}, got those of {result['what']}")
    return result


def load_and_join_results(directory, name):
    """Return: one object with the rows of NAME.json and of all NAME-*.json; None if no such file exists."""
    names = [name, *sorted(path.stem for path in directory.glob(f"{name}-*.json"))]
    found = [result for result in (load_results(directory, each, name) for each in names) if result]
    if not found:
        return None
    lists = {key: [entry for result in found for entry in result.get(key, [])]
             for key in ("rows", "skipped", "failed")}
    return {**found[0], "command": ", ".join(result["command"] for result in found), **lists}


def decode_run_state(result):
    """Return: the state for the status of the run; results without a status count as good."""
    status = result.get("status", GOOD)
    return status if status in STATES else UNREADABLE


def read_begin_time(result):
    """Return: when the run began, in seconds since 1970, or None."""
    try:
        moment = datetime.datetime.fromisoformat(result["begun"].replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp()
