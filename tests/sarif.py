# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check that CI services accept FILE as SARIF 2.1.0. This is stricter than the schema: it refuses what
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

# What a value must be: a pattern for the whole text, a range of numbers, a list of one pattern for all items,
# or an object with exactly these keys; a key with "?" may be missing.
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


def require(condition, where, what):
    if not condition:
        sys.exit(f"{where}: expected {what}")


def check_value(value, expected, where):
    if isinstance(expected, dict):
        require(isinstance(value, dict), where, "an object")
        names = {key.rstrip("?"): key for key in expected}
        for key in names:
            require(key in value or names[key].endswith("?"), where, f"'{key}'")
        for key in value:
            require(key in names, where, f"no '{key}'")
            check_value(value[key], expected[names[key]], f"{where}.{key}")
    elif isinstance(expected, list):
        require(isinstance(value, list), where, "an array")
        for number, item in enumerate(value):
            check_value(item, expected[0], f"{where}[{number}]")
    elif isinstance(expected, range):
        require(type(value) is int and value in expected, where, f"a number from {expected.start}")
    else:
        require(isinstance(value, str) and re.fullmatch(expected, value), where,
                f"a text like {expected}, got {value!r}")


def require_unique(values, where, what):
    require(len(set(values)) == len(values), where, f"each {what} once")


def check_place(location, uris, root, where):
    artifact = location["physicalLocation"]["artifactLocation"]
    uri, index, line = artifact["uri"], artifact["index"], location["physicalLocation"]["region"]["startLine"]
    require(index < len(uris) and uris[index] == uri, where, f"the artifact {index} to be '{uri}'")
    if root:
        path = os.path.join(root, unquote(uri, errors="surrogateescape"))
        require(os.path.isfile(path), where, f"a file, got '{uri}'")
        with open(path, "rb") as file:
            require(line == 1 or line <= len(file.read().splitlines()), where, f"a line of '{uri}', got {line}")
    return uri


def check_run(run, root):
    uris = [artifact["location"]["uri"] for artifact in run["artifacts"]]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    require_unique(uris, "artifacts", "artifact")
    require_unique(rules, "rules", "rule")
    used_uris = set()
    for number, result in enumerate(run["results"]):
        where, related = f"results[{number}]", result.get("relatedLocations", [])
        require(dict(enumerate(rules)).get(result["ruleIndex"]) == result["ruleId"], where,
                f"rule {result['ruleIndex']} to be '{result['ruleId']}'")
        require(len(result["locations"]) == 1, where, "one location")
        used_uris.update(check_place(place, uris, root, where) for place in result["locations"] + related)
        require([place["id"] for place in related] == list(range(1, len(related) + 1)), where, "ids 1, 2, 3 ...")
    require_unique([(result["partialFingerprints"]["pagetortureSignature/v1"], result["ruleId"])
                    for result in run["results"]], "results", "failure")
    require(used_uris == set(uris), "artifacts", "no artifact that nothing is in")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        log = json.load(file, parse_constant=lambda name: sys.exit(f"expected no {name}"))
    check_value(log, LOG, "log")
    require(len(log["runs"]) == 1, "runs", "one run")
    check_run(log["runs"][0], sys.argv[2] if len(sys.argv) > 2 else None)


main()
