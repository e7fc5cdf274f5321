/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/util/bytes.h"
#include "harness/util/no_coverage.h"
#include "harness/detect/tsan.h"
#include "harness/library.h"
#include "harness/program/program_text.h"

NO_COVERAGE_BEGIN

/*
 * ThreadSanitizer would record each memcpy() of the engine, which takes longer than the engine itself. So it
 * records accesses only during an execution.
 */
static void ignore_accesses(bool is_ignored)
{
	static bool was_ignored;

	if (was_ignored != is_ignored)
		tsan_set_accesses_ignored(is_ignored);
	was_ignored = is_ignored;
}

void fuzz_end_ignored_accesses(void)
{
	ignore_accesses(false);
}

NO_COVERAGE_END

struct checker *fuzz_get_checker(void)
{
	static struct checker *checker;

	if (checker)
		return checker;
	atexit(fuzz_end_ignored_accesses);
	checker = checker_new();
	if (!checker) {
		fprintf(stderr, "expected memory for the checker, got none\n");
		abort();
	}
	return checker;
}

void fuzz_exit_if_system_call_is_refused(void)
{
	const char *missing = library_describe_refused_system_call();

	if (!missing)
		return;
	fprintf(stderr, "%s\n", missing);
	_exit(2);
}

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_exit_if_system_call_is_refused();
	return 0;
}

/* ---- the outcome of an input, in parts ---- */

static digest_fn outcome_callback;

void fuzz_set_outcome_callback(digest_fn fn)
{
	outcome_callback = fn;
}

void fuzz_report_outcome_part(enum digest_part part, const void *bytes, size_t len)
{
	if (outcome_callback)
		outcome_callback(NULL, part, bytes, len);
}

void fuzz_report_outcome(const struct checker_report *report)
{
	if (outcome_callback)
		digest_visit_parts(fuzz_get_checker(), report, outcome_callback, NULL);
}

enum checker_result fuzz_run_and_compare(const struct program *program, struct checker_report *report)
{
	ignore_accesses(false);
	checker_run_and_compare_fibers(fuzz_get_checker(), program, report);
	ignore_accesses(true);
	fuzz_report_outcome(report);
	return report->result;
}

/* ---- state that an input leaves for later inputs ---- */

bool fuzz_wants_all_races;

NO_COVERAGE_BEGIN

void fuzz_clear_detector(void)
{
	tsan_clear_shadow();
}

void fuzz_renew_fibers(void)
{
	ignore_accesses(false);
	exec_renew_fibers(fuzz_get_checker()->exec);
	ignore_accesses(true);
}

NO_COVERAGE_END

/* ---- the number of calls that ran ---- */

static struct {
	const char *target_name;
	unsigned long inputs, ran, skipped;
} counts;

static void print_input_and_call_totals(void)
{
	fprintf(stderr, "%s: %lu inputs, %lu calls ran, %lu were skipped\n", counts.target_name,
		counts.inputs, counts.ran, counts.skipped);
}

void BYTES_NO_SANITIZE fuzz_count_calls_of_last_program(const char *target_name)
{
	const struct trace *trace = rules_trace(fuzz_get_checker()->rules);
	unsigned long skipped = 0;

	if (!counts.inputs++) {
		counts.target_name = target_name;
		atexit(print_input_and_call_totals);
	}
	for (size_t i = 0; i < trace->step_count; i++)
		skipped += trace->steps[i].was_skipped;
	counts.skipped += skipped;
	counts.ran += trace->step_count - skipped;
}

void fuzz_print_finding(const char *target_name, const struct program *program, const char *reason)
{
	static char text[TEXT_PROGRAM_MAX];

	program_to_text(program, text);
	fprintf(stderr,
		"ERROR: %s: %s\n"
		"--- the program as it ran ---\n%s---\n",
		target_name, reason, text);
	fuzz_print_replay_commands(target_name);
	if (program->schedule.count)
		fuzz_print_explore_command(&program->schedule, text);
}

_Noreturn void fuzz_abort_with_finding(const char *target_name, const struct program *program,
				       const char *reason)
{
	fuzz_print_finding(target_name, program, reason);
	abort();
}
