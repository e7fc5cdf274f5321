# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""AFL++ in its own distributed mode: a main instance, which imports libFuzzer's directory, and
secondaries that differ in binary, power schedule and strategy, all on one directory. An instance continues
with the directory of the campaign before.
"""
import collections
import contextlib
import os
import re
import shutil

from campaign.engine import Engine, EngineOutput, is_executable

# The role of an AFL++ instance. @build: the directory of its binary. @is_cmplog: the instance also uses the binary
# that logs comparisons. @has_mutator: the instance uses the mutator of the harness.
Role = collections.namedtuple("Role", "name build schedule flags is_cmplog has_mutator is_trimming")

# The roles in order of importance: with few jobs, only the first roles run.
ROLES = (
    Role("main", "afl-plain", "fast", (), False, True, True),
    Role("asan", "afl", "explore", (), False, True, True),
    Role("cmplog", "afl-plain", "coe", (), True, False, True),
    Role("mopt", "afl-plain", "exploit", ("-L", "0"), False, False, True),
    Role("queue", "afl-plain", "rare", ("-Z",), False, True, False),
)
BUILDS = ("afl", "afl-plain", "afl-cmplog")

ENVIRONMENT = {
    # The campaign prints to the terminal instead.
    "AFL_NO_UI": "1",
    "AFL_NO_COLOR": "1",
    # If the processes of an instance share one CPU, they wake each other four times as fast.
    "AFL_TRY_AFFINITY": "1",
    "AFL_SKIP_CPUFREQ": "1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
    "AFL_NO_CRASH_README": "1",
    # Resume an earlier run, and start also if a seed crashes.
    "AFL_AUTORESUME": "1",
    "AFL_SKIP_CRASHES": "1",
    "AFL_CMPLOG_ONLY_NEW": "1",
    # A turn of the engine may be short: calibrate little, import soon.
    "AFL_FAST_CAL": "1",
    "AFL_IMPORT_FIRST": "1",
    "AFL_SYNC_TIME": "1",
    # A slow input on a busy machine is no hang.
    "AFL_HANG_TMOUT": "10000",
}


def find_role_settings(worker_number):
    is_first = worker_number < len(ROLES)
    return ROLES[worker_number if is_first else 1 + (worker_number - 1) % (len(ROLES) - 1)]


class Afl(Engine):
    name = "afl"
    role_count = len(ROLES)
    engine_outputs = (EngineOutput("afl/*/queue", "id:", ""), EngineOutput("afl/*/crashes", "id:", "crash"),
               EngineOutput("afl/*/hangs", "id:", "timeout"))

    def describe_missing_part(self, campaign_options, target):
        if target.flavour == "tsan":
            return "ThreadSanitizer would take its counters for shared data"
        if not all(is_executable(campaign_options.bin, build, target.name) for build in BUILDS):
            return "no binary of it (make afl-fuzzers)"
        return "" if shutil.which("afl-fuzz") else "no afl-fuzz"

    def format_name_suffix(self, worker_number):
        return find_role_settings(worker_number).name + (str(worker_number) if worker_number >= len(ROLES) else "")

    def make_environment(self, worker):
        role, mutator = find_role_settings(worker.number), f"{worker.target.options.bin}/afl_mutator.so"
        # AFL++ refuses settings of sanitizers that are not made for AFL++.
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("ASAN_OPTIONS", "UBSAN_OPTIONS")} | ENVIRONMENT
        if not role.is_trimming:
            environment["AFL_DISABLE_TRIM"] = "1"
        if role.has_mutator and worker.target.input_kind == "bytes" and is_executable(mutator):
            environment["AFL_CUSTOM_MUTATOR_LIBRARY"] = mutator
        return environment

    def make_command(self, worker):
        role, target, options = find_role_settings(worker.number), worker.target, worker.target.options
        command = ["afl-fuzz", *(("-S", worker.role) if worker.number else
                                 ("-M", worker.role, "-F", target.queue)),
                   "-i", target.queue, "-o", f"{target.directory}/afl", "-t", "1000",
                   "-G", str(target.max_input_size), "-p", role.schedule, *role.flags]
        if target.dictionary:
            command += ["-x", target.dictionary]
        if role.is_cmplog:
            command += ["-c", f"{options.bin}/afl-cmplog/{target.name}"]
        return [*command, "-s", str(options.seed + 1000003 * worker.number + worker.start_count),
                "--", f"{options.bin}/{role.build}/{target.name}"]

    def read_engine_statistics(self, worker):
        """Read fuzzer_stats, which may be a minute old, then the last line of plot_data, which may be five seconds
        old."""
        directory = f"{worker.target.directory}/afl/{worker.role}"
        with contextlib.suppress(OSError), open(f"{directory}/fuzzer_stats", errors="replace") as file:
            statistics = dict(re.findall(r"^(\w+) *: (\d+)", file.read(), re.M))
            set_worker_figures_since_start(worker, statistics.get("execs_done"), statistics.get("edges_found"))
        # The file may be large, because AFL++ appends to it for weeks.
        with contextlib.suppress(OSError), open(f"{directory}/plot_data", "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 1024))
            lines = file.read().decode(errors="replace").split("\n")
            # Text after the last newline is an incomplete line, which is ignored.
            columns = lines[-2].split(", ") if len(lines) > 2 else []
            if len(columns) >= 13 and columns[11].isdigit() and columns[12].strip().isdigit():
                set_worker_figures_since_start(worker, columns[11], columns[12])

    def parse_log_line(self, worker, line):
        """Record why AFL++ does not run: the lines after this one only name places in the source of AFL++."""
        if "PROGRAM ABORT" in line or "SYSTEM ERROR" in line:
            worker.end_reason = line[:190]


def set_worker_figures_since_start(worker, execution_count, edge_count):
    """Set the figures of this run. A resumed instance continues the counts of the run before."""
    worker.executions = max(worker.executions, int(execution_count or 0) - worker.resumed_executions)
    worker.coverage = int(edge_count or worker.coverage)
