# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""`pagetorture fuzz`: checks the options and targets, and runs a campaign or minimises its corpora."""
import difflib
import os
import random
import re

from campaign.campaign import Campaign
from campaign.engine import is_executable
from campaign.merge import minimise_corpora_of_campaign
from campaign.target import Target
from util.shared import EXIT_BAD, UsageError, log_to_standard_error

# The default values of the options of `pagetorture fuzz --help`. @time: "": run until a signal. @report: seconds
# between two progress lines.
DEFAULTS = {"bin": "", "collect": False, "dir": "campaign", "engine": "libfuzzer,afl", "jobs": 1, "merge": False,
            "new_seeds": "", "report": 60, "results": "", "seed": -1, "seeds": "", "time": "", "until_finding": False}
TIME_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
TIME_MOST = 315360000  # ten years


def parse_duration(text):
    found = re.fullmatch(r"(\d+)([smhd]?)", text, re.ASCII)
    seconds = int(found[1]) * TIME_UNITS[found[2]] if found else 0
    if text and not 0 < seconds <= TIME_MOST:
        raise UsageError(f"expected --time like 90, 10m or 8h, got '{text}'")
    return seconds


def find_target_row_or_raise(target_name, known_targets, campaign_options):
    """Return: the name, the flavour, the kind of inputs and the largest size of an input of a target, as texts.
    The target is a known target, or has a binary, or a directory in the campaign."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,99}", target_name):
        raise UsageError(f"expected the name of a target, got '{target_name}'")
    if target_name in known_targets:
        return known_targets[target_name]
    if any(is_executable(directory, target_name)
           for directory in (campaign_options.bin, f"{campaign_options.bin}/afl", campaign_options.dir)):
        return [target_name, *known_targets["fuzz_page"][1:]]
    similar = difflib.get_close_matches(target_name, known_targets, 1, 0.8)
    hint = f"; did you mean '{similar[0]}'?" if similar else "."
    raise UsageError(f"unknown target '{target_name}'{hint} Targets: {', '.join(known_targets)}")


def run(options):
    options.start_directory = os.getcwd()
    options.time, options.engines = parse_duration(options.time), options.engine.split(",")
    options.bin = options.bin or options.own_directory
    options.seeds = options.seeds or f"{options.bin}/seeds"
    options.seed = options.seed if options.seed >= 0 else random.randrange(1000000000)
    known_targets = {text.split(",")[0]: text.split(",") for text in options.known_targets.split()}
    rows = [find_target_row_or_raise(name, known_targets, options) for name in options.arguments or known_targets]
    targets = [Target(name, flavour, input_kind, int(largest_size), options)
               for name, flavour, input_kind, largest_size in rows]
    campaign = Campaign(options, targets)
    if options.merge:
        return minimise_corpora_of_campaign(campaign)
    try:
        os.makedirs(options.dir, exist_ok=True)
    except OSError as error:
        log_to_standard_error(f"pagetorture fuzz: expected a directory that can be written: {options.dir}: {error.strerror}")
        return EXIT_BAD
    return campaign.run_campaign_to_end()
