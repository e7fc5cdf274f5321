# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run a campaign in the build directory, and read from its results what happened to each target."""
import collections
import json
import os
import subprocess

# @result: good, failed or skipped; @reason: why, or the finding; @figures: {} if the target was left out
Outcome = collections.namedtuple("Outcome", "result reason replay figures")


def run_logged(command, log_path, environment=None):
    """Return: the exit status of the command; all of its output is in the log"""
    with open(log_path, "wb") as log:
        return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False,
                              env=os.environ | (environment or {})).returncode


def read_target_outcome(results, target):
    figures = {row["name"]: row for row in results["targets"]}.get(target)
    if not figures:
        reasons = {row["name"]: row["reason"] for row in results["left_out"]}
        return Outcome("skipped", reasons.get(target, "the campaign has no results"), "", {})
    if figures["first_finding"]:
        finding, _, replay = figures["first_finding"].partition("\n  replay: ")
        return Outcome("failed", finding, replay, figures)
    if figures["executions"]:
        return Outcome("good", "", "", figures)
    if figures["engine_failure"]:
        return Outcome("failed", figures["engine_failure"], "", figures)
    return Outcome("skipped", "no execution in this time", "", figures)


def run_campaign(path, seconds, targets, flags, environment=None):
    """Write the log to @path and results to @path.json. Return: the exit status, {target: Outcome}"""
    status = run_logged(["./pagetorture", "fuzz", "--bin", os.getcwd(), "--time", str(seconds), "--results",
                      f"{path}.json", *flags, *targets], path, environment)
    results = {"targets": [], "left_out": []}
    if os.path.exists(f"{path}.json"):
        with open(f"{path}.json") as file:
            results = json.load(file)
    return status, {target: read_target_outcome(results, target) for target in targets}
