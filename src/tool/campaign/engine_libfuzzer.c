/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * libFuzzer, as workers that share one directory and reload it each second, not in its fork
 * mode: that keeps new entries in a temporary directory until a job ends, so that kill -9
 * loses them, and it says of a crash no more than that there was one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/campaign/engine.h"
#include "tool/campaign/worker.h"
#include "tool/campaign/target.h"

static const char *lack(const struct fuzz_options *options, const struct target *target)
{
	return engine_has_file(options->bin, target->name) ? NULL
							   : "no binary of it (make fuzzers)";
}

static void name_role(unsigned int number, char *name, size_t size)
{
	snprintf(name, size, "%u", number);
}

/* ThreadSanitizer never frees the 2.4 KB of a report: so many inputs take about 400 MB. */
#define RUNS_WITH_REPORTS 500000

static void command(const struct worker *worker, struct command_line *line)
{
	const struct target *target = worker->target;

	command_append(line, "%s/%s", worker->options->bin, target->name);
	command_append(line, "-reload=1");
	command_append(line, "-timeout=10");
	command_append(line, "-rss_limit_mb=2048");
	command_append(line, "-print_final_stats=1");
	if (!strcmp(target->flavour, "tsan"))
		command_append(line, "-runs=%d", RUNS_WITH_REPORTS);
	if (target->dictionary[0])
		command_append(line, "-dict=%s", target->dictionary);
	command_append(line, "-max_len=%zu", target->max_len);
	/* Another one at each start, or a worker that found something would find it again. */
	command_append(line, "-seed=%lu",
		    1 + (worker->options->seed + 1000003UL * worker->number + 7919UL * worker->starts) %
				    0x7fffffff);
	command_append(line, "-artifact_prefix=%s/libfuzzer/", target->dir);
	command_append(line, "%s", target->queue);
}

static void read_figures(struct worker *worker)
{
	(void)worker;
}

/* Reads the number after @word, if @word is there. */
static void read_number(const char *line, const char *word, unsigned long *number)
{
	const char *at = strstr(line, word);

	if (at)
		*number = strtoul(at + strlen(word), NULL, 10);
}

static void read_reason(struct worker *worker, const char *line)
{
	const char *error = strstr(line, "ERROR: ");

	/* The first one is the target's own or the sanitizer's; libFuzzer's comes after it. */
	if (error && !worker->reason[0])
		snprintf(worker->reason, sizeof(worker->reason), "%.190s", error + strlen("ERROR: "));
}

static void read_line(struct worker *worker, const char *line)
{
	static const char written[] = "Test unit written to ";
	const char *at;

	if (line[0] == '#') {
		worker->now.executions = strtoul(line + 1, NULL, 10);
		read_number(line, " cov: ", &worker->now.coverage);
	}
	read_number(line, "stat::number_of_executed_units:", &worker->now.executions);
	read_reason(worker, line);
	at = strstr(line, written);
	if (at)
		snprintf(worker->written, sizeof(worker->written), "%s", at + strlen(written));
}

static const struct source sources[] = {
	{"queue", "", NULL},
	{"libfuzzer", "crash-", "crash"},
	{"libfuzzer", "leak-", "leak"},
	{"libfuzzer", "oom-", "oom"},
	{"libfuzzer", "timeout-", "timeout"},
	{NULL, NULL, NULL},
};

const struct engine engine_libfuzzer = {
	.name = "libfuzzer",
	.roles = 1,
	.sources = sources,
	.lack = lack,
	.name_role = name_role,
	.command = command,
	.read_figures = read_figures,
	.read_line = read_line,
};
