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

NUMBER, TEXT = int, str


def want(condition, where, what):
    if not condition:
        sys.exit(f"{where}: expected {what}")


def members(value, where, required, optional=()):
    """Check that the object has exactly these keys."""
    want(isinstance(value, dict), where, "an object")
    for key in required:
        want(key in value, where, f"'{key}'")
    for key in value:
        want(key in (*required, *optional), where, f"no '{key}'")
    return value


def items(value, where):
    want(isinstance(value, list), where, "an array")
    return [(item, f"{where}[{number}]") for number, item in enumerate(value)]


def text(value, where):
    want(isinstance(value, TEXT) and value.strip(), where, "a text that is not empty")
    return value


def number(value, where, least, most=sys.maxsize):
    want(type(value) is NUMBER and least <= value <= most, where, f"a number from {least}")
    return value


def message(value, where):
    return text(members(value, where, ["text"], ["markdown"])["text"], where + ".text")


class Checker:
    def __init__(self, root):
        self.root = root
        self.rules, self.artifacts, self.used = [], [], set()

    def uri(self, value, where):
        text(value, where)
        want(re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", value), where,
             f"a path with all else as %XX, got '{value}'")
        want(not value.startswith("/"), where, f"a path below the root, got '{value}'")
        want(not {".", "..", ""} & set(value.split("/")), where,
             f"a path without '.', '..' and '//', got '{value}'")
        return value

    def artifact(self, value, where, *more):
        members(value, where, ["uri", "uriBaseId", *more])
        want(value["uriBaseId"] == "%SRCROOT%", where, "the root as uriBaseId")
        return self.uri(value["uri"], where + ".uri")

    def rule(self, value, where):
        members(value, where, ["id", "shortDescription", "fullDescription", "help",
                               "defaultConfiguration", "properties"], ["helpUri"])
        want(re.fullmatch(r"[a-z]+(-[a-z]+)*", text(value["id"], where)), where, "a plain id")
        want(value["id"] not in self.rules, where, "each rule once")
        for key in ("shortDescription", "fullDescription"):
            says = message(value[key], f"{where}.{key}")
            want(re.fullmatch(r"[A-Z].*\.", says) and len(says) <= 1024, where, "a sentence")
        message(value["help"], where + ".help")
        page = re.search(r"\]\((doc/[a-z-]+\.md)\)", value["help"].get("markdown", ""))
        want(page, where + ".help", "a link into doc/")
        want(value["defaultConfiguration"] == {"level": "error"}, where, "a level")
        self.rules.append(value["id"])

    def place(self, value, where, *more):
        members(value, where, ["physicalLocation", *more])
        at = members(value["physicalLocation"], where, ["artifactLocation", "region"])
        uri = self.artifact(at["artifactLocation"], where + ".artifactLocation", "index")
        index = number(at["artifactLocation"]["index"], where, 0, len(self.artifacts) - 1)
        want(self.artifacts[index] == uri, where, f"the artifact {index} to be '{uri}'")
        self.used.add(index)
        line = number(members(at["region"], where + ".region", ["startLine"])["startLine"],
                      where + ".region.startLine", 1)
        if self.root:
            path = os.path.join(self.root, unquote(uri, errors="surrogateescape"))
            want(os.path.isfile(path), where, f"a file, got '{uri}'")
            with open(path, "rb") as file:
                want(line == 1 or line <= len(file.read().splitlines()), where,
                     f"a line of '{uri}', got {line}")

    def result(self, value, where):
        members(value, where, ["ruleId", "ruleIndex", "level", "message", "locations",
                               "partialFingerprints"], ["relatedLocations"])
        index = number(value["ruleIndex"], where + ".ruleIndex", 0, len(self.rules) - 1)
        want(self.rules[index] == value["ruleId"], where, f"rule {index} to be its ruleId")
        want(value["level"] in ("error", "warning", "note"), where, "a level")
        want("Replay: " in message(value["message"], where + ".message"), where,
             "the command that replays it")
        places = items(value["locations"], where + ".locations")
        want(len(places) == 1, where, "one location")
        self.place(*places[0])
        for count, (place, at) in enumerate(items(value.get("relatedLocations", []),
                                                  where + ".relatedLocations"), 1):
            self.place(place, at, "id", "message")
            want(place["id"] == count, at, f"id {count}")
            message(place["message"], at + ".message")
        prints = value["partialFingerprints"]
        members(prints, where + ".partialFingerprints", ["pagetortureSignature/v1"])
        want(re.fullmatch(r"[0-9a-f]{40}", prints["pagetortureSignature/v1"]), where, "a hash")
        return prints["pagetortureSignature/v1"], value["ruleId"], value["message"]["text"]

    def run(self, value, where):
        members(value, where, ["tool", "columnKind", "results", "artifacts"])
        driver = members(members(value["tool"], where + ".tool", ["driver"])["driver"],
                         where + ".tool.driver", ["name", "version", "rules"], ["informationUri"])
        want(driver["name"] == "pagetorture", where, "the tool's name")
        text(driver["version"], where + ".tool.driver.version")
        for rule, at in items(driver["rules"], where + ".tool.driver.rules"):
            self.rule(rule, at)
        want(value["columnKind"] == "unicodeCodePoints", where, "a kind of columns")
        for artifact, at in items(value["artifacts"], where + ".artifacts"):
            members(artifact, at, ["location", "roles"])
            self.artifacts.append(self.artifact(artifact["location"], at + ".location"))
        want(len(set(self.artifacts)) == len(self.artifacts), where, "each artifact once")
        results = [self.result(*item) for item in items(value["results"], where + ".results")]
        want(len({(key, rule) for key, rule, _ in results}) == len(results), where, "each failure once")
        want(len(self.used) == len(self.artifacts), where, "no artifact that nothing is in")

    def log(self, value):
        members(value, "the log", ["$schema", "version", "runs"])
        want(value["version"] == "2.1.0", "version", "2.1.0")
        want("sarif-2.1.0" in value["$schema"], "$schema", "that of 2.1.0")
        runs = items(value["runs"], "runs")
        want(len(runs) == 1, "runs", "one run")
        self.run(*runs[0])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        value = json.load(file, parse_constant=lambda name: sys.exit(f"expected no {name}"))
    Checker(sys.argv[2] if len(sys.argv) > 2 else None).log(value)


main()
