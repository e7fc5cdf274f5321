# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""libFuzzer, as workers that share one directory and reload it each second. The campaign does not use libFuzzer's
fork mode, which keeps new entries in a temporary directory until a job ends, so that kill -9 loses them, and
reports only that there was a crash.
"""
import os
import re

from campaign.engine import Engine, EngineOutput, is_executable

# ThreadSanitizer never frees what it remembers of an ended fiber, so a libFuzzer process ends after this number of
# inputs, and the worker starts the next process.
RUNS_WITH_RACE_REPORTS = 5000000

MEMORY_LIMIT_MB, NO_MEMORY_LIMIT = 2048, 0

FIGURES = re.compile(r"#(?P<executions>\d+).*?(?: cov: (?P<coverage>\d+)|$)|"
                     r"stat::number_of_executed_units:\s*(?P<final_executions>\d+)")


def find_memory_limit_mb():
    """Return: in MB. The memory that libFuzzer limits has each frame of `alias` once for each of its mappings."""
    return NO_MEMORY_LIMIT if os.environ.get("PAGE_MAP") == "alias" else MEMORY_LIMIT_MB


class LibFuzzer(Engine):
    name = "libfuzzer"
    engine_outputs = (EngineOutput("queue", "", ""), *(
        EngineOutput("libfuzzer", f"{kind}-", kind) for kind in ("crash", "leak", "oom", "timeout")))

    def describe_missing_part(self, campaign_options, target):
        return "" if is_executable(campaign_options.bin, target.name) else "no binary of it (make fuzzers)"

    def format_name_suffix(self, worker_number):
        return str(worker_number)

    def make_command(self, worker):
        target = worker.target
        # Each start has another seed; with the same seed a worker would find its finding again.
        seed = target.options.seed + 1000003 * worker.number + 7919 * worker.start_count
        command = [f"{target.options.bin}/{target.name}", "-reload=1", "-timeout=10", "-print_final_stats=1",
                   f"-rss_limit_mb={find_memory_limit_mb()}", f"-max_len={target.max_input_size}",
                   f"-seed={1 + seed % 0x7fffffff}", f"-artifact_prefix={target.directory}/libfuzzer/"]
        if target.flavour == "tsan":
            command.append(f"-runs={RUNS_WITH_RACE_REPORTS}")
        if target.dictionary:
            command.append(f"-dict={target.dictionary}")
        return [*command, target.queue]

    def parse_log_line(self, worker, line):
        figures = FIGURES.match(line)
        if figures:
            worker.executions = int(figures["executions"] or figures["final_executions"])
            worker.coverage = int(figures["coverage"] or worker.coverage)
        # The target or a sanitizer prints the first error line; libFuzzer prints another after it.
        _, is_error, reason = line.partition("ERROR: ")
        if is_error and not worker.end_reason:
            worker.end_reason = reason[:190]
        _, is_written, path = line.partition("Test unit written to ")
        if is_written:
            worker.finding_path = path
