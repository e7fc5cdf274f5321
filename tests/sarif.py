# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check that CI services accept FILE as SARIF 2.1.0. The check is stricter than the schema: it refuses what
services refuse or silently ignore, and keys that no service reads.

    sarif.py FILE [ROOT]    with ROOT, each location must be a line of a file below it
"""
import json
import os
import re
import sys
from urllib.parse import unquote

TEXT = r"(?s).*\S.*"
LINE, INDEX = range(1, sys.maxsize), range(sys.maxsize)
URI = r"(?!/)(?!(.*/)?\.{0,2}(/|$))(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+"  # a relative path without . and ..

# The following constants describe valid values: a string is a pattern for the whole text, a range has the valid
# numbers, a list has one description for all items, and a dict has exactly the keys of the object. A key that
# ends with "?" may be missing.
ARTIFACT = {"uri": URI, "uriBaseId": "%SRCROOT%"}
PLACE = {"artifactLocation": ARTIFACT | {"index": INDEX}, "region": {"startLine": LINE}}
SENTENCE = {"text": r"[A-Z].{0,1022}\.", "markdown?": TEXT}
RULE = {"id": r"[a-z]+(-[a-z]+)*", "shortDescription": SENTENCE, "fullDescription": SENTENCE,
        "help": {"text": TEXT, "markdown": r".*\]\(doc/[a-z-]+\.md\).*"}, "helpUri?": TEXT,
        "defaultConfiguration": {"level": "error"}, "properties": {"precision": TEXT, "problem.severity": TEXT}}
RESULT = {"ruleId": TEXT, "ruleIndex": INDEX, "level": "error|warning|note",
          "message": {"text": "(?s).*Replay: .*", "markdown?": TEXT}, "locations": [{"physicalLocation": PLACE}],
          "relatedLocations?": [{"physicalLocation": PLACE, "id": LINE, "message": {"text": TEXT, "markdown?": TEXT}}],
          "partialFingerprints": {"pagetortureSignature/v1": "[0-9a-f]{40}"}}
DRIVER = {"name": "pagetorture", "version": TEXT, "rules": [RULE], "informationUri?": TEXT}
LOG = {"$schema": ".*sarif-2.1.0.*", "version": r"2\.1\.0", "runs": [{
    "tool": {"driver": DRIVER}, "columnKind": "unicodeCodePoints", "results": [RESULT],
    "artifacts": [{"location": ARTIFACT, "roles": [TEXT]}]}]}


def exit_unless(condition, where, expected):
    if not condition:
        sys.exit(f"{where}: expected {expected}")


def exit_unless_value_matches(value, expected, where):
    if isinstance(expected, dict):
        exit_unless(isinstance(value, dict), where, "an object")
        names = {key.rstrip("?"): key for key in expected}
        for key in names:
            exit_unless(key in value or names[key].endswith("?"), where, f"'{key}'")
        for key in value:
            exit_unless(key in names, where, f"no '{key}'")
            exit_unless_value_matches(value[key], expected[names[key]], f"{where}.{key}")
    elif isinstance(expected, list):
        exit_unless(isinstance(value, list), where, "an array")
        for number, item in enumerate(value):
            exit_unless_value_matches(item, expected[0], f"{where}[{number}]")
    elif isinstance(expected, range):
        exit_unless(type(value) is int and value in expected, where, f"a number from {expected.start}")
    else:
        exit_unless(isinstance(value, str) and re.fullmatch(expected, value), where,
                    f"a text like {expected}, got {value!r}")


def exit_unless_unique(values, where, item_name):
    exit_unless(len(set(values)) == len(values), where, f"each {item_name} once")


def check_location_and_get_uri(location, uris, source_root, where):
    artifact = location["physicalLocation"]["artifactLocation"]
    uri, index, line = artifact["uri"], artifact["index"], location["physicalLocation"]["region"]["startLine"]
    exit_unless(index < len(uris) and uris[index] == uri, where, f"the artifact {index} to be '{uri}'")
    if source_root:
        path = os.path.join(source_root, unquote(uri, errors="surrogateescape"))
        exit_unless(os.path.isfile(path), where, f"a file, got '{uri}'")
        with open(path, "rb") as file:
            exit_unless(line == 1 or line <= len(file.read().splitlines()), where, f"a line of '{uri}', got {line}")
    return uri


def check_references_of_run(run, source_root):
    uris = [artifact["location"]["uri"] for artifact in run["artifacts"]]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    exit_unless_unique(uris, "artifacts", "artifact")
    exit_unless_unique(rules, "rules", "rule")
    used_uris = set()
    for number, result in enumerate(run["results"]):
        where, related = f"results[{number}]", result.get("relatedLocations", [])
        exit_unless(dict(enumerate(rules)).get(result["ruleIndex"]) == result["ruleId"], where,
                    f"rule {result['ruleIndex']} to be '{result['ruleId']}'")
        exit_unless(len(result["locations"]) == 1, where, "one location")
        used_uris.update(check_location_and_get_uri(place, uris, source_root, where)
                         for place in result["locations"] + related)
        exit_unless([place["id"] for place in related] == list(range(1, len(related) + 1)), where, "ids 1, 2, 3 ...")
    exit_unless_unique([(result["partialFingerprints"]["pagetortureSignature/v1"], result["ruleId"])
                        for result in run["results"]], "results", "failure")
    exit_unless(used_uris == set(uris), "artifacts", "no artifact that nothing is in")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        log = json.load(file, parse_constant=lambda name: sys.exit(f"expected no {name}"))
    exit_unless_value_matches(log, LOG, "log")
    exit_unless(len(log["runs"]) == 1, "runs", "one run")
    check_references_of_run(log["runs"][0], sys.argv[2] if len(sys.argv) > 2 else None)


main()
