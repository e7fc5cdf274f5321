/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/campaign/progress.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "tool/campaign/log.h"

/* ---- one line ---- */

/* All but the rate count from the first start of the campaign on this directory. */
struct sums {
	long elapsed; /* ms */
	unsigned long executions, rate, coverage;
	size_t corpus, findings;
	long last_find; /* ms */
};

static struct sums sums_of(const struct progress *progress, long now)
{
	struct sums sums = {.last_find = progress->started};

	for (size_t i = 0; i < progress->count; i++) {
		const struct target *target = progress->targets[i];

		/* Targets run at the same time. */
		if ((long)target->earlier_seconds * 1000 > sums.elapsed)
			sums.elapsed = (long)target->earlier_seconds * 1000;
		sums.executions += target_all_executions(target, now);
		sums.rate += target_rate(target);
		sums.coverage += target->coverage;
		sums.corpus += target->corpus.known.count;
		sums.findings += target->findings.known.count;
		if (target->last_find > sums.last_find)
			sums.last_find = target->last_find;
	}
	sums.elapsed += now - progress->started;
	return sums;
}

#define DURATION_TEXT 32

static const char *duration(long ms, char text[DURATION_TEXT])
{
	long seconds = ms / 1000;

	snprintf(text, DURATION_TEXT, "%ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60,
		 seconds % 60);
	return text;
}

static const char long_line[] =
	"%s  %lu executions, %lu/s%s, coverage %lu, corpus %zu, findings %zu, "
	"last find %s ago";
static const char short_line[] =
	"%s %lu exec %lu/s%s cov %lu corpus %zu findings %zu last find %s ago";

static void print_line(const char *format, const struct sums *sums, const char *rate_note,
		       long now, char *line, size_t size)
{
	char elapsed[DURATION_TEXT], since[DURATION_TEXT];

	snprintf(line, size, format, duration(sums->elapsed, elapsed), sums->executions,
		 sums->rate, rate_note, sums->coverage, sums->corpus, sums->findings,
		 duration(now - sums->last_find, since));
}

static void print_sums(const struct progress *progress, long now, bool brief, char *line,
		       size_t size)
{
	struct sums sums = sums_of(progress, now);

	print_line(brief ? short_line : long_line, &sums, "", now, line, size);
}

/* No engine runs any more: the rate of the moment is 0, so the mean is printed. */
static void print_last_sums(const struct progress *progress, long now, char *line, size_t size)
{
	struct sums sums = sums_of(progress, now);

	sums.rate = mean_rate(sums.executions, sums.elapsed);
	print_line(long_line, &sums, " on average", now, line, size);
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
static void append(const struct target *target, const char *line)
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
static void plot(struct target *target, long elapsed, long now)
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
	append(target, line);
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

void progress_begin(struct progress *progress)
{
	for (size_t i = 0; i < progress->count; i++) {
		read_plot(progress->targets[i]);
		log_earlier(progress->targets[i]);
	}
}

void progress_report(struct progress *progress, long now)
{
	bool terminal = isatty(STDOUT_FILENO);
	char line[256];

	for (size_t i = 0; i < progress->count; i++)
		plot(progress->targets[i], now - progress->started, now);
	print_sums(progress, now, terminal, line, sizeof(line));
	if (terminal) {
		log_status(line);
	} else if (now - progress->reported >= (long)progress->options->report * 1000) {
		progress->reported = now;
		log_message("%s", line);
	}
}

static void summarize(const struct target *target, long now)
{
	log_message("  %-12s %14lu %14lu %9lu %7zu %7zu %9zu %9zu", target->name,
	     target_all_executions(target, now), target_executions(target, now), target->coverage,
	     target->corpus.known.count, target->corpus.known.count - target->corpus_before,
	     target->findings.known.count, target_new_findings(target));
}

void progress_summary(struct progress *progress, long now)
{
	char line[256], command[TARGET_COMMAND];

	for (size_t i = 0; i < progress->count; i++) {
		progress->targets[i]->plotted[0] = '\0';
		plot(progress->targets[i], now - progress->started, now);
	}
	print_last_sums(progress, now, line, sizeof(line));
	log_message("%s", line);
	log_message("summary, in %s:\n  %-12s %14s %14s %9s %7s %7s %9s %9s", progress->options->dir,
	     "target", "executions", "new", "coverage", "corpus", "new", "findings", "new");
	for (size_t i = 0; i < progress->count; i++)
		summarize(progress->targets[i], now);
	for (size_t i = 0; i < progress->count; i++) {
		const struct target *target = progress->targets[i];

		if (!target_new_findings(target))
			continue;
		target_replay_command(target, progress->options, target->findings.path, command,
				      sizeof(command));
		log_message("findings of %s, replay: %s", target->name, command);
	}
}
