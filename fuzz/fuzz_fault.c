/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Every error path of a program: in each thread the n-th injectable point fails, for
 * n = 1, 2, 3 and so on, until there is no n-th point. Each time the outcome must be the
 * model's: no byte, no reference and no mapping but what the contract allows.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "harness/program/program_bytes.h"

const enum fuzz_reads fuzz_reads = FUZZ_BYTES;

static struct program program, failing;

static bool is_point(const struct call *call, uint8_t thread)
{
	return call->thread == thread &&
	       (call->op == OP_alloc_page || call->op == OP_copy_from_user_slice);
}

static unsigned int count_points(uint8_t thread)
{
	unsigned int points = 0;

	for (size_t i = 0; i < program.count; i++)
		points += is_point(&program.calls[i], thread);
	return points;
}

static void drop_fail_nth(struct program *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->calls[i].op != OP_fail_nth)
			p->calls[kept++] = p->calls[i];
	p->count = kept;
}

/* The program, with the n-th point of @thread failing. A failure may break a rule. */
static void make_failing(uint8_t thread, unsigned int n)
{
	failing = program;
	memmove(failing.calls + 1, failing.calls, failing.count * sizeof(failing.calls[0]));
	failing.calls[0] = (struct call){ .op = OP_fail_nth,
					  .thread = thread,
					  .expected_result = RESULT_NONE,
					  .number = { n } };
	failing.count++;
	checker_repair(fuzz_checker(), &failing);
	program_renumber(&failing);
}

/* One more than there are: the program must then be as it was. */
static void fail_each_point(uint8_t thread)
{
	unsigned int points = count_points(thread);
	struct checker_report report;

	for (unsigned int n = 1; points && n <= points + 1; n++) {
		make_failing(thread, n);
		if (fuzz_compare(&failing, &report) == CHECKER_DIFFERS)
			fuzz_finding("fuzz_fault", &failing, report.difference_text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_input_set(data, size);
	/* Made now, by the first input, whatever it is: no other shall cover the making. */
	fuzz_checker();
	program_from_bytes(&program, data, size);
	drop_fail_nth(&program);
	checker_repair(fuzz_checker(), &program);
	if (program.count == PROGRAM_CALLS)
		program.count--;
	for (uint8_t thread = 0; thread < PROGRAM_THREADS; thread++)
		fail_each_point(thread);
	return 0;
}
