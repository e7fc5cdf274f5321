/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests every error path of a program: the program runs once for each failure point of each thread, and that
 * failure point fails. The outcome must always be the model's: a failure may change only the bytes,
 * references and mappings that the contract allows.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "harness/program/program_bytes.h"

const enum fuzz_input_kind fuzz_input_kind = FUZZ_BYTES;

static struct program program, failing_program;

/* Return: how many calls of @thread are failure points. */
static unsigned int count_calls_that_can_fail(uint8_t thread)
{
	unsigned int points = 0;

	for (const struct call *call = program.calls; call < program.calls + program.count; call++)
		points += call->thread == thread &&
			  (call->op == OP_alloc_page || call->op == OP_copy_from_user_slice);
	return points;
}

static void remove_fail_nth_calls(struct program *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->calls[i].op != OP_fail_nth)
			p->calls[kept++] = p->calls[i];
	p->count = kept;
}

/*
 * Copies the program to failing_program, in which the n-th failure point of @thread fails. The failure may
 * make a later call break a rule, so failing_program is repaired.
 */
static void make_program_with_nth_failing(uint8_t thread, unsigned int n)
{
	failing_program = program;
	memmove(failing_program.calls + 1, failing_program.calls,
		failing_program.count * sizeof(failing_program.calls[0]));
	failing_program.calls[0] = (struct call){
		.op = OP_fail_nth, .thread = thread, .expected_result = RESULT_NONE, .number = { n }
	};
	failing_program.count++;
	checker_repair_and_evaluate(fuzz_get_checker(), &failing_program);
	program_update_lines(&failing_program);
}

/*
 * The last iteration requests the failure of a failure point that does not exist: the program must then
 * behave as without a failure.
 */
static void compare_with_each_point_failing(uint8_t thread)
{
	unsigned int points = count_calls_that_can_fail(thread);
	struct checker_report report;

	for (unsigned int n = 1; points && n <= points + 1; n++) {
		make_program_with_nth_failing(thread, n);
		if (fuzz_run_and_compare(&failing_program, &report) == CHECKER_DIFFERS)
			fuzz_abort_with_finding("fuzz_fault", &failing_program,
						report.difference_or_miss_text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_set_input(data, size);
	/* Create the checker at the first input, so that its creation is not coverage of a later input. */
	fuzz_get_checker();
	program_from_bytes(&program, data, size);
	remove_fail_nth_calls(&program);
	checker_repair_and_evaluate(fuzz_get_checker(), &program);
	if (program.count == PROGRAM_CALLS)
		program.count--;
	for (uint8_t thread = 0; thread < PROGRAM_THREADS; thread++)
		compare_with_each_point_failing(thread);
	return 0;
}
