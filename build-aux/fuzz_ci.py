#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Fuzzing for a CI service, in a fixed time: replays the corpus by every target, then runs a
campaign on the targets that the change can affect, then a campaign on all targets.

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

SOURCE = pathlib.Path(sys.argv[1]).absolute()
sys.path.insert(0, str(pathlib.Path(__file__).absolute().parent.parent / "report"))
import keep  # noqa: E402
from fuzz_run import run_campaign, run_logged_and_return_status  # noqa: E402

OUT = pathlib.Path("fuzz-ci")
EXIT_UNAVAILABLE = 69  # the page library lacks calls that the target needs (src/page_stubs/absent.c)

# The fuzz targets that a changed file can affect. For each file, the first pattern that matches counts.
AFFECTED_TARGETS = (
    ("src/page/buffer.*", "fuzz_api"),
    ("src/page/fault.*", "fuzz_api fuzz_explore fuzz_fault fuzz_page"),
    ("src/page/*", "fuzz_api fuzz_explore fuzz_fatal fuzz_fault fuzz_page fuzz_race"),
    ("src/harness/program/program_text*", "fuzz_text"),
    ("src/harness/program/program_write.*", "fuzz_text"),
    ("src/harness/program/text_*", "fuzz_text"),
    ("src/harness/detect/*", "fuzz_explore fuzz_race"),
    ("src/harness/interleav*", "fuzz_explore"),
    ("src/harness/model/access_log.*", "fuzz_race"),
    ("src/harness/model/clock.*", "fuzz_race"),
    ("src/harness/*", "*"),
    ("fuzz/*.[ch]", "*"),
)


class Cases:
    """Results of replays and of fuzzed targets: each is a row for `make report` and a JUnit case."""

    def __init__(self):
        self.rows, self.records, self.has_campaign_failed = [], [], False

    def add_and_print_case(self, result, group, name, output="", replay_command=""):
        """@result: "good", "failed" or "skipped"; @output: its first line is the reason of the result"""
        reason = next((line for line in output.splitlines() if line.strip()), "")
        self.rows.append({"result": result, "group": group, "name": name, "why": reason})
        self.records.append({
            "input": name, "flavour": group, "result": "not-run" if result == "skipped" else result,
            "failed": result == "failed", "why": reason, "skip_reason": reason, "output": output,
            "replay": replay_command})
        print(f"{result}: {group} {name}", flush=True)
        if result == "failed":
            replay_line = f"    replay: {replay_command}" if replay_command else ""
            print(re.sub("^", "    ", output, flags=re.M), replay_line, sep="\n")

    def count_cases_with_result(self, result):
        return sum(row["result"] == result for row in self.rows)

    def decide_exit_status(self):
        return 2 if self.has_campaign_failed else 1 if self.count_cases_with_result("failed") else 0

    def write_junit_file(self):
        lines = [*self.records, {"what": "fuzz-ci"}]
        (OUT / "cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        export_results_file("junit", "cases.jsonl", "junit.xml")


def export_results_file(format_name, results_name, output_name):
    status = run_logged_and_return_status(["./pagetorture-export", format_name, "-o", OUT / output_name, OUT / results_name],
                          OUT / "export.log")
    if status:
        print(f"export ended with status {status}:", (OUT / "export.log").read_text(errors="replace"))


def read_target_flavours():
    """Return: {target: the flavour in which findings of the target fail}"""
    text = (SOURCE / "fuzz" / "targets.def").read_text()
    return dict(re.findall(r'^TARGET\((\w+), "(\w+)"', text, re.M))


def replay_corpus_and_add_case(cases, target, binary):
    if not os.access(binary, os.X_OK):
        cases.add_and_print_case("skipped", "replay", binary, "this build has no such binary")
        return
    log = OUT / f"{binary}.log"
    corpora = [SOURCE / "corpus" / name for name in ("regress", "rules", "bugs", f"seed/{target}")]
    command = [f"./{binary}", *map(str, corpora)]
    status = run_logged_and_return_status(command, log)
    end = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
    cases.add_and_print_case({0: "good", EXIT_UNAVAILABLE: "skipped"}.get(status, "failed"), "replay", binary, end,
              " ".join(command))


def find_targets_affected_by_file(changed_file, targets):
    named = re.match(r"(?:fuzz|corpus/seed)/(fuzz_[a-z]+)\b", changed_file)
    if named and named[1] in targets:
        return {named[1]}
    for pattern, names in AFFECTED_TARGETS:
        if fnmatch.fnmatchcase(changed_file, pattern):
            return set(targets if names == "*" else names.split())
    return set()


def find_targets_affected_since(base_commit, targets):
    git = subprocess.run(["git", "diff", "--name-only", base_commit, "--"], cwd=SOURCE, text=True,
                         capture_output=True, check=False)
    affected = set().union(*(find_targets_affected_by_file(file, targets) for file in git.stdout.splitlines()))
    if not affected:
        print(f"no target is affected by what changed since {base_commit}", git.stderr.partition("\n")[0])
    return [target for target in targets if target in affected]


def run_campaign_and_add_cases(cases, group, seconds, seed, targets):
    print(f"{group}, {seconds} s: {' '.join(targets)}", flush=True)
    status, outcomes = run_campaign(OUT / group, seconds, targets, ["--seed", seed, "--dir", OUT / "campaign"])
    for target, outcome in outcomes.items():
        cases.add_and_print_case(outcome.result, group, target, outcome.reason, outcome.replay)
    if status not in (0, 1) or (status == 1 and not cases.count_cases_with_result("failed")):
        cases.add_and_print_case("failed", group, "the campaign itself", (OUT / group).read_text(errors="replace"))
        cases.has_campaign_failed = status != 1


def triage_findings_and_write_sarif():
    """Triage the findings. Write findings.sarif also without findings: CI services then close old alerts."""
    status = run_logged_and_return_status(["timeout", "600", "./pagetorture", "triage", "--results", OUT / "findings.jsonl",
                      "-o", OUT / "triage", OUT / "campaign"], OUT / "triage.log")
    if (OUT / "findings.jsonl").exists():
        export_results_file("sarif", "findings.jsonl", "findings.sarif")
    else:
        print(f"triage ended with status {status}:", (OUT / "triage.log").read_text(errors="replace"))


def write_report_results(cases, begin_time, seed):
    status = "failed" if cases.decide_exit_status() else "good"
    results = keep.make_result_head("fuzz-ci", begin_time, "make fuzz-ci", status, os.environ.get("CC", ""))
    last = OUT / "all.json"
    keep.write_json("results/fuzz-ci.json", results | {"seed": int(seed), "rows": cases.rows} | (
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
    cases, targets = Cases(), read_target_flavours()
    for target, flavour in targets.items():
        replay_corpus_and_add_case(cases, target, f"{target}-replay")
        replay_corpus_and_add_case(cases, target, f"{target}-replay-{flavour}")
    changed = find_targets_affected_since(os.environ.get("FUZZ_CI_BASE") or "HEAD~1", targets)
    if changed:
        run_campaign_and_add_cases(cases, "changed", seconds // 2, seed, changed)
        seconds -= seconds // 2
    run_campaign_and_add_cases(cases, "all", seconds, seed, list(targets))
    triage_findings_and_write_sarif()
    cases.write_junit_file()
    write_report_results(cases, begun, seed)
    print(f"fuzz-ci: {len(cases.rows)} cases, {cases.count_cases_with_result('failed')} failed, "
          f"{cases.count_cases_with_result('skipped')} skipped ({OUT.absolute()}/junit.xml)")
    sys.exit(cases.decide_exit_status())


main()
