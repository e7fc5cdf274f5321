#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Fuzzing for a CI service, in a known time: replays the corpus by every target, then runs a
campaign on the targets that the change can affect, then one on all targets.

    fuzz_ci.py SRCDIR    in the build directory; writes fuzz-ci/
    FUZZ_CI_TIME         seconds of fuzzing (default 600)
    FUZZ_CI_BASE         the commit before the change (default HEAD~1)
    FUZZ_CI_SEED         for the engines' random numbers (default 1)

Exit status: 0 good; 1 a finding or a regression; 2 bad usage, or a campaign could not run.
"""
import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

SOURCE = pathlib.Path(sys.argv[1]).absolute()
sys.path.insert(0, str(SOURCE / "report"))
sys.path.insert(0, str(pathlib.Path(__file__).absolute().parent.parent / "report"))
import keep  # noqa: E402

OUT = pathlib.Path("fuzz-ci")
SKIPPED = 69  # the page library lacks calls that the target needs (src/page_stubs/absent.c)

# Which targets a changed file can affect: the first pattern that matches decides.
AFFECTS = (
    ("src/page/buffer.*", "fuzz_api"),
    ("src/page/fault.*", "fuzz_api fuzz_fault fuzz_page"),
    ("src/page/*", "fuzz_api fuzz_fatal fuzz_fault fuzz_page fuzz_race"),
    ("src/harness/program/program_text*", "fuzz_text"),
    ("src/harness/program/program_write.*", "fuzz_text"),
    ("src/harness/program/text_*", "fuzz_text"),
    ("src/harness/detect/*", "fuzz_race"),
    ("src/harness/model/shadow.*", "fuzz_race"),
    ("src/harness/model/clock.*", "fuzz_race"),
    ("src/harness/*", "*"),
    ("fuzz/*.[ch]", "*"),
)


class Cases:
    """What was tried: a row for `make report` and a JUnit case each."""

    def __init__(self):
        self.rows, self.suite, self.campaign_failed = [], xml.Element("testsuite", name="fuzz-ci"), False

    def add(self, result, group, name, why=""):
        """@result: good, failed or skipped; @why: its first line is the message"""
        why = re.sub(r"[^\t\n -~]", "", why)
        message = next((line for line in why.splitlines() if line.strip()), "")
        self.rows.append({"result": result, "group": group, "name": name, "why": message})
        case = xml.SubElement(self.suite, "testcase", classname=group, name=name)
        if result == "failed":
            xml.SubElement(case, "failure", message=message).text = why
        elif result == "skipped":
            xml.SubElement(case, "skipped", message=message)
        print(f"{result}: {group} {name}", flush=True)
        if result == "failed":
            print(re.sub("^", "    ", why, flags=re.M))

    def count(self, result):
        return sum(row["result"] == result for row in self.rows)

    def write_junit(self):
        self.suite.attrib |= {"tests": str(len(self.rows)), "failures": str(self.count("failed")),
                              "skipped": str(self.count("skipped"))}
        xml.ElementTree(self.suite).write(OUT / "junit.xml", encoding="UTF-8", xml_declaration=True)

    def status(self):
        return 2 if self.campaign_failed else 1 if self.count("failed") else 0


def execute(command, log):
    """Return: its exit status; all of its output is in @log"""
    with open(log, "wb") as out:
        return subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode


def table_of_targets():
    text = (SOURCE / "fuzz" / "targets.def").read_text()
    return dict(re.findall(r'^TARGET\((\w+), "(\w+)"', text, re.M))


def replay(cases, target, binary):
    if not os.access(binary, os.X_OK):
        cases.add("skipped", "replay", binary, "this build has no such binary")
        return
    log = OUT / f"{binary}.log"
    corpora = [SOURCE / "corpus" / name for name in ("regress", "rules", "bugs", f"seed/{target}")]
    status = execute([f"./{binary}", *corpora], log)
    end = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
    cases.add({0: "good", SKIPPED: "skipped"}.get(status, "failed"), "replay", binary, end)


def affected_by(file, targets):
    named = re.match(r"(?:fuzz|corpus/seed)/(fuzz_[a-z]+)\b", file)
    if named and named[1] in targets:
        return {named[1]}
    for pattern, names in AFFECTS:
        if fnmatch.fnmatchcase(file, pattern):
            return set(targets if names == "*" else names.split())
    return set()


def affected_targets(base, targets):
    git = subprocess.run(["git", "diff", "--name-only", base, "--"], cwd=SOURCE, text=True,
                         capture_output=True, check=False)
    affected = set().union(*(affected_by(file, targets) for file in git.stdout.splitlines()))
    if not affected:
        print(f"no target is affected by what changed since {base}", git.stderr.partition("\n")[0])
    return [target for target in targets if target in affected]


def executions_of(results):
    """By target; a target that the campaign left out is not there."""
    if not results.exists():
        return {}
    return {target["name"]: target["executions"] for target in json.loads(results.read_text())["targets"]}


def outcome(target, ran, log):
    """@ran: executions, or None. Return: the result, and why"""
    finding = re.search(rf"^FINDING {target},.*\n.*", log, re.M)
    skipped = re.findall(rf"^{target}: skipped: .*", log, re.M)
    ended = re.search(rf"^{target}: .* (ended with status|was ended by signal) .*", log, re.M)
    if finding:
        return "failed", finding[0]
    if ran:
        return "good", ""
    if ran is None and skipped:
        return "skipped", skipped[-1]
    if ended:
        return "failed", ended[0]
    return "skipped", "no execution in this time"


def campaign(cases, group, seconds, seed, targets):
    print(f"{group}, {seconds} s: {' '.join(targets)}", flush=True)
    log, results = OUT / f"{group}.log", OUT / f"{group}.json"
    status = execute(["./pagetorture", "fuzz", "--bin", os.getcwd(), "--time", str(seconds),
                      "--seed", seed, "--dir", OUT / "campaign", "--results", results, *targets], log)
    text = log.read_text(errors="replace")
    ran = executions_of(results)
    for target in targets:
        result, why = outcome(target, ran.get(target), text)
        cases.add(result, group, target, why)
    if status not in (0, 1) or (status == 1 and not cases.count("failed")):
        cases.add("failed", group, "the campaign itself", text)
        cases.campaign_failed = status != 1


def triage():
    """Writes findings.sarif, without findings too: then CI services close what was open."""
    status = execute(["timeout", "600", "./pagetorture", "triage", "--results", OUT / "findings.jsonl",
                      "-o", OUT / "triage", OUT / "campaign"], OUT / "triage.log")
    if (OUT / "findings.jsonl").exists():
        execute(["./pagetorture-export", "sarif", "-o", OUT / "findings.sarif", OUT / "findings.jsonl"],
                OUT / "export.log")
    if not (OUT / "findings.sarif").exists():
        print(f"triage ended with status {status}:", (OUT / "triage.log").read_text(errors="replace"))


def keep_results(cases, begun, seed):
    status = "failed" if cases.status() else "good"
    results = keep.head("fuzz-ci", begun, "make fuzz-ci", status, os.environ.get("CC", ""))
    last = OUT / "all.json"
    keep.write("results/fuzz-ci.json", results | {"seed": int(seed), "rows": cases.rows} | (
        {"campaign": json.loads(last.read_text())} if last.exists() else {}))


def main():
    begun = time.time()
    seconds = os.environ.get("FUZZ_CI_TIME") or "600"
    seed = os.environ.get("FUZZ_CI_SEED") or "1"
    if not seconds.isdecimal() or int(seconds) < 2:
        sys.stderr.write(f"fuzz-ci: expected FUZZ_CI_TIME of 2 seconds or more, got '{seconds}'\n")
        sys.exit(2)
    seconds = int(seconds)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    cases, targets = Cases(), table_of_targets()
    for target, flavour in targets.items():
        replay(cases, target, f"{target}-replay")
        replay(cases, target, f"{target}-replay-{flavour}")
    affected = affected_targets(os.environ.get("FUZZ_CI_BASE") or "HEAD~1", targets)
    if affected:
        campaign(cases, "changed", seconds // 2, seed, affected)
        seconds -= seconds // 2
    campaign(cases, "all", seconds, seed, list(targets))
    triage()
    cases.write_junit()
    keep_results(cases, begun, seed)
    print(f"fuzz-ci: {len(cases.rows)} cases, {cases.count('failed')} failed, "
          f"{cases.count('skipped')} skipped ({OUT.absolute()}/junit.xml)")
    sys.exit(cases.status())


main()
