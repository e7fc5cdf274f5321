# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Make the corpora of a campaign smaller, and write inputs that reach more edges than the seeds as new
seeds, in canonical text. libFuzzer's -merge selects the inputs. Entries that the corpus does not need
are moved to superseded/; no entry is deleted.
"""
import contextlib
import os
import shutil
import subprocess
import tempfile

from campaign.collect import collect_inputs
from campaign.engine import is_executable
from campaign.target import TargetError
from util.shared import EXIT_BAD, EXIT_FAILED, EXIT_GOOD, hash_input, log_to_standard_error, log_to_standard_output, read_valid_input_or_raise


def run_libfuzzer_merge(target, into_directory, source_directory, *flags):
    log_path = f"{target.directory}/logs/merge"
    # The coverage of an input must not depend on the inputs before it (fuzz_race.c).
    with open(log_path, "ab") as log:
        status = subprocess.run([f"{target.options.bin}/{target.name}", "-merge=1", *flags, into_directory,
                                 source_directory],
                                env=os.environ | {"FUZZ_FRESH": "1"}, stdout=log, stderr=log,
                                check=False).returncode
    if status or not os.listdir(into_directory):
        raise TargetError(f"libFuzzer's merge ended with status {status}; nothing is changed (log: {log_path})")


def merge_and_move_superseded_entries(target, minimal_directory):
    # The queue has the inputs of the corpus that are no findings.
    run_libfuzzer_merge(target, minimal_directory, target.queue, "-use_counters=1")
    needed_hashes = set(os.listdir(minimal_directory))
    superseded_count = 0
    os.makedirs(f"{target.directory}/superseded", exist_ok=True)
    for name in os.listdir(target.corpus.path):
        path = f"{target.corpus.path}/{name}"
        with contextlib.suppress(OSError):
            if not name.startswith(".") and hash_input(read_valid_input_or_raise(path)) not in needed_hashes:
                os.rename(path, f"{target.directory}/superseded/{name}")
                superseded_count += 1
    # The queue and the directory of AFL++ were made from the larger corpus; the next campaign makes them again.
    shutil.rmtree(target.queue)
    shutil.rmtree(f"{target.directory}/afl", ignore_errors=True)
    log_to_standard_output(f"{target.name}: {len(target.corpus.hashes)} entries are now "
                f"{len(target.corpus.hashes) - superseded_count}")


def read_output_unless_failed(*command):
    """Run a command. Return: its standard output, which is empty if the command fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout if done.returncode == 0 else b""


def convert_to_text_and_suffix(target, input_path):
    """Return: the input as canonical text, and the suffix of its name; empty text: the input is no program."""
    if target.input_kind == "calls":
        text = read_output_unless_failed(f"{target.options.bin}/{target.name}-replay", "--text", input_path)
        return text if text.count(b"\n") > 1 else b"", ".calls"
    if target.input_kind == "text":
        input_path = shutil.copy(input_path, f"{input_path}.page")
    return read_output_unless_failed(target.options.tool, "convert", "--text", input_path), ".page"


def select_and_write_new_seeds(target, minimal_directory, scratch_directory):
    seeds, new_seeds = f"{scratch_directory}/seeds", f"{target.options.new_seeds}/{target.name}"
    shutil.copytree(f"{target.options.seeds}/{target.name}", seeds)
    old_names = set(os.listdir(seeds))
    # Only reached edges count here, not how often an input reaches them, so that few inputs become seeds.
    run_libfuzzer_merge(target, seeds, minimal_directory, "-use_counters=0")
    written_count = 0
    for name in sorted(set(os.listdir(seeds)) - old_names):
        text, suffix = convert_to_text_and_suffix(target, f"{seeds}/{name}")
        if text:
            with open(f"{new_seeds}/{name[:12]}{suffix}", "wb") as seed:
                seed.write(text)
            written_count += 1
    log_to_standard_output(f"{target.name}: {written_count} seeds written to {new_seeds}")


def minimise_target_and_write_seeds(campaign, target):
    if not is_executable(target.options.bin, target.name):
        log_to_standard_output(f"{target.name}: skipped: no libFuzzer binary of it (make fuzzers)")
        return
    target.open_directory_and_read_inputs()
    collect_inputs(target, True, campaign.now)
    with tempfile.TemporaryDirectory() as scratch_directory:
        minimal_directory = f"{scratch_directory}/minimal"
        os.mkdir(minimal_directory)
        merge_and_move_superseded_entries(target, minimal_directory)
        if target.options.new_seeds:
            select_and_write_new_seeds(target, minimal_directory, scratch_directory)


def minimise_corpora_of_campaign(campaign):
    """Minimise the corpora of all targets. Return: EXIT_GOOD; EXIT_FAILED: a target could not be minimised;
    EXIT_BAD: no target has a corpus."""
    targets = [target for target in campaign.targets if os.path.isdir(target.corpus.path)]
    if not targets:
        log_to_standard_error(f"pagetorture fuzz: expected a campaign in {campaign.options.dir}, there is none")
        return EXIT_BAD
    status = EXIT_GOOD
    for target in targets:
        try:
            minimise_target_and_write_seeds(campaign, target)
        except (TargetError, OSError) as error:
            log_to_standard_error(f"pagetorture fuzz: {target.name}: {error}")
            status = EXIT_FAILED
    return status
