# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run a fuzzing campaign in the build directory, and find the outcome of each target in its results."""
import collections
import json
import os
import subprocess

# @result of a fuzz target: "good", "failed" or "skipped". @reason: the finding, or why the target failed or
# was skipped. @replay: the command that replays the finding. @figures: {} if the campaign left the target out
Outcome = collections.namedtuple("Outcome", "result reason replay figures")


def run_logged_and_return_status(command, log_path, environment=None):
    """Run a command with all of its output in the log. Return: its exit status."""
    with open(log_path, "wb") as log:
        return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False,
                              env=os.environ | (environment or {})).returncode


def find_target_outcome(campaign_results, target_name):
    figures = {row["name"]: row for row in campaign_results["targets"]}.get(target_name)
    if not figures:
        reasons = {row["name"]: row["reason"] for row in campaign_results["left_out"]}
        return Outcome("skipped", reasons.get(target_name, "the campaign has no results"), "", {})
    if figures["first_finding"]:
        finding, _, replay = figures["first_finding"].partition("\n  replay: ")
        return Outcome("failed", finding, replay, figures)
    if figures["executions"]:
        return Outcome("good", "", "", figures)
    if figures["engine_failure"]:
        return Outcome("failed", figures["engine_failure"], "", figures)
    return Outcome("skipped", "no execution in this time", "", figures)


def run_campaign(log_path, seconds, targets, options, environment=None):
    """Run `pagetorture fuzz`, with its results in @log_path.json. Return: the exit status, {target: Outcome}"""
    status = run_logged_and_return_status(["./pagetorture", "fuzz", "--bin", os.getcwd(), "--time", str(seconds), "--results",
                      f"{log_path}.json", *options, *targets], log_path, environment)
    results = {"targets": [], "left_out": []}
    if os.path.exists(f"{log_path}.json"):
        with open(f"{log_path}.json") as file:
            results = json.load(file)
    return status, {target: find_target_outcome(results, target) for target in targets}
