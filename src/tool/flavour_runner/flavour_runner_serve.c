/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The half of a runner that is a flavour: it executes what it is asked about. */
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/detect/detector.h"
#include "harness/exec/exec.h"
#include "harness/program/program_bytes.h"
#include "harness/program/program_file.h"
#include "tool/run/run_one.h"
#include "tool/flavour_runner/report.h"
#include "tool/flavour_runner/flavour_runner.h"

static struct execution_record record;

/* Where this binary is in memory: its children are copies of it. */
static int find_base(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	*(uintptr_t *)ctx = info->dlpi_addr;
	return 1; /* the first one is the program itself */
}

/* Is the frame's module, named with or without its directory, this binary? */
static bool is_ours(const char *module)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *slash = strrchr(module, '/'), *own;

	path[len > 0 ? len : 0] = '\0';
	own = strrchr(path, '/');
	return own && !strcmp(slash ? slash + 1 : module, own + 1);
}

/* A return address is behind the call. */
static void take_stack(struct execution_site *site, size_t call, const uintptr_t *stack)
{
	uintptr_t base = 0;

	dl_iterate_phdr(find_base, &base);
	site->call = call;
	for (size_t i = 0; i < RACE_REPORT_STACK && stack[i]; i++)
		symbols_push(site->stack, stack[i] - base - 1);
}

static void take_frames(struct execution_site *site, const struct report *report)
{
	for (size_t i = 0; report->site_count && i < report->sites[0].count; i++)
		if (is_ours(report->sites[0].frames[i].module))
			symbols_push(site->stack, report->sites[0].frames[i].offset);
}

static void take_death(const struct execution *execution, const struct isolated *child)
{
	struct execution_death *death = &record.deaths[record.death_count];
	struct report report;

	if (record.death_count == EXECUTION_DEATHS)
		return;
	record.death_count++;
	death->site.call = execution->announced;
	if (report_read(child->output, &report)) {
		strcpy(death->kind, report.kind);
		take_frames(&death->site, &report);
	} else if (child->hung) {
		strcpy(death->kind, "timeout");
	} else if (detector_find_fault(child->output)) {
		strcpy(death->kind, "SEGV");
	} else {
		snprintf(death->kind, sizeof(death->kind), "%s-%d",
			 child->signal ? "signal" : "exit",
			 child->signal ? child->signal : child->exit_code);
	}
}

/* A process that ended is said by its death, what else differs by a sentence. */
static void take_trial(const struct execution *execution)
{
	const struct checker_report *worst = execution_worst_report(execution);

	record.result = worst->result;
	if (execution->has_race) {
		take_stack(&record.race[0], execution->race.call, execution->race.stacks[0]);
		take_stack(&record.race[1], execution->race_first_call, execution->race.stacks[1]);
	}
	if (!record.death_count || worst->result != CHECKER_DIFFERS || execution->survived ||
	    worst == &execution->threads)
		snprintf(record.why, sizeof(record.why), "%s%s",
			 worst == &execution->threads ? "on threads: " : "", worst->why);
}

/* ---- reports as they are ---- */

static void print_death(const struct execution *execution, const struct isolated *child)
{
	(void)execution;
	fputs(child->output, stdout);
}

void flavour_runner_print_reports(const char *file, const struct execution_options *options)
{
	static struct program program;
	static struct isolated child;
	struct execution *execution = execution_new();
	char error[PROGRAM_FILE_ERROR];

	if (!execution)
		exit(2);
	execution_reset(execution);
	execution_set_exit_callback(print_death);
	exec_print_races(true);
	if (!program_file_load(file, &program, error)) {
		printf("%s\n", error);
		return;
	}
	run_trial(execution, &program, options, &child);
	fputs(child.output, stdout);
}

/* ---- answers ---- */

static bool read_question(struct program *program)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];
	uint32_t size;

	if (fread(&size, sizeof(size), 1, stdin) != 1 || size > sizeof(bytes) ||
	    fread(bytes, 1, size, stdin) != size)
		return false;
	program_from_bytes(program, bytes, size);
	program_renumber(program);
	return true;
}

void flavour_runner_serve(const struct execution_options *options)
{
	static struct program program;
	static struct isolated child;
	struct execution *execution = execution_new();
	char line[EXECUTION_RECORD_LINE];

	if (!execution)
		exit(2);
	execution_set_exit_callback(take_death);
	while (read_question(&program)) {
		execution_record_clear(&record);
		execution_reset(execution);
		if (!run_trial(execution, &program, options, &child))
			take_death(execution, &child);
		take_trial(execution);
		execution_record_write(&record, line);
		fputs(line, stdout);
		fflush(stdout);
	}
}
