/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * AFL++ in its own distributed mode: a main instance, which imports libFuzzer's directory, and
 * secondaries that differ in binary, power schedule and strategy, all on one directory. A
 * directory that is there is resumed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "tool/campaign/engine.h"
#include "tool/campaign/worker.h"
#include "tool/campaign/target.h"
#include "tool/util/installation.h"

struct role {
	const char *name;
	const char *build; /* directory with its binaries */
	const char *schedule;
	const char *options[2];
	bool twin;      /* it uses the binary that logs comparisons, too */
	bool own_bytes; /* without the harness's mutator */
	bool no_trim;
};

/* In order of importance: few jobs run the first ones. */
static const struct role roles[] = {
	{"main", "afl-plain", "fast", {NULL}, false, false, false},
	{"asan", "afl", "explore", {NULL}, false, false, false},
	{"cmplog", "afl-plain", "coe", {NULL}, true, true, false},
	{"mopt", "afl-plain", "exploit", {"-L", "0"}, false, true, false},
	{"queue", "afl-plain", "rare", {"-Z", NULL}, false, false, true},
};

#define ROLES (sizeof(roles) / sizeof(roles[0]))

static const struct role *role_of(unsigned int number)
{
	return &roles[number < ROLES ? number : 1 + (number - 1) % (ROLES - 1)];
}

static const char *lack(const struct fuzz_options *options, const struct target *target)
{
	static const char *const builds[] = {"afl", "afl-plain", "afl-cmplog"};
	char directory[PATH_MAX];

	if (!strcmp(target->flavour, "tsan"))
		return "ThreadSanitizer would take its counters for shared data";
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		path_format_or_exit(directory, sizeof(directory), "%s/%s", options->bin, builds[i]);
		if (!engine_has_file(directory, target->name))
			return "no binary of it (make afl-fuzzers)";
	}
	return is_on_path("afl-fuzz") ? NULL : "no afl-fuzz";
}

static void name_role(unsigned int number, char *name, size_t size)
{
	if (number < ROLES)
		snprintf(name, size, "%s", roles[number].name);
	else
		snprintf(name, size, "%s%u", role_of(number)->name, number);
}

static void append_environment(const struct worker *worker, const struct role *role,
			    struct command_line *line)
{
	static const char *const always[] = {
		/* This program has the terminal, and machines differ. */
		"AFL_NO_UI=1",
		"AFL_NO_COLOR=1",
		/* On one CPU its processes wake each other four times as fast. */
		"AFL_TRY_AFFINITY=1",
		"AFL_SKIP_CPUFREQ=1",
		"AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1",
		"AFL_NO_CRASH_README=1",
		/* Resumed, and going on where a seed is a finding. */
		"AFL_AUTORESUME=1",
		"AFL_SKIP_CRASHES=1",
		"AFL_CMPLOG_ONLY_NEW=1",
		/* A turn may be short: calibrate little, import soon. */
		"AFL_FAST_CAL=1",
		"AFL_IMPORT_FIRST=1",
		"AFL_SYNC_TIME=1",
		/* A slow input on a busy machine is no hang. */
		"AFL_HANG_TMOUT=10000",
		NULL,
	};

	command_append(line, "env");
	/* It refuses settings that are not made for it. */
	command_append(line, "--unset=ASAN_OPTIONS");
	command_append(line, "--unset=UBSAN_OPTIONS");
	for (size_t i = 0; always[i]; i++)
		command_append(line, "%s", always[i]);
	if (role->no_trim)
		command_append(line, "AFL_DISABLE_TRIM=1");
	if (!role->own_bytes && worker->target->reads == READS_BYTES &&
	    engine_has_file(worker->options->bin, "afl_mutator.so"))
		command_append(line, "AFL_CUSTOM_MUTATOR_LIBRARY=%s/afl_mutator.so",
			    worker->options->bin);
}

static void command(const struct worker *worker, struct command_line *line)
{
	const struct role *role = role_of(worker->number);
	const struct target *target = worker->target;

	append_environment(worker, role, line);
	command_append(line, "afl-fuzz");
	command_append(line, worker->number ? "-S" : "-M");
	command_append(line, "%s", worker->name + strlen("afl-"));
	if (!worker->number) {
		command_append(line, "-F");
		command_append(line, "%s", target->queue);
	}
	command_append(line, "-i");
	command_append(line, "%s", target->queue);
	command_append(line, "-o");
	command_append(line, "%s/afl", target->dir);
	command_append(line, "-t");
	command_append(line, "1000");
	command_append(line, "-G");
	command_append(line, "%zu", target->max_len);
	command_append(line, "-p");
	command_append(line, "%s", role->schedule);
	for (size_t i = 0; i < 2 && role->options[i]; i++)
		command_append(line, "%s", role->options[i]);
	if (target->dictionary[0]) {
		command_append(line, "-x");
		command_append(line, "%s", target->dictionary);
	}
	if (role->twin) {
		command_append(line, "-c");
		command_append(line, "%s/afl-cmplog/%s", worker->options->bin, target->name);
	}
	command_append(line, "-s");
	command_append(line, "%lu", worker->options->seed + 1000003UL * worker->number + worker->starts);
	command_append(line, "--");
	command_append(line, "%s/%s/%s", worker->options->bin, role->build, target->name);
}

/* ---- figures ---- */

static FILE *open_statistics(const struct worker *worker, const char *file)
{
	char path[PATH_MAX + 64];

	path_format_or_exit(path, sizeof(path), "%s/afl/%s/%s", worker->target->dir, worker->name + strlen("afl-"),
		 file);
	return fopen(path, "re");
}

/* A resumed instance goes on counting; until it does, the file has the figures of the run before. */
static void set_executions(struct worker *worker, unsigned long executions)
{
	if (executions > worker->base && executions - worker->base > worker->now.executions)
		worker->now.executions = executions - worker->base;
}

/* "name   : value" a line, once a minute and at the end. */
static void read_statistics(struct worker *worker)
{
	FILE *file = open_statistics(worker, "fuzzer_stats");
	char line[256], name[64];
	unsigned long value;

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s : %lu", name, &value) != 2)
			continue;
		if (!strcmp(name, "execs_done"))
			set_executions(worker, value);
		else if (!strcmp(name, "edges_found"))
			worker->now.coverage = value;
	}
	fclose(file);
}

/*
 * The last line of plot_data is five seconds old at most: run time, cycles, item, corpus,
 * pending, pending favourites, map %, crashes, hangs, depth, rate, executions, edges. (Its
 * rate is of a moment, and wild.)
 */
static void read_plot(struct worker *worker)
{
	FILE *file = open_statistics(worker, "plot_data");
	char line[256], last[256] = "";
	unsigned long executions, edges;

	if (!file)
		return;
	/* It is appended to for weeks. */
	if (!fseek(file, -1024, SEEK_END))
		(void)!fgets(line, sizeof(line), file);
	else
		rewind(file);
	while (fgets(line, sizeof(line), file))
		if (line[0] != '#' && strchr(line, '\n'))
			memcpy(last, line, sizeof(last));
	fclose(file);
	if (sscanf(last, "%*u, %*u, %*u, %*u, %*u, %*u, %*[^,], %*u, %*u, %*u, %*[^,], %lu, %lu",
		   &executions, &edges) == 2) {
		set_executions(worker, executions);
		worker->now.coverage = edges;
	}
}

static void read_figures(struct worker *worker)
{
	read_statistics(worker);
	read_plot(worker);
}

/* Keeps why AFL++ does not run; lines about its own source come after that. */
static void read_line(struct worker *worker, const char *line)
{
	if (strstr(line, "PROGRAM ABORT") || strstr(line, "SYSTEM ERROR"))
		snprintf(worker->reason, sizeof(worker->reason), "%.190s", line);
}

static const struct source sources[] = {
	{"afl/*/queue", "id:", NULL},
	{"afl/*/crashes", "id:", "crash"},
	{"afl/*/hangs", "id:", "timeout"},
	{NULL, NULL, NULL},
};

const struct engine engine_afl = {
	.name = "afl",
	.roles = ROLES,
	.sources = sources,
	.lack = lack,
	.name_role = name_role,
	.command = command,
	.read_figures = read_figures,
	.read_line = read_line,
};
