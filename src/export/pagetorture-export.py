#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Write the results of `pagetorture run`, `replay` or `triage` in a form that other tools read:
Test Anything Protocol, JUnit, or SARIF 2.1.0 for code scanning.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree as tree

VERSION = "@VERSION@"
EXIT_GOOD, EXIT_BAD = 0, 2

EXAMPLES = """\
Exit status: 0 the results are written, also if inputs failed; 2 the results cannot be read or
written.

Examples:
  pagetorture replay --results replay.jsonl corpus
  pagetorture-export junit -o replay.xml replay.jsonl
  pagetorture-export sarif -o replay.sarif replay.jsonl
  pagetorture replay --json corpus/rules | pagetorture-export tap
  pagetorture triage --results findings.jsonl campaign
  pagetorture-export sarif -o findings.sarif findings.jsonl
"""

NOT_RUN_REASON = "its fatal call was not executed: nothing could see it"


class BadResults(Exception):
    """The file of results is not JSON, or has no summary at its end."""


class Results:
    """The records, one for each input and flavour, and the summary, which is the last line."""

    def __init__(self, file_name, json_lines):
        values = []
        for number, line in enumerate(json_lines, 1):
            try:
                values.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise BadResults(f"{file_name}:{number}: expected JSON: {error.msg}") from error
        if not values or "what" not in values[-1]:
            raise BadResults(f"{file_name}: expected results that end with a summary: is the run over?")
        *self.records, self.summary = values
        for record in self.records:
            if "input_hex" in record:
                record["input"] = os.fsdecode(bytes.fromhex(record["input_hex"]))


def format_input_name(record):
    """Return: the name of the input of a record; bytes that are no UTF-8 become U+FFFD."""
    name = record["input"] or "memory, descriptors and mappings"
    return os.fsencode(name).decode(errors="replace")


# ---- Test Anything Protocol ----

def format_tap(results):
    tests, lines = 0, []
    for tests, record in enumerate(results.records, 1):
        flavour = f"{record['flavour']}: " if "flavour" in record else ""
        skip = f" # SKIP {record.get('skip_reason', NOT_RUN_REASON)}" if record["result"] == "not-run" else ""
        lines.append(f"{'not ' if record['failed'] else ''}ok {tests} - {flavour}{format_input_name(record)}{skip}")
        if record["failed"]:
            reason = f"{record['result']}: {record['why']}\nreplay: {record['replay']}"
            lines += ["# " + line for line in reason.splitlines()]
    for tests, flavour in enumerate(results.summary.get("skipped", []), tests + 1):
        lines.append(f"ok {tests} # SKIP {flavour}: this flavour did not run")
    return "\n".join([*lines, f"1..{tests}"]) + "\n"


# ---- JUnit ----

# XML cannot hold these characters, not even as character references.
NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffc\U00010000-\U0010ffff]")


def replace_non_xml_characters(text):
    return NOT_XML.sub("?", os.fsencode(text).decode(errors="replace"))


def add_junit_case(suite, record):
    case = tree.SubElement(suite, "testcase", classname=suite.get("name"),
                           name=replace_non_xml_characters(format_input_name(record)),
                           time=f"{record.get('seconds', 0):.6f}")
    if record["failed"]:
        failure = tree.SubElement(case, "failure", type=record["result"],
                                  message=replace_non_xml_characters(record["why"]))
        failure.text = replace_non_xml_characters(f"{record['replay']}\n{record.get('output', '')}")
    elif record["result"] == "not-run":
        tree.SubElement(case, "skipped", message=replace_non_xml_characters(record.get("skip_reason", NOT_RUN_REASON)))


def format_junit(results):
    suites = tree.Element("testsuites")
    seconds = {total["flavour"]: total["seconds"] for total in results.summary.get("flavours", [])}
    for flavour in dict.fromkeys(record.get("flavour") for record in results.records):
        records = [record for record in results.records if record.get("flavour") == flavour]
        name = results.summary["what"] + (f".{flavour}" if flavour else "")
        suite = tree.SubElement(
            suites, "testsuite", name=name, tests=str(len(records)),
            failures=str(sum(record["failed"] for record in records)),
            skipped=str(sum(record["result"] == "not-run" for record in records)),
            time=f"{seconds.get(flavour, 0):.3f}")
        for record in records:
            add_junit_case(suite, record)
    tree.indent(suites)
    return tree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


# ---- SARIF ----

def make_artifact_location(uri):
    return {"uri": uri, **({} if uri.startswith("file:") else {"uriBaseId": "%SRCROOT%"})}


class Sarif:
    def __init__(self, results):
        here = pathlib.Path.cwd()
        # The nearest checkout or source tree that has the working directory, else the working directory.
        self.root = str(next((directory for directory in (here, *here.parents)
                              if (directory / ".git").exists() or (directory / "src/page/page.h").exists()), here))
        self.results = results
        self.rules, self.artifacts = {}, []

    # ---- places ----

    def format_uri(self, path):
        """Return: the path relative to the source root; for a file outside it a file: URI."""
        path = os.path.realpath(os.path.join(self.root if not os.path.exists(path) else "", path))
        below = path.startswith(self.root + "/")
        return ("" if below else "file://") + urllib.parse.quote(
            os.fsencode(path[len(self.root) + 1:] if below else path), safe="/-._~")

    def add_artifact_and_make_location(self, path, line):
        uri = self.format_uri(path)
        if uri not in self.artifacts:
            self.artifacts.append(uri)
        artifact = {**make_artifact_location(uri), "index": self.artifacts.index(uri)}
        return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": line}}}

    def list_source_places_in_library(self, record):
        """Yield the source lines of the library that the report names, if the source files exist."""
        for place in record.get("places", []):
            at = place["file"].rfind("src/page/")
            path = os.path.join(self.root, place["file"][at:])
            if at >= 0 and os.path.exists(path):
                yield path, place["line"]

    @staticmethod
    def list_failure_lines_in_input(record):
        """Return: pairs of a line number and a text: the lines in the record, else the lines that the reason
        names, else line 1."""
        if record.get("lines"):
            return [(line["line"], line["text"]) for line in record["lines"]]
        # Byte strings have no lines: "line" in a reason about them counts encoded calls.
        found = [] if record.get("bytes") else re.findall(r"line (\d+)", record["why"])
        return [(int(line), "in the input" if n else "the input") for n, line in enumerate(found)] or \
               [(1, "the input")]

    def make_location_properties(self, record):
        """Return: the properties of a SARIF result with the place of the failure and related places."""
        library = [(*place, "the other access") for place in self.list_source_places_in_library(record)]
        # The result `grows` has no input, but SARIF requires a location.
        path = record["input"] or self.results.records[0]["input"]
        places = library[:2] + [(path, *line) for line in self.list_failure_lines_in_input(record)]
        related = [{"id": number, **self.add_artifact_and_make_location(path, line), "message": {"text": what}}
                   for number, (path, line, what) in enumerate(list(dict.fromkeys(places[1:]))[:6], 1)]
        return {"locations": [self.add_artifact_and_make_location(*places[0][:2])],
                **({"relatedLocations": related} if related else {})}

    # ---- failures ----

    def format_failure_identity(self, record):
        """Return: a text that is equal for equal failures: the reason counts without its numbers."""
        if "identity" in record:
            return record["identity"]
        if not record["input"]:
            return f"replay orders {record['flavour']}"
        # Each flavour measures a leak in its own way.
        reason = "" if record["result"] == "leak" else re.sub(r"\d", "", record["why"])
        return f"replay {record['result']} {self.format_uri(record['input'])} {reason}"

    def add_sarif_rule_and_find_index(self, record):
        meaning = record["meaning"][0].upper() + record["meaning"][1:].rstrip(".") + "."
        self.rules.setdefault(record["result"], {
            "id": record["result"],
            "shortDescription": {"text": meaning}, "fullDescription": {"text": meaning},
            "help": {"text": f"{record['document']}: {record['section']}",
                     "markdown": f"[{record['section']}]({record['document']})"},
            "defaultConfiguration": {"level": "error"},
            "properties": {"precision": "very-high", "problem.severity": "error"}})
        return list(self.rules).index(record["result"])

    def make_sarif_result(self, record, fingerprint):
        what = record["why"]
        if "flavour" in record:
            what = ", ".join(filter(None, (format_input_name(record), record["flavour"]))) + \
                   f": {record['meaning']}" + (f": {what}" if what else "")
        return {"ruleId": record["result"], "ruleIndex": self.add_sarif_rule_and_find_index(record), "level": "error",
                "message": {"text": f"{what}. Replay: {record['replay']}"},
                **self.make_location_properties(record),
                "partialFingerprints": {"pagetortureSignature/v1": fingerprint}}

    def make_sarif_log(self):
        by_failure = {}
        for record in filter(lambda record: record["failed"], self.results.records):
            identity = self.format_failure_identity(record).encode(errors="surrogateescape")
            fingerprint = hashlib.sha1(identity).hexdigest()
            # Equal failures in several flavours are one result.
            if (record["result"], fingerprint) not in by_failure:
                by_failure[record["result"], fingerprint] = self.make_sarif_result(record, fingerprint)
        driver = {"name": "pagetorture", "version": self.results.summary["version"],
                  "rules": list(self.rules.values())}
        return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
                "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints",
                          "results": list(by_failure.values()),
                          "artifacts": [{"location": make_artifact_location(uri), "roles": ["resultFile"]}
                                        for uri in self.artifacts]}]}


def format_sarif(results):
    return json.dumps(Sarif(results).make_sarif_log(), indent=1) + "\n"


# ---- reading and writing ----

FORMATS = {"tap": format_tap, "junit": format_junit, "sarif": format_sarif}


def write_output_file(path, text):
    """Write a temporary file and rename it, so that the file is complete or unchanged. A device or pipe is written
    directly."""
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".pagetorture-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def main(command_arguments):
    parser = argparse.ArgumentParser(prog="pagetorture-export", description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("format", choices=FORMATS, help="what to write")
    parser.add_argument("results", nargs="?", default="-", metavar="RESULTS",
                        help="the JSON lines of --results (default: standard input)")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to FILE, completely or not at all")
    parser.add_argument("-V", "--version", action="version", version=f"%(prog)s {VERSION}")
    options = parser.parse_intermixed_args(command_arguments)
    if options.results == "-":
        results = Results("standard input", sys.stdin.buffer.read().decode().splitlines())
    else:
        results = Results(options.results, pathlib.Path(options.results).read_text(encoding="utf-8").splitlines())
    text = FORMATS[options.format](results)
    if options.output:
        try:
            write_output_file(options.output, text)
        except OSError as problem:
            problem.filename = options.output
            raise
    else:
        sys.stdout.write(text)
        sys.stdout.flush()
    return EXIT_GOOD


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as problem:
        name = getattr(problem, "filename", None) or "pagetorture-export"
        print(f"{name}: expected to read or write it: {problem.strerror}", file=sys.stderr)
        sys.exit(EXIT_BAD)
    except (BadResults, KeyError, UnicodeDecodeError) as problem:
        print(f"pagetorture-export: {problem}", file=sys.stderr)
        sys.exit(EXIT_BAD)
