/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The progress of a campaign: messages and lines now and then on standard output, a status line
 * on a terminal, and figures in plot.tsv of each target.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "tool/campaign/campaign.h"
#include "tool/util/status.h"

void log_message(const char *format, ...)
{
	va_list args;

	status_end();
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* ---- one line ---- */

#define DURATION_TEXT 32

static const char *duration(long ms, char text[DURATION_TEXT])
{
	long seconds = ms / 1000;

	snprintf(text, DURATION_TEXT, "%ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60,
		 seconds % 60);
	return text;
}

#define LINE_TEXT 256

/*
 * The sums over all targets. All but the rate count from the first start of the campaign on this
 * directory.
 * @last: no engine runs any more, so the rate is the mean
 */
static void sums_text(const struct campaign *c, bool last, char line[LINE_TEXT])
{
	unsigned long executions = 0, rate = 0, coverage = 0;
	size_t corpus = 0, findings = 0;
	long elapsed = 0, last_find = c->started;
	char time[DURATION_TEXT], since[DURATION_TEXT];

	for (size_t i = 0; i < c->count; i++) {
		const struct target *target = c->targets[i];

		/* Targets run at the same time. */
		if ((long)target->earlier_seconds * 1000 > elapsed)
			elapsed = (long)target->earlier_seconds * 1000;
		executions += target_all_executions(target, c->now);
		rate += target_rate(target);
		coverage += target->coverage;
		corpus += target->corpus.known.count;
		findings += target->findings.known.count;
		if (target->last_find > last_find)
			last_find = target->last_find;
	}
	elapsed += c->now - c->started;
	snprintf(line, LINE_TEXT, "%s  %lu executions, %lu/s%s, coverage %lu, corpus %zu, findings %zu, "
		 "last find %s ago", duration(elapsed, time), executions,
		 last ? mean_rate(executions, elapsed) : rate, last ? " on average" : "", coverage, corpus,
		 findings, duration(c->now - last_find, since));
}

/* ---- figures over time ---- */

static const char header[] = "# time\tseconds\texecutions\tcoverage\tcorpus\tfindings\n";

static void plot_path(const struct target *target, char path[PATH_MAX])
{
	path_format_or_exit(path, PATH_MAX, "%s/plot.tsv", target->dir);
}

static void read_plot(struct target *target)
{
	char path[PATH_MAX], line[256];
	unsigned long seconds, executions;
	FILE *file;

	plot_path(target, path);
	file = fopen(path, "re");
	if (!file)
		return;
	/* A line without an end is what a full disk left. */
	while (fgets(line, sizeof(line), file))
		if (strchr(line, '\n') &&
		    sscanf(line, "%*u\t%lu\t%lu", &seconds, &executions) == 2) {
			target->earlier_seconds = seconds;
			target->earlier_executions = executions;
		}
	fclose(file);
}

/* One write a line; a plot that cannot be written stops nothing. */
static void append_plot(const struct target *target, const char *line)
{
	char path[PATH_MAX];
	int fd;

	plot_path(target, path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	if (lseek(fd, 0, SEEK_END) == 0)
		(void)!write(fd, header, strlen(header));
	(void)!write(fd, line, strlen(line));
	close(fd);
}

/* Where something changed, and once a minute. */
static void write_plot(struct target *target, long elapsed, long now)
{
	char figures[128], line[256];

	snprintf(figures, sizeof(figures), "%lu\t%zu\t%zu", target->coverage,
		 target->corpus.known.count, target->findings.known.count);
	if (!strcmp(figures, target->plotted) && now - target->plotted_at < 60000)
		return;
	strcpy(target->plotted, figures);
	target->plotted_at = now;
	snprintf(line, sizeof(line), "%ld\t%lu\t%lu\t%s\n", (long)time(NULL),
		 target->earlier_seconds + (unsigned long)elapsed / 1000,
		 target_all_executions(target, now), figures);
	append_plot(target, line);
}

/* ---- what the campaign calls ---- */

static void log_earlier(const struct target *target)
{
	char elapsed[DURATION_TEXT];

	log_message("%s: %s, corpus %zu, findings %zu%s%s", target->name,
	     target->earlier_seconds ? "goes on" : "begins", target->corpus.known.count,
	     target->findings.known.count, target->earlier_seconds ? ", fuzzed before for " : "",
	     target->earlier_seconds ? duration((long)target->earlier_seconds * 1000, elapsed)
				     : "");
}

void progress_init(struct campaign *c)
{
	for (size_t i = 0; i < c->count; i++) {
		read_plot(c->targets[i]);
		log_earlier(c->targets[i]);
	}
}

void progress_update(struct campaign *c)
{
	char line[LINE_TEXT];

	for (size_t i = 0; i < c->count; i++)
		write_plot(c->targets[i], c->now - c->started, c->now);
	sums_text(c, false, line);
	if (isatty(STDOUT_FILENO) && isatty(STDERR_FILENO)) {
		status("%s", line);
	} else if (c->now - c->logged >= (long)c->options.report * 1000) {
		c->logged = c->now;
		log_message("%s", line);
	}
}

static void log_figures(const struct target *target, long now)
{
	log_message("  %-12s %14lu %14lu %9lu %7zu %7zu %9zu %9zu", target->name,
	     target_all_executions(target, now), target_executions(target, now), target->coverage,
	     target->corpus.known.count, target->corpus.known.count - target->corpus_before,
	     target->findings.known.count, target_new_findings(target));
}

void progress_summary(struct campaign *c)
{
	char line[LINE_TEXT], command[TARGET_COMMAND];

	for (size_t i = 0; i < c->count; i++) {
		c->targets[i]->plotted[0] = '\0';
		write_plot(c->targets[i], c->now - c->started, c->now);
	}
	sums_text(c, true, line);
	log_message("%s", line);
	log_message("summary, in %s:\n  %-12s %14s %14s %9s %7s %7s %9s %9s", c->options.dir,
		    "target", "executions", "new", "coverage", "corpus", "new", "findings", "new");
	for (size_t i = 0; i < c->count; i++)
		log_figures(c->targets[i], c->now);
	for (size_t i = 0; i < c->count; i++) {
		const struct target *target = c->targets[i];

		if (!target_new_findings(target))
			continue;
		target_replay_command(target, &c->options, target->findings.path, command, sizeof(command));
		log_message("findings of %s, replay: %s", target->name, command);
	}
}
