#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run stress scenarios in the build directory, which is the current one.

  run_all.py table  each scenario in each flavour with each backend; prints a table
  run_all.py long   for hours: the seed selects the scenario, flavour, backend, threads, delays and
                    pressure of each run; a stopped series of runs resumes

Writes results/stress.json or results/stress-long.json for make report, and to a directory: log, a JSON
line for each run; failures/N.log, what run N printed, and N.page, its last operations as a program.

Environment variables: SCENARIOS (default: all), SEED (default 1), DIR (default stress.logs, stress-long).
Of table: FLAVOURS (default: plain asan tsan), BACKENDS (direct alias), STRESS_FLAGS, SECONDS_EACH (10).
Of long: TIME (default 1h; 8h, 30m, 90s), in addition to earlier calls; TURN, seconds of one run (20).

Exit status: 0 all succeeded, 1 one failed, 2 usage error, or nothing to run.
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "report"))
import keep  # noqa: E402

SKIPPED = 69  # exit status: the page library lacks something for the run (src/page_stubs/absent.c)
KEYS = ("program", "flavour", "backend")
FLAVOURS = ("plain", "asan", "tsan", "msan")
DIRECTORIES = {"stress": "stress.logs", "stress-long": "stress-long"}
STATISTICS = re.compile(r" Total: (?P<operations>\d+) .* Rate: (?P<rate>\d+)/s Max/Min: (?P<max_min>\S+).*"
                        r" Refused: (?P<refused>\d+) Races: (?P<races>\d+) on.* Rss: (?P<kib>\d+)K"
                        r" Fds: (?P<descriptors>\d+)")
PAGE_PROGRAM = re.compile(r"^pagetorture 1\n.*?^# end of the page program\n", re.DOTALL | re.MULTILINE)


class UsageError(Exception):
    """An environment variable has an invalid value, or no scenario can run."""


def read_environment_variable(name, default, value_pattern=".*"):
    value = os.environ.get(name) or default
    if not re.fullmatch(value_pattern, value):
        raise UsageError(f"expected {name} as {default}, got '{value}'")
    return value


def format_binary_path(flavour):
    return "./pagetorture-stress" + ("" if flavour == "plain" else f"-{flavour}")


def is_built(flavour):
    return os.access(format_binary_path(flavour), os.X_OK)


def select_scenario_names():
    built = [format_binary_path(flavour) for flavour in FLAVOURS if is_built(flavour)]
    if not built:
        raise UsageError(f"expected stress programs in {os.getcwd()}, found none")
    names = subprocess.run([built[0], "list"], capture_output=True, text=True, check=True).stdout.split()
    wanted = read_environment_variable("SCENARIOS", " ".join(names)).split()
    if set(wanted) - set(names):
        raise UsageError(f"expected SCENARIOS of {' '.join(names)}, got '{' '.join(wanted)}'")
    return wanted


class Series:
    """Runs of scenarios with one log. Each run has a record, which has its options and its result."""

    def __init__(self, result_name, seconds_each):
        self.result_name, self.seconds_each, self.begun = result_name, seconds_each, time.time()
        self.seed = read_environment_variable("SEED", "1")
        self.directory = pathlib.Path(read_environment_variable("DIR", DIRECTORIES[result_name]))
        self.log = self.directory / "log"
        (self.directory / "failures").mkdir(parents=True, exist_ok=True)
        self.records = keep.read_json_lines(self.log) if self.log.exists() else []

    def run_scenario_and_log_record(self, scenario, flavour, backend, options):
        record = {"run": len(self.records), **dict(zip(KEYS, (scenario, flavour, backend))),
                  "result": "skipped", "why": f"this build has no flavour {flavour}",
                  "begun": int(time.time()), "seconds": self.seconds_each,
                  "operations": 0, "kib": 0, "descriptors": 0}
        if is_built(flavour):
            command = [format_binary_path(flavour), scenario, "-s", str(self.seconds_each),
                       f"--backend={backend}", *options]
            record["command"] = " ".join(command)
            print(f"[{time.time() - self.begun:5.0f} s] {record['command']}", flush=True)
            run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 errors="replace", check=False)
            self._store_outcome_in_record(record, run.returncode, run.stdout)
        self.records.append(record)
        with self.log.open("a") as out:
            out.write(json.dumps(record) + "\n")

    def _store_outcome_in_record(self, record, exit_status, output):
        for match in STATISTICS.finditer(output):
            record.update((k, v if k == "max_min" else int(v)) for k, v in match.groupdict().items())
        seed = re.search(r"Start of test:.* --seed=(\S+)", output)
        record.update(status=exit_status, result="ok", why="", seed=seed[1] if seed else "")
        if exit_status == SKIPPED:
            record.update(result="skipped", why=output.partition(": skipped: ")[2].strip())
        elif exit_status or not output.endswith("\nEnd of test: SUCCESS\n"):
            self._store_and_print_failure(record, output)

    def _store_and_print_failure(self, record, output):
        files = self.directory / "failures" / str(record["run"])
        pathlib.Path(f"{files}.log").write_text(output)
        program = PAGE_PROGRAM.search(output)
        if program:
            pathlib.Path(f"{files}.page").write_text(program[0])
        record.update(result="FAILED", why=f"exit status {record['status']}, {files.resolve()}.log")
        print(f"{self.result_name}: run {record['run']} FAILED: {record['command']}")
        lines = [line for line in output.splitlines() if re.search("!!!|run again|BUG|ERROR", line)]
        print("".join(f"    {line}\n" for line in lines[:5]), end="")

    def run_all(self, planned_runs):
        """Run each (scenario, flavour, backend, options). Return: good, failed or stopped."""
        try:
            for planned_run in planned_runs:
                self.run_scenario_and_log_record(*planned_run)
        except KeyboardInterrupt:
            return "stopped"
        return "failed" if self.list_failed_records() else "good"

    def list_failed_records(self):
        return [record for record in self.records if record["result"] == "FAILED"]

    def write_results(self, status, start_time, command, **values):
        head = keep.make_result_head(self.result_name, start_time, command, status, os.environ.get("CC", ""))
        keep.write_json(f"results/{self.result_name}.json", {**head, "seed": self.seed, **values})


# ---- table ----

def run_table():
    shutil.rmtree(read_environment_variable("DIR", DIRECTORIES["stress"]), ignore_errors=True)
    pathlib.Path("results/stress.json").unlink(missing_ok=True)
    series = Series("stress", int(read_environment_variable("SECONDS_EACH", "10", r"\d+")))
    flags = read_environment_variable("STRESS_FLAGS", "")
    options = [f"--seed={series.seed}", *flags.split()]
    flavours = read_environment_variable("FLAVOURS", "plain asan tsan")
    backends = read_environment_variable("BACKENDS", "direct alias")
    status = series.run_all([(scenario, flavour, backend, options) for flavour in flavours.split()
                             for scenario in select_scenario_names() for backend in backends.split()])
    failed = len(series.list_failed_records())
    runs = sum(record["result"] != "skipped" for record in series.records)
    names = ("result", *KEYS, "why", "operations", "rate", "max_min", "refused", "races", "kib", "seed")
    series.write_results(status, series.begun, "make stress", seconds_each=series.seconds_each,
                         stress_flags=flags, runs=runs, failed=failed,
                         rows=[{name: record.get(name, "") for name in names} for record in series.records])
    print()
    for record in series.records:
        what = record["why"] or "{operations} operations, {rate}/s, max/min {max_min}".format(**record)
        print("{result:<9} {program:<10} {flavour:<6} {backend:<7}".format(**record), what)
    print(f"\nstress: {'stopped after ' if status == 'stopped' else ''}{runs} runs, {failed} failed, "
          f"{time.time() - series.begun:.0f} s")
    return 0 if status == "good" else 1


# ---- long ----

def library_supports_run(flavour, *stress_arguments):
    """Run the program briefly. Return: whether the page library supports the run; if not, print why."""
    run = subprocess.run([format_binary_path(flavour), *stress_arguments], capture_output=True, text=True,
                         check=False)
    if run.returncode == SKIPPED:
        print(f"stress-long: {run.stderr.strip()}")
    return run.returncode != SKIPPED


def pick_options(choose, flavour, backend, with_pressure):
    memory, threads = choose(["", "", "", "--memory=64"]), [2, 2, 3, 4, 4, 8, 16, 64, 256]
    # With the backend alias, 256 threads with MemorySanitizer need more mappings than a process may have (65,530),
    # and 256 threads need more address space than --memory=64 permits.
    if backend == "alias" and (flavour == "msan" or memory):
        threads.pop()
    options = ["-t", str(choose(threads)), choose(["--delays", ""]), choose(["--pin", "", ""]),
               choose(["--stutter", "", ""]), f"--forks={choose([0, 0, 0, 1, 4])}"]
    if with_pressure:
        options += [f"--fail-alloc={choose([0, 0, 1, 30])}", f"--fail-copy={choose([0, 0, 1, 30])}"]
    if flavour == "plain":
        options += [f"--copy={choose(['libc', 'wide', 'movsb'])}", memory]
    return [option for option in options if option]


def make_total_rows(records):
    """Return: a row for each scenario, flavour and backend, with sums and maxima of its runs."""
    groups = {}
    for record in records:
        groups.setdefault(tuple(record[key] for key in KEYS), []).append(record)
    return [{**dict(zip(KEYS, key)), "runs": len(group),
             **{name: sum(record[name] for record in group) for name in ("seconds", "operations")},
             **{name: max(record[name] for record in group) for name in ("kib", "descriptors")},
             "failed": sum(record["result"] == "FAILED" for record in group)}
            for key, group in sorted(groups.items())]


def write_and_return_long_results(series, status):
    rows, failures = make_total_rows(series.records), series.list_failed_records()
    series.write_results(status, series.records[0]["begun"],
                         f"make stress-long TIME={os.environ.get('TIME') or '1h'} SEED={series.seed}",
                         dir=str(series.directory.resolve()), rows=rows,
                         failures=[{name: record[name] for name in ("run", "status", "command")}
                                   for record in failures])
    return rows, failures


def yield_runs_and_write_results(series, duration_seconds):
    """Until the time is over, yield (scenario, flavour, backend, options). The seed and the number of the run
    choose them. After each tenth run write the results so far."""
    programs = [(scenario, flavour) for flavour in FLAVOURS if is_built(flavour)
                for scenario in select_scenario_names() if library_supports_run(flavour, scenario, "-n", "1")]
    if not programs:
        raise UsageError("expected a scenario that the page library can run, found none")
    scenario, flavour = programs[0]
    backends = ["direct", *["alias"] * library_supports_run(flavour, scenario, "-n", "1", "--backend=alias")]
    with_pressure = library_supports_run(flavour, scenario, "-n", "1", "--fail-alloc=1")
    while time.time() - series.begun < duration_seconds:
        number = len(series.records)
        choose = random.Random(f"{series.seed} {number}").choice
        (scenario, flavour), backend = choose(programs), choose(backends)
        seed = f"--seed={choose(range(1, 1000))}{number:06}"
        yield scenario, flavour, backend, [seed, *pick_options(choose, flavour, backend, with_pressure)]
        if number % 10 == 9:
            write_and_return_long_results(series, "running")


def run_long():
    duration = read_environment_variable("TIME", "1h", r"\d+[hms]")
    seconds = int(duration[:-1]) * {"h": 3600, "m": 60, "s": 1}[duration[-1]]
    series = Series("stress-long", int(read_environment_variable("TURN", "20", r"[1-9]\d*")))
    status = series.run_all(yield_runs_and_write_results(series, seconds))
    if not series.records:
        print("stress-long: no run has ended yet")
        return 0
    rows, failures = write_and_return_long_results(series, status)
    print(f"\nstress-long: {len(series.records)} runs, {sum(row['operations'] for row in rows)} operations, "
          f"{len(failures)} failed; at most {max(row['kib'] for row in rows)} KiB, "
          f"{max(row['descriptors'] for row in rows)} descriptors; {series.directory.resolve()}")
    return 1 if failures else 0


def interrupt_on_signal(signal_number, _frame):
    signal.signal(signal_number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(arguments):
    modes = {"table": run_table, "long": run_long}
    if len(arguments) != 1 or arguments[0] not in modes:
        print(__doc__, end="", file=sys.stdout if arguments == ["--help"] else sys.stderr)
        return 0 if arguments == ["--help"] else 2
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt_on_signal)
    try:
        return modes[arguments[0]]()
    except UsageError as error:
        print(f"stress: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
