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


def require(condition, where, what):
    if not condition:
        sys.exit(f"{where}: expected {what}")


def require_members(value, where, required, optional=()):
    """Check that the object has exactly these keys."""
    require(isinstance(value, dict), where, "an object")
    for key in required:
        require(key in value, where, f"'{key}'")
    for key in value:
        require(key in (*required, *optional), where, f"no '{key}'")
    return value


def list_array_items(value, where):
    require(isinstance(value, list), where, "an array")
    return [(item, f"{where}[{number}]") for number, item in enumerate(value)]


def require_text(value, where):
    require(isinstance(value, TEXT) and value.strip(), where, "a text that is not empty")
    return value


def require_number(value, where, least, most=sys.maxsize):
    require(type(value) is NUMBER and least <= value <= most, where, f"a number from {least}")
    return value


def require_message(value, where):
    return require_text(require_members(value, where, ["text"], ["markdown"])["text"], where + ".text")


class Checker:
    def __init__(self, root):
        self.root = root
        self.rules, self.artifacts, self.used = [], [], set()

    def check_uri(self, value, where):
        require_text(value, where)
        require(re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", value), where,
                f"a path with all else as %XX, got '{value}'")
        require(not value.startswith("/"), where, f"a path below the root, got '{value}'")
        require(not {".", "..", ""} & set(value.split("/")), where,
                f"a path without '.', '..' and '//', got '{value}'")
        return value

    def check_artifact(self, value, where, *more):
        require_members(value, where, ["uri", "uriBaseId", *more])
        require(value["uriBaseId"] == "%SRCROOT%", where, "the root as uriBaseId")
        return self.check_uri(value["uri"], where + ".uri")

    def check_rule(self, value, where):
        require_members(value, where, ["id", "shortDescription", "fullDescription", "help",
                                       "defaultConfiguration", "properties"], ["helpUri"])
        require(re.fullmatch(r"[a-z]+(-[a-z]+)*", require_text(value["id"], where)), where, "a plain id")
        require(value["id"] not in self.rules, where, "each rule once")
        for key in ("shortDescription", "fullDescription"):
            says = require_message(value[key], f"{where}.{key}")
            require(re.fullmatch(r"[A-Z].*\.", says) and len(says) <= 1024, where, "a sentence")
        require_message(value["help"], where + ".help")
        page = re.search(r"\]\((doc/[a-z-]+\.md)\)", value["help"].get("markdown", ""))
        require(page, where + ".help", "a link into doc/")
        require(value["defaultConfiguration"] == {"level": "error"}, where, "a level")
        self.rules.append(value["id"])

    def check_location(self, value, where, *more):
        require_members(value, where, ["physicalLocation", *more])
        at = require_members(value["physicalLocation"], where, ["artifactLocation", "region"])
        uri = self.check_artifact(at["artifactLocation"], where + ".artifactLocation", "index")
        index = require_number(at["artifactLocation"]["index"], where, 0, len(self.artifacts) - 1)
        require(self.artifacts[index] == uri, where, f"the artifact {index} to be '{uri}'")
        self.used.add(index)
        line = require_number(require_members(at["region"], where + ".region", ["startLine"])["startLine"],
                              where + ".region.startLine", 1)
        if self.root:
            path = os.path.join(self.root, unquote(uri, errors="surrogateescape"))
            require(os.path.isfile(path), where, f"a file, got '{uri}'")
            with open(path, "rb") as file:
                require(line == 1 or line <= len(file.read().splitlines()), where,
                        f"a line of '{uri}', got {line}")

    def check_result(self, value, where):
        require_members(value, where, ["ruleId", "ruleIndex", "level", "message", "locations",
                                       "partialFingerprints"], ["relatedLocations"])
        index = require_number(value["ruleIndex"], where + ".ruleIndex", 0, len(self.rules) - 1)
        require(self.rules[index] == value["ruleId"], where, f"rule {index} to be its ruleId")
        require(value["level"] in ("error", "warning", "note"), where, "a level")
        require("Replay: " in require_message(value["message"], where + ".message"), where,
                "the command that replays it")
        places = list_array_items(value["locations"], where + ".locations")
        require(len(places) == 1, where, "one location")
        self.check_location(*places[0])
        for count, (place, at) in enumerate(list_array_items(value.get("relatedLocations", []),
                                                             where + ".relatedLocations"), 1):
            self.check_location(place, at, "id", "message")
            require(place["id"] == count, at, f"id {count}")
            require_message(place["message"], at + ".message")
        prints = value["partialFingerprints"]
        require_members(prints, where + ".partialFingerprints", ["pagetortureSignature/v1"])
        require(re.fullmatch(r"[0-9a-f]{40}", prints["pagetortureSignature/v1"]), where, "a hash")
        return prints["pagetortureSignature/v1"], value["ruleId"], value["message"]["text"]

    def check_run(self, value, where):
        require_members(value, where, ["tool", "columnKind", "results", "artifacts"])
        driver = require_members(require_members(value["tool"], where + ".tool", ["driver"])["driver"],
                                 where + ".tool.driver", ["name", "version", "rules"], ["informationUri"])
        require(driver["name"] == "pagetorture", where, "the tool's name")
        require_text(driver["version"], where + ".tool.driver.version")
        for rule, at in list_array_items(driver["rules"], where + ".tool.driver.rules"):
            self.check_rule(rule, at)
        require(value["columnKind"] == "unicodeCodePoints", where, "a kind of columns")
        for artifact, at in list_array_items(value["artifacts"], where + ".artifacts"):
            require_members(artifact, at, ["location", "roles"])
            self.artifacts.append(self.check_artifact(artifact["location"], at + ".location"))
        require(len(set(self.artifacts)) == len(self.artifacts), where, "each artifact once")
        results = [self.check_result(*item) for item in list_array_items(value["results"],
                                                                         where + ".results")]
        require(len({(key, rule) for key, rule, _ in results}) == len(results), where, "each failure once")
        require(len(self.used) == len(self.artifacts), where, "no artifact that nothing is in")

    def check_log(self, value):
        require_members(value, "the log", ["$schema", "version", "runs"])
        require(value["version"] == "2.1.0", "version", "2.1.0")
        require("sarif-2.1.0" in value["$schema"], "$schema", "that of 2.1.0")
        runs = list_array_items(value["runs"], "runs")
        require(len(runs) == 1, "runs", "one run")
        self.check_run(*runs[0])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        value = json.load(file, parse_constant=lambda name: sys.exit(f"expected no {name}"))
    Checker(sys.argv[2] if len(sys.argv) > 2 else None).check_log(value)


main()
