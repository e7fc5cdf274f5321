#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The smoke test, in three minutes: the rule table under every sanitizer, the race matrix under every
race detector, stress scenarios, the fuzz targets with libFuzzer, one with AFL++, and a replay of the corpus.

    smoke.py SRCDIR    run in the build directory; writes logs to smoke/
    SMOKE_SECONDS      seconds for each fuzzer (default 20)
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import sys
import time

HERE = pathlib.Path(__file__).absolute().parent
sys.path.insert(0, str(HERE.parent / "report"))
import keep  # noqa: E402
from fuzz_run import run_campaign, run_logged_and_return_status  # noqa: E402

SOURCE = sys.argv[1]
SECONDS = int(os.environ.get("SMOKE_SECONDS") or 20)
LOGS = pathlib.Path("smoke")
BEGIN_TIME = time.time()
EXIT_UNAVAILABLE = 69  # the page library lacks calls that the program needs (src/page_stubs/absent.c)
BACKENDS = ("direct", "alias")

# {race detector: pattern of the cells of the race matrix that run}; "" is all cells, for fast detectors only.
DETECTORS = {"tsan-fibers": "", "gcc-fibers": "", "gcc-inline": "", "tsan-threads": "*raw",
             "gcc-threads": "*raw", "helgrind": "*raw", "drd": "*raw"}
STRESS_SCENARIOS = ("disjoint", "overlap")
# Each entry: backend, SMOKE_SECONDS divided by the time, and the fuzz targets that run at the same time.
FUZZ_GROUPS = (("direct", 1, "fuzz_page", "fuzz_race"), ("alias", 2, "fuzz_page", "fuzz_race"),
               ("direct", 2, "fuzz_api", "fuzz_text"), ("alias", 2, "fuzz_fatal", "fuzz_fault"),
               ("direct", 1, "fuzz_explore"))
REPLAYERS = ("fuzz_page-replay", "fuzz_page-replay-asan", "fuzz_page-replay-msan", "fuzz_explore-replay-tsan",
             "fuzz_race-replay-tsan", "fuzz_fatal-replay-asan", "fuzz_fault-replay-asan", "fuzz_text-replay-asan")

rows, failures = [], []


def add_and_print_row(result, name, figures):
    rows.append({"result": result, "name": name, "figures": figures, "at": int(time.time() - BEGIN_TIME)})
    print(f"{result:<7} {name:<34} {figures}", flush=True)


def add_and_print_failure(name, figures, log, replay_command, environment=None):
    """Add and print a failed row, the end of the log, and a command that repeats the failure from anywhere."""
    add_and_print_row("FAILED", name, figures)
    settings = [f"{key}={value}" for key, value in (environment or {}).items()]
    replay = f"cd {shlex.quote(os.getcwd())} && {' '.join([*settings, replay_command])}"
    lines = log.read_text(errors="replace").splitlines()[-20:] if log.exists() else []
    print(*(f"    {line}" for line in lines), f"    log:    {log.absolute()}", f"    replay: {replay}",
          sep="\n", flush=True)
    failures.append({"name": name, "log": str(log.absolute()), "replay": replay})


def print_progress(text):
    print(f"[{int(time.time() - BEGIN_TIME):3} s] {text}", flush=True)


def parse_skip_reason(exit_status, output):
    reason = re.search(r"^\S*: skipped: (.*)|^skipped: \S+: (.*)", output, re.M)
    if reason and (exit_status == EXIT_UNAVAILABLE or reason[2]):
        return reason[1] or reason[2]
    if exit_status and "expected a backend that the page library has" in output:
        return "the page library has no such backend"
    return ""


def make_last_match_formatter(pattern, format_string="{0}"):
    """Return: a function that formats the last match of @pattern in an output; {1} in @format_string is its
    first group."""
    def format_last_pattern_match(output):
        found = list(re.finditer(pattern, output, re.M))
        return format_string.format(found[-1][0], *found[-1].groups()) if found else ""
    return format_last_pattern_match


def run_command_as_row(name, log_name, format_figures, command, environment=None):
    """Run the command and add a row. @format_figures: a function from the output to the row's figures."""
    if not os.access(command[0], os.X_OK):
        add_and_print_row("skipped", name, "this build has no such program or flavour")
        return
    log = LOGS / log_name
    status = run_logged_and_return_status(command, log, environment)
    text = log.read_text(errors="replace")
    skip_reason = parse_skip_reason(status, text)
    if skip_reason:
        add_and_print_row("skipped", name, skip_reason)
    elif status:
        add_and_print_failure(name, f"exit status {status}", log, shlex.join(command), environment)
    else:
        add_and_print_row("ok", name, format_figures(text))


def run_rule_programs_and_store():
    print_progress("rule table under the sanitizers")
    programs = sorted(str(path) for path in pathlib.Path(SOURCE, "corpus", "rules").glob("*.page"))
    tables = {}

    def parse_json_lines(output):
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    def format_agreeing_flavours(output):
        return f"{len(programs)} programs agree in: {' '.join(parse_json_lines(output)[0]['flavours'])}"

    for backend in BACKENDS:
        run_command_as_row(f"rule table, {backend}", f"rules-{backend}", format_agreeing_flavours,
                  ["./pagetorture", "run", "--backend", backend, "--json", *programs])
        if rows[-1]["result"] != "skipped":
            tables[backend] = parse_json_lines((LOGS / f"rules-{backend}").read_text(errors="replace"))
    write_results("rules", tables)


def run_race_matrix_by_detectors():
    for detector, cells in DETECTORS.items():
        print_progress(f"race matrix, {detector}")
        format_figures = make_last_match_formatter(
            rf"^{detector} +(\d+) +x\S+ +(\d+) +(\d+)(?: +\S+){{3}} +(\d+) +(\d+)",
            "{1} cells, {3} of {2} races caught, {4} false alarms, {5} within known limitations")
        run_command_as_row(f"race matrix, {detector}", f"race-{detector}", format_figures,
                  ["./pagetorture-dev", "race", "--detector", detector, "--cell", cells])


def run_selected_stress_scenarios():
    format_figures = make_last_match_formatter(r" Total: (\d+) .* Rate: (\S+) ", "{1} operations, {2}")
    for scenario in STRESS_SCENARIOS:
        for flavour in ("plain", "asan", "tsan"):
            binary = "pagetorture-stress" + ("" if flavour == "plain" else f"-{flavour}")
            print_progress(f"stress {scenario}, {flavour}, 3 s")
            run_command_as_row(f"stress {scenario}, {flavour}", f"stress-{scenario}-{flavour}", format_figures,
                      [f"./{binary}", scenario, "-t", "4", "-s", "3"])


def fuzz_targets_together(backend, seconds, *targets):
    """Fuzz the targets at the same time by libFuzzer, and add a row for each."""
    log = LOGS / f"fuzz-{backend}-{'-'.join(targets)}"
    print_progress(f"libFuzzer {', '.join(targets)}, {backend}, {seconds} s")
    environment = {"PAGE_MAP": backend}
    _, outcomes = run_campaign(log, seconds, targets, ["--engine", "libfuzzer", "--jobs", "2", "--dir",
                                                       f"{log}.campaign"], environment)
    for target, outcome in outcomes.items():
        name = f"libFuzzer {target}, {backend}"
        if outcome.result == "failed":
            add_and_print_failure(name, outcome.reason, log, outcome.replay or f"./{target}", environment)
        elif outcome.result == "skipped":
            add_and_print_row("skipped", name, outcome.reason)
        else:
            figures = outcome.figures
            add_and_print_row("ok", name, f"{figures['executions']} executions, {figures['rate']}/s, no finding")


def fuzz_page_with_afl():
    """Fuzz fuzz_page by AFL++. A stability below 100 % means that an input changes state for later inputs."""
    name, log, statistics = "AFL++ fuzz_page", LOGS / "afl.log", LOGS / "afl/default/fuzzer_stats"
    if not shutil.which("afl-clang-fast") or not shutil.which("afl-fuzz"):
        add_and_print_row("skipped", name, "no afl-clang-fast or afl-fuzz")
        return
    if not os.access("afl/fuzz_page", os.X_OK):
        add_and_print_failure(name, "it does not build", pathlib.Path("afl.log"), "make afl-fuzzers-asan")
        return
    print_progress(f"{name}, {SECONDS} s")
    run_logged_and_return_status(["timeout", "-s", "INT", str(SECONDS + 60), "afl-fuzz", "-V", str(SECONDS), "-t", "1000", "-G", "704",
             "-i", "seeds/fuzz_page", "-o", str(LOGS / "afl"), "--", "afl/fuzz_page"], log,
            {"AFL_CUSTOM_MUTATOR_LIBRARY": os.path.abspath("afl_mutator.so"), "AFL_NO_UI": "1",
             "AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_NO_AFFINITY": "1",
             "AFL_FAST_CAL": "1"})
    text = statistics.read_text() if statistics.exists() else ""
    figures = dict(re.findall(r"^(\w+) *: ([\d.]+%?)", text, re.M))
    finding_count = int(figures.get("saved_crashes", 0)) + int(figures.get("saved_hangs", 0))
    if not figures or finding_count:
        add_and_print_failure(name, f"{finding_count if figures else 'no statistics'} findings", log,
                    f"./fuzz_page-replay-asan {LOGS}/afl/default/crashes")
    elif figures["stability"] != "100.00%":
        add_and_print_failure(name, f"stability {figures['stability']}: an input changes state for later inputs", log,
                    f"python3 {SOURCE}/fuzz/same.py ./fuzz_page-same seeds/fuzz_page {LOGS}/afl/default/queue")
    else:
        add_and_print_row("ok", name, f"{figures['execs_done']} executions, {figures['execs_per_sec'].split('.')[0]}/s, "
                            f"stability {figures['stability']}, no finding")


def replay_with_tool_and_replayers():
    print_progress("corpus replay")
    corpus = f"{SOURCE}/corpus"
    for backend in BACKENDS:
        for orders in ([], ["--orders"]):
            name = " ".join([f"replay, {backend}", *orders])
            run_command_as_row(name, name.replace(", ", "-"), make_last_match_formatter(r"\b\d+ inputs in.*"),
                      ["./pagetorture", "replay", "--backend", backend, *orders, corpus])
    for binary in ("fuzz_api-replay", *REPLAYERS):
        target = binary.partition("-")[0]
        corpora = ["rules", "regress", "bugs"] if target != "fuzz_api" else []
        for backend in BACKENDS:
            run_command_as_row(f"{binary}, {backend}", f"{binary}-{backend}",
                               make_last_match_formatter(r"\b\d+ inputs replayed.*"),
                               [f"./{binary}", *(f"{corpus}/{name}" for name in [*corpora, f"seed/{target}"])],
                               {"PAGE_MAP": backend})


def write_results(results_name, tables):
    """Write results/@results_name.json for `make report`: @tables and a summary."""
    status = "failed" if failures else "good"
    head = keep.make_result_head(results_name, BEGIN_TIME, "make smoke", status, os.environ.get("CC", ""))
    keep.write_json(f"results/{results_name}.json", head | {"seconds_each": SECONDS} | tables)


def main():
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir()
    for name in ("rules", "smoke"):
        pathlib.Path(f"results/{name}.json").unlink(missing_ok=True)
    run_rule_programs_and_store()
    run_race_matrix_by_detectors()
    run_selected_stress_scenarios()
    for backend, part, *targets in FUZZ_GROUPS:
        fuzz_targets_together(backend, max(SECONDS // part, 1), *targets)
    fuzz_page_with_afl()
    replay_with_tool_and_replayers()
    print(f"\nsummary ({int(time.time() - BEGIN_TIME)} s, logs in {LOGS.absolute()})")
    for row in sorted(rows, key=lambda row: row["result"]):
        print(f"{row['result']:<7} {row['name']:<34} {row['figures']}")
    write_results("smoke", {"rows": rows, "failures": failures})
    if failures:
        sys.exit(f"\nsmoke: {len(failures)} FAILED")
    print("\nsmoke: all good")


main()
