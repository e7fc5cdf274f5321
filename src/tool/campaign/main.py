# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run a fuzzing campaign: the program that `pagetorture fuzz` starts when it has read its options
(src/tool/command_fuzz.c), which it passes as words NAME=VALUE.
"""
import dataclasses
import os
import sys
import traceback

from campaign import EXIT_BAD, Campaign
from merge import merge_campaign
from target import Target
from terminal import log_error


@dataclasses.dataclass
class Options:
    """What the user asked for, in the words of `pagetorture fuzz --help`."""
    bin: str
    dir: str
    seeds: str
    new_seeds: str
    results: str
    engines: list
    jobs: int  # processes at a time
    time: int  # seconds; 0: until stopped
    report: int  # seconds between two lines of the log
    seed: int
    collect: bool
    merge: bool
    until_finding: bool
    tool: str  # the path of pagetorture
    command: str  # that started the campaign, as a shell reads it
    version: str
    compiler: str
    start_directory: str = dataclasses.field(default_factory=os.getcwd)


def parse_value(field_type, text):
    return text.split(",") if field_type is list else field_type(int(text)) if field_type in (int, bool) else text


def run_campaign(words):
    pairs = [word.split("=", 1) for word in words]
    values = dict(pair for pair in pairs if pair[0] != "target")
    options = Options(**{field.name: parse_value(field.type, values[field.name])
                         for field in dataclasses.fields(Options) if field.name in values})
    targets = []
    for name, flavour, reads, max_len in (value.split(",") for key, value in pairs if key == "target"):
        targets.append(Target(name, flavour, reads, int(max_len), options))
    campaign = Campaign(options, targets)
    if options.merge:
        return merge_campaign(campaign)
    try:
        os.mkdir(options.dir)
    except FileExistsError:
        pass
    except OSError as error:
        log_error(f"expected a directory that can be written: {options.dir}: {error.strerror}")
        return EXIT_BAD
    return campaign.run_to_end()


try:
    sys.exit(run_campaign(sys.argv[1:]))
except Exception:
    # Status 1 would mean that there are findings.
    traceback.print_exc()
    sys.exit(EXIT_BAD)
