/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Each program of the corpus with a fatal call runs twice: the report of the call is caught (report_catch.c),
 * then a child process makes the call. Both must give the same verdict and the same report, except for
 * addresses. All programs run in one process, one after the other, so each one also tests the state that the
 * jumps of the programs before it left.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/detect/detector.h"
#include "harness/execution.h"
#include "harness/library.h"
#include "harness/program/program_file.h"
#include "harness/util/walk.h"
#include "tests/tap.h"

#define REPEATS 3 /* how often each program runs; a lock or a section that is left open is found later */

static struct {
	struct checker *checker;
	struct execution *execution;
	unsigned int fatal_count, caught_count, difference_count;
	char child_report_line[REPORT_LINE_SIZE];
} comparison;

static void store_report_of_child(const struct execution *execution, const struct isolated *child)
{
	(void)execution;
	detector_find_rule(child->output, comparison.child_report_line, sizeof(comparison.child_report_line));
}

/* Replaces each address in @line by `0x`, and removes the newline. */
static void remove_addresses(char *line)
{
	char *to = line;

	while (*line && *line != '\n') {
		*to++ = *line++;
		if (line[-1] == 'x' && line[-2] == '0')
			while (isxdigit((unsigned char)*line))
				line++;
	}
	*to = '\0';
}

static void print_difference(const char *name, const char *caught, const char *of_child)
{
	printf("# %s: caught: %s\n# %s: child: %s\n", name, caught, name, of_child);
	comparison.difference_count++;
}

/* A sanitizer's report differs from that of the library, but only use after free has both. */
static bool is_same_report(const char *caught, const char *of_child)
{
	char ignored_line[1];

	if (strstr(of_child, "Sanitizer: "))
		return detector_has_asan() &&
		       detector_find_rule(of_child, ignored_line, 1) == RULE_use_after_free &&
		       detector_find_rule(caught, ignored_line, 1) == RULE_use_after_free;
	return !strcmp(caught, of_child);
}

static void compare_caught_call_with_child(const char *name, const struct program *program)
{
	struct execution_options options = { .run_count = 1, .time_limit_seconds = 20, .fibers = true };
	struct checker_report caught_report;
	const struct exec_caught_call *caught = exec_caught_call(comparison.checker->exec);
	char caught_line[REPORT_LINE_SIZE];

	options.catches_reports = true;
	execution_reset(comparison.execution);
	execution_evaluate_and_run(comparison.execution, comparison.checker, program, &options);
	comparison.fatal_count += comparison.execution->fatal_call_count > 0;
	if (!caught->was_made) {
		if (comparison.execution->fibers.result == CHECKER_DIFFERS)
			print_difference(name, comparison.execution->fibers.difference_or_miss_text,
					 "not made");
		return;
	}
	comparison.caught_count++;
	execution_run_fatal_calls(comparison.execution, comparison.checker, program, &options);
	caught_report = comparison.execution->fibers;
	strcpy(caught_line, caught->report_line);
	remove_addresses(caught_line);

	options.catches_reports = false;
	comparison.child_report_line[0] = '\0';
	execution_reset(comparison.execution);
	execution_evaluate_and_run(comparison.execution, comparison.checker, program, &options);
	execution_run_fatal_calls(comparison.execution, comparison.checker, program, &options);
	remove_addresses(comparison.child_report_line);
	if (caught_report.result != comparison.execution->fibers.result ||
	    caught_report.seen != comparison.execution->fibers.seen)
		print_difference(name, caught_report.difference_or_miss_text,
				 comparison.execution->fibers.difference_or_miss_text);
	else if (caught_report.result == CHECKER_DIFFERS ||
		 !is_same_report(caught_line, comparison.child_report_line))
		print_difference(name, caught_line, comparison.child_report_line);
}

static void run_program_file(const char *name, void *ctx)
{
	static struct program program;
	char error[PROGRAM_FILE_ERROR];

	(void)ctx;
	if (!program_file_read_and_parse(name, &program, error))
		return;
	compare_caught_call_with_child(name, &program);
}

static void run_corpus(void *backend)
{
	const char *srcdir = getenv("abs_srcdir");
	char path[512];

	if (!exec_set_backend(backend))
		exit(1);
	comparison.checker = checker_new();
	comparison.execution = isolate_map_shared_or_exit(sizeof(*comparison.execution));
	if (!comparison.checker)
		exit(1);
	execution_set_child_death_callback(store_report_of_child);
	snprintf(path, sizeof(path), "%s/corpus", srcdir ? srcdir : ".");
	for (unsigned int i = 0; i < REPEATS; i++)
		walk_files(path, run_program_file, NULL);
	printf("# %s: %u fatal calls, %u of them caught\n", (const char *)backend, comparison.fatal_count,
	       comparison.caught_count);
	if (comparison.difference_count || (comparison.caught_count >= 100) != library_get()->calls_bug_hook)
		exit(1);
}

UNIT_TEST(test_report_catch)
{
	static const char *const backends[] = { "direct", "alias" };
	static struct isolated child;

	for (size_t i = 0; i < 2; i++) {
		bool has_run = isolate_call(run_corpus, (void *)(uintptr_t)backends[i], 300, &child);

		printf("%.20000s", child.output);
		ok(has_run && child.has_returned,
		   "%s: a caught report is that of a child, for each fatal program of the corpus",
		   backends[i]);
	}
}
