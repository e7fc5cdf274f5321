# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The progress of a campaign: a line now and then, a summary at the end, plot.tsv of each target, and the
results for `make report` and other programs: one JSON object.
"""
import contextlib
import json
import os
import re
import time

from util.shared import (STANDARD_ERROR, STANDARD_OUTPUT, log_error, log_message, make_summary_head,
                         replace_invalid_utf8, show_status, write_output_file)

BEGIN_TIME = time.time()
PLOT_HEADER = "# time\tseconds\texecutions\tcoverage\tcorpus\tfindings\n"
PLOT_INTERVAL = 60
SUMMARY_COLUMNS = "  {:<12} {:>14} {:>14} {:>9} {:>7} {:>7} {:>9} {:>9}"


def format_duration(seconds):
    seconds = int(seconds)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def mean_rate(executions, seconds):
    return int(executions / seconds) if seconds > 0 else 0


# ---- figures over time ----

def read_plot(target):
    """Read the figures of earlier campaigns."""
    with contextlib.suppress(OSError), open(f"{target.directory}/plot.tsv", errors="replace") as plot:
        # A line without an end is what a full disk left.
        for line in plot:
            figures = re.match(r"\d+\t(\d+)\t(\d+)\t.*\n", line)
            if figures:
                target.earlier_seconds, target.earlier_executions = map(int, figures.groups())


def append_plot_line(target, line):
    """One write for a line; a plot that cannot be written stops nothing."""
    with contextlib.suppress(OSError), open(f"{target.directory}/plot.tsv", "ab", buffering=0) as plot:
        if not os.fstat(plot.fileno()).st_size:
            plot.write(PLOT_HEADER.encode())
        plot.write(line.encode())


def update_plot(target, elapsed, now, is_last=False):
    """Add a line where something changed, and once a minute."""
    figures = f"{target.coverage}\t{len(target.corpus.hashes)}\t{len(target.findings.hashes)}"
    if figures == target.plotted_figures and now - target.plot_time < PLOT_INTERVAL and not is_last:
        return
    target.plotted_figures, target.plot_time = figures, now
    append_plot_line(target, f"{int(time.time())}\t{target.earlier_seconds + int(elapsed)}\t"
                             f"{target.count_total_executions(now)}\t{figures}\n")


# ---- lines ----

def format_totals(campaign, is_last):
    """All but the rate count from the first start of the campaign on this directory."""
    now, targets = campaign.now, campaign.targets
    executions = sum(target.count_total_executions(now) for target in targets)
    # Targets run at the same time.
    elapsed = campaign.compute_elapsed_seconds() + max(target.earlier_seconds for target in targets)
    rate = f"{mean_rate(executions, elapsed)}/s on average" if is_last else \
        f"{sum(target.compute_rate() for target in targets)}/s"
    last_find_time = max(target.last_find_time for target in targets)
    return (f"{format_duration(elapsed)}  {executions} executions, {rate}, "
            f"coverage {sum(target.coverage for target in targets)}, "
            f"corpus {sum(len(target.corpus.hashes) for target in targets)}, "
            f"findings {sum(len(target.findings.hashes) for target in targets)}, "
            f"last find {format_duration(now - last_find_time)} ago")


def log_begin(campaign):
    campaign.log_time = campaign.now
    for target in campaign.targets:
        read_plot(target)
        earlier = f", fuzzed before for {format_duration(target.earlier_seconds)}" if target.earlier_seconds else ""
        log_message(f"{target.name}: {'goes on' if earlier else 'begins'}, corpus {len(target.corpus.hashes)}, "
                    f"findings {len(target.findings.hashes)}{earlier}")


def update_progress(campaign):
    """Once a second: the status line, or a line of the log when it is due; and plot.tsv."""
    for target in campaign.targets:
        update_plot(target, campaign.compute_elapsed_seconds(), campaign.now)
    if os.isatty(STANDARD_OUTPUT) and os.isatty(STANDARD_ERROR):
        show_status(format_totals(campaign, is_last=False))
    elif campaign.now - campaign.log_time >= campaign.options.report:
        campaign.log_time = campaign.now
        log_message(format_totals(campaign, is_last=False))


def log_summary(campaign):
    """The last line of the log, a table, and the commands that replay findings."""
    now = campaign.now
    log_message(format_totals(campaign, is_last=True))
    log_message(f"summary, in {campaign.options.dir}:\n" + SUMMARY_COLUMNS.format(
        "target", "executions", "new", "coverage", "corpus", "new", "findings", "new"))
    for target in campaign.targets:
        update_plot(target, campaign.compute_elapsed_seconds(), now, is_last=True)
        corpus_count = len(target.corpus.hashes)
        log_message(SUMMARY_COLUMNS.format(
            target.name, target.count_total_executions(now), target.executions(now), target.coverage, corpus_count,
            corpus_count - target.corpus_count_before, len(target.findings.hashes), target.count_new_findings()))
    for target in campaign.targets:
        if target.count_new_findings():
            log_message(f"findings of {target.name}, replay: {target.make_replay_command(target.findings.path)}")


# ---- results ----

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


def write_results(campaign, status):
    """@status: "running", or how it ended. Return: False if they are wanted and could not be written."""
    options = campaign.options
    results = make_summary_head("fuzz", options, BEGIN_TIME, status) | {
        "dir": os.path.realpath(options.dir), "seed": options.seed, "jobs": options.jobs, "time": options.time,
        "targets": [describe_target(campaign, target, status != "running") for target in campaign.targets],
        "left_out": campaign.left_out_targets}
    text = json.dumps(results, separators=(",", ":"), ensure_ascii=False) + "\n"
    content = replace_invalid_utf8(text).encode()
    try:
        if options.results == "-":
            os.write(STANDARD_OUTPUT, content)
        elif options.results:
            write_output_file(options.results, content)
    except OSError as error:
        log_error(f"{options.results}: expected a file that can be written: {error.strerror}")
        return False
    return True
