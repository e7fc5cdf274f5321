# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Figures of a campaign for `make report` and other programs: one JSON object, which begins as the
results of other commands do (src/tool/run/json_lines.c).
"""
import json
import os
import stat
import tempfile
import time

from corpus import replace_file
from progress import mean_rate
from terminal import STANDARD_ERROR, STANDARD_OUTPUT, write_text

BEGIN_TIME = time.time()


def write_output_file(path, content):
    """Write a file that the user named, whole. A symbolic link stays; a pipe or a device is written to."""
    path = os.path.realpath(path)
    mode = os.stat(path).st_mode if os.path.exists(path) else 0
    if mode and not stat.S_ISREG(mode):
        with open(path, "wb") as file:
            file.write(content)
        return
    descriptor, temporary_path = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".pagetorture-")
    file_mode_mask = os.umask(0)
    os.umask(file_mode_mask)
    os.fchmod(descriptor, stat.S_IMODE(mode) or 0o666 & ~file_mode_mask)
    os.close(descriptor)
    replace_file(temporary_path, path, content)


def describe_machine(compiler):
    name = os.uname()
    return {"cpus": os.cpu_count(), "compiler": compiler, "system": name.sysname, "release": name.release,
            "machine": name.machine}


def describe_target(campaign, target, is_ended):
    now, corpus_count = campaign.now, len(target.corpus.hashes)
    # Of the moment while the campaign runs; at its end the mean of all its runs.
    rate = target.compute_rate() if not is_ended else \
        mean_rate(target.count_total_executions(now), target.earlier_seconds + campaign.compute_elapsed_seconds())
    return {"name": target.name, "flavour": target.flavour,
            "engines": [{"name": name, "skipped": target.missing_parts.get(name, "")}
                        for name in campaign.options.engines],
            "executions": target.executions(now), "executions_before": target.earlier_executions,
            "seconds_before": target.earlier_seconds, "rate": rate, "coverage": target.coverage,
            "corpus": corpus_count, "corpus_new": corpus_count - target.corpus_count_before,
            "findings": len(target.findings.hashes), "findings_new": target.count_new_findings(),
            "first_finding": target.first_finding, "engine_failure": target.last_engine_failure}


def describe_campaign(campaign, status):
    options = campaign.options
    return {"what": "fuzz", "version": options.version,
            "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGIN_TIME)),
            "seconds": round(time.time() - BEGIN_TIME, 1), "status": status, "command": options.command,
            "on": describe_machine(options.compiler), "dir": os.path.realpath(options.dir),
            "seed": options.seed, "jobs": options.jobs, "time": options.time,
            "targets": [describe_target(campaign, target, status != "running") for target in campaign.targets],
            "left_out": campaign.left_out_targets}


def write_results(campaign, status):
    """@status: "running", or how it ended. Return: False if they are wanted and could not be written."""
    path = campaign.options.results
    if not path:
        return True
    text = json.dumps(describe_campaign(campaign, status), separators=(",", ":"), ensure_ascii=False) + "\n"
    # Bytes of names that are no UTF-8 become the character that says so.
    content = os.fsencode(text).decode(errors="replace").encode()
    try:
        if path == "-":
            os.write(STANDARD_OUTPUT, content)
        else:
            write_output_file(path, content)
    except OSError as error:
        write_text(STANDARD_ERROR, f"{path}: expected a file that can be written: {error.strerror}\n")
        return False
    return True
