# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The progress of a campaign: lines of the log, a summary at the end, plot.tsv of each target, and the results
as one JSON object for `make report` and other programs.
"""
import contextlib
import json
import os
import re
import time

from util.shared import (STANDARD_ERROR, STANDARD_OUTPUT, log_to_standard_error, log_to_standard_output, make_result_head,
                         replace_invalid_utf8, show_status, replace_output_file)

BEGIN_TIME = time.time()
PLOT_HEADER = "# time\tseconds\texecutions\tcoverage\tcorpus\tfindings\n"
PLOT_INTERVAL = 60
SUMMARY_HEADER = "  target           executions            new  coverage  corpus     new  findings       new"
SUMMARY_COLUMNS = "  {name:<12} {all_executions:>14} {executions:>14} {coverage:>9} {corpus:>7} {corpus_new:>7} " \
    "{findings:>9} {findings_new:>9}"


def format_duration(seconds):
    seconds = int(seconds)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def compute_mean_rate(executions, seconds):
    return int(executions / seconds) if seconds > 0 else 0


# ---- plot.tsv: figures over time ----

def read_figures_of_earlier_campaigns(target):
    """Set the seconds and executions of the target in earlier campaigns, from its plot.tsv."""
    with contextlib.suppress(OSError), open(f"{target.directory}/plot.tsv", errors="replace") as plot:
        # A full disk leaves an incomplete last line.
        for line in plot:
            figures = re.match(r"\d+\t(\d+)\t(\d+)\t.*\n", line)
            if figures:
                target.earlier_seconds, target.earlier_executions = map(int, figures.groups())


def append_plot_line_if_due(target, elapsed_seconds, now, is_last=False):
    """Add a line to plot.tsv if a figure has changed, the last line is a minute old, or @is_last.
    An error is ignored."""
    figures = f"{target.coverage}\t{len(target.corpus.hashes)}\t{len(target.findings.hashes)}"
    if figures == target.plotted_figures and now - target.plot_time < PLOT_INTERVAL and not is_last:
        return
    target.plotted_figures, target.plot_time = figures, now
    line = f"{int(time.time())}\t{target.earlier_seconds + int(elapsed_seconds)}\t" \
           f"{target.estimate_total_executions(now)}\t{figures}\n"
    with contextlib.suppress(OSError), open(f"{target.directory}/plot.tsv", "ab", buffering=0) as plot:
        if not os.fstat(plot.fileno()).st_size:
            plot.write(PLOT_HEADER.encode())
        plot.write(line.encode())  # without a buffer: in one write


# ---- lines ----

def format_totals(campaign, is_last):
    """Return: the line with the totals since the first start of the campaign in this directory. @is_last: with the
    mean rate instead of the current rate."""
    now, targets = campaign.now, campaign.targets
    figures = [target.make_result_figures(now) for target in targets]
    coverage, corpus, findings = (sum(row[name] for row in figures) for name in ("coverage", "corpus", "findings"))
    executions = sum(target.estimate_total_executions(now) for target in targets)
    # Targets run at the same time, so the longest time of a target counts.
    elapsed = campaign.compute_elapsed_seconds() + max(target.earlier_seconds for target in targets)
    rate = f"{compute_mean_rate(executions, elapsed)}/s on average" if is_last else \
        f"{sum(target.compute_executions_per_second() for target in targets)}/s"
    last_find_time = max(target.last_find_time for target in targets)
    return (f"{format_duration(elapsed)}  {executions} executions, {rate}, coverage {coverage}, corpus {corpus}, "
            f"findings {findings}, last find {format_duration(now - last_find_time)} ago")


def read_plots_and_log_begin(campaign):
    campaign.log_time = campaign.now
    for target in campaign.targets:
        read_figures_of_earlier_campaigns(target)
        earlier = f", fuzzed before for {format_duration(target.earlier_seconds)}" if target.earlier_seconds else ""
        log_to_standard_output(f"{target.name}: {'goes on' if earlier else 'begins'}, corpus {len(target.corpus.hashes)}, "
                    f"findings {len(target.findings.hashes)}{earlier}")


def update_plots_and_show_progress(campaign):
    """Called once a second: update plot.tsv, and print the status line, or a line of the log when it is due."""
    for target in campaign.targets:
        append_plot_line_if_due(target, campaign.compute_elapsed_seconds(), campaign.now)
    if os.isatty(STANDARD_OUTPUT) and os.isatty(STANDARD_ERROR):
        show_status(format_totals(campaign, is_last=False))
    elif campaign.now - campaign.log_time >= campaign.options.report:
        campaign.log_time = campaign.now
        log_to_standard_output(format_totals(campaign, is_last=False))


def log_campaign_summary(campaign):
    """Log the last progress line, a table of the targets, and the commands that replay findings."""
    now = campaign.now
    log_to_standard_output(format_totals(campaign, is_last=True))
    log_to_standard_output(f"summary, in {campaign.options.dir}:\n{SUMMARY_HEADER}")
    for target in campaign.targets:
        append_plot_line_if_due(target, campaign.compute_elapsed_seconds(), now, is_last=True)
        log_to_standard_output(SUMMARY_COLUMNS.format(name=target.name, all_executions=target.estimate_total_executions(now),
                                           **target.make_result_figures(now)))
    for target in campaign.targets:
        if target.count_new_findings():
            log_to_standard_output(f"findings of {target.name}, replay: {target.format_replay_shell_command(target.findings.path)}")


# ---- results ----

def make_target_results(campaign, target, has_campaign_ended):
    now = campaign.now
    # While the campaign runs, the current rate; at its end, the mean rate since its first start.
    seconds = target.earlier_seconds + campaign.compute_elapsed_seconds()
    rate = compute_mean_rate(target.estimate_total_executions(now), seconds) if has_campaign_ended else \
        target.compute_executions_per_second()
    return {"name": target.name, "flavour": target.flavour,
            "engines": [{"name": name, "skipped": target.missing_parts.get(name, "")}
                        for name in campaign.options.engines],
            **target.make_result_figures(now), "rate": rate,
            "first_finding": target.first_finding, "engine_failure": target.last_engine_failure}


def write_results(campaign, status):
    """@status: "running", or how the campaign ended. Return: False if results are wanted and cannot be written."""
    options = campaign.options
    results = make_result_head("fuzz", options, BEGIN_TIME, status) | {
        "dir": os.path.realpath(options.dir), "seed": options.seed, "jobs": options.jobs, "time": options.time,
        "targets": [make_target_results(campaign, target, status != "running") for target in campaign.targets],
        "left_out": campaign.left_out_targets}
    text = json.dumps(results, separators=(",", ":"), ensure_ascii=False) + "\n"
    content = replace_invalid_utf8(text).encode()
    try:
        if options.results == "-":
            os.write(STANDARD_OUTPUT, content)
        elif options.results:
            replace_output_file(options.results, content)
    except OSError as error:
        log_to_standard_error(f"{options.results}: expected a file that can be written: {error.strerror}")
        return False
    return True
