/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A candidate of a program is first compared with the model, then executed in the flavours that
 * the failure needs. The result is executed in all: if another flavour now disagrees, all is done
 * again with all flavours executed each time.
 *
 * An input that is no program is the work of passes over its pieces: they keep what is smaller
 * and still fails in the same way, until no pass changes anything.
 */
#include "tool/finding/reduce.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/api_call.h"
#include "harness/util/sha1.h"
#include "harness/model/repair.h"
#include "harness/mutate/minimize.h"
#include "harness/program/program_bytes.h"
#include "tool/util/name_set.h"
#include "tool/util/status.h"

struct reducer {
	struct reduction *reduction;
	struct oracle *oracle;
	const bool *flavours;	  /* that are executed; NULL: all */
	struct name_set rejected; /* by hash: passes meet again what others tried */
	struct test_input candidate;
	struct minimize minimize;
};

/* ---- one candidate ---- */

static bool fails_so(struct reducer *r, const struct test_input *input, const bool *flavours)
{
	struct signature signature;

	signature_of_input(&signature, r->oracle, input, flavours);
	return signature_equal(&signature, &r->reduction->signature);
}

/* Does the candidate fail in the same way? @hash: of all that decides it */
static bool check_trial(struct reducer *r, const char *hash)
{
	if (name_set_has(&r->rejected, hash))
		return false;
	if (fails_so(r, &r->candidate, r->flavours))
		return true;
	name_set_add(&r->rejected, hash);
	return false;
}

/* ---- programs ---- */

/* Of calls and claims. */
static void hash_of(const struct program *program, char hash[SHA1_TEXT])
{
	static uint8_t bytes[PROGRAM_BYTES_MAX + PROGRAM_CALLS + sizeof(rule_set) + 1];
	size_t used = program_to_bytes(program, bytes);

	for (size_t i = 0; i < program->count; i++)
		bytes[used++] = (uint8_t)program->calls[i].expected_result;
	bytes[used++] = program->has_expect;
	memcpy(bytes + used, &program->expect, sizeof(rule_set));
	sha1_text(bytes, used + sizeof(rule_set), hash);
}

static bool check_program(void *ctx, const struct program *candidate)
{
	struct reducer *r = ctx;
	char hash[SHA1_TEXT];

	r->reduction->tried++;
	status("%s: %zu calls, %lu candidates, %lu executions", r->reduction->name,
	       r->minimize.best.count, r->reduction->tried, r->oracle->executed);
	r->candidate.program = *candidate;
	program_renumber(&r->candidate.program);
	if (!signature_may_match(&r->reduction->signature, r->oracle, &r->candidate.program))
		return false;
	hash_of(&r->candidate.program, hash);
	return check_trial(r, hash);
}

/* Return: does the result fail in the same way when all flavours are executed? */
static bool reduce_executing(struct reducer *r, const bool *flavours)
{
	r->flavours = flavours;
	r->minimize.best = r->reduction->input.program;
	minimize(&r->minimize);
	program_renumber(&r->minimize.best);
	r->candidate.program = r->minimize.best;
	return fails_so(r, &r->candidate, NULL);
}

/* Keeps the program @ran, which the target made of the input, if it fails in the same way. */
static void keep_if_it_fails(struct reducer *r, struct program *ran)
{
	if (ran->count > r->reduction->input.program.count + 1)
		return;
	program_renumber(ran);
	r->candidate.program = *ran;
	if (fails_so(r, &r->candidate, NULL))
		r->reduction->input.program = *ran;
}

/*
 * A target prints the program that it executed, or it repairs programs without a word. That
 * program is more useful to `run` and to people than the input.
 */
static void keep_program_that_ran(struct reducer *r)
{
	static struct program ran;

	ran = r->reduction->input.program;
	repair(&ran, r->oracle->rules);
	keep_if_it_fails(r, &ran);
	if (program_that_ran(r->oracle, &r->reduction->input, &ran))
		keep_if_it_fails(r, &ran);
}

static bool reduce_program(struct reducer *r)
{
	r->minimize.accepts = check_program;
	r->minimize.ctx = r;
	if (!reduce_executing(r, r->reduction->signature.needs) && !reduce_executing(r, NULL))
		return false;
	r->reduction->input.program = r->minimize.best;
	if (r->oracle->replayer)
		keep_program_that_ran(r);
	return true;
}

/* ---- calls and texts ---- */

/* Keeps the candidate if it fails in the same way. */
static bool keep_trial(struct reducer *r)
{
	struct test_input *input = &r->reduction->input;
	char hash[SHA1_TEXT];

	status("%s: %zu bytes, %lu candidates", r->reduction->name, input->size, r->reduction->tried);
	r->reduction->tried++;
	sha1_text(r->candidate.bytes, r->candidate.size, hash);
	if (!check_trial(r, hash))
		return false;
	memcpy(input->bytes, r->candidate.bytes, r->candidate.size);
	input->size = r->candidate.size;
	return true;
}

/* The input without @len bytes at @at. No target fails on an empty input. */
static bool keep_without(struct reducer *r, size_t at, size_t len)
{
	const struct test_input *in = &r->reduction->input;

	if (len >= in->size)
		return false;
	memcpy(r->candidate.bytes, in->bytes, at);
	memcpy(r->candidate.bytes + at, in->bytes + at + len, in->size - at - len);
	r->candidate.size = in->size - len;
	return keep_trial(r);
}

/* The length of @count units at @at: records, bytes, or lines with their ends (@unit 0). */
static size_t length_of(const struct test_input *in, size_t at, size_t unit, size_t count)
{
	size_t end = at;

	if (unit)
		return in->size - at < unit * count ? in->size - at : unit * count;
	while (count-- && end < in->size) {
		const uint8_t *newline = memchr(in->bytes + end, '\n', in->size - end);

		end = newline ? (size_t)(newline - in->bytes) + 1 : in->size;
	}
	return end - at;
}

/* Return: was anything left out? */
static bool leave_out(struct reducer *r, size_t unit)
{
	const struct test_input *in = &r->reduction->input;
	size_t count = 1;
	bool any = false;

	while (count * (unit ? unit : 1) < in->size)
		count *= 2;
	for (; count; count /= 2)
		for (size_t at = 0; at < in->size;) {
			size_t len = length_of(in, at, unit, count);

			if (keep_without(r, at, len))
				any = true;
			else
				at += len;
		}
	return any;
}

/* The slot and the three numbers of each call, two bytes a number. */
static bool make_numbers_zero(struct reducer *r)
{
	static const uint8_t zeros[API_RECORD];
	static const size_t fields[][2] = { { 1, 1 }, { 2, 2 }, { 4, 2 }, { 6, 2 } };
	const struct test_input *in = &r->reduction->input;
	bool any = false;

	for (size_t at = 0; at + API_RECORD <= in->size; at += API_RECORD)
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			size_t from = at + fields[i][0], len = fields[i][1];

			if (!memcmp(in->bytes + from, zeros, len))
				continue;
			memcpy(r->candidate.bytes, in->bytes, in->size);
			memset(r->candidate.bytes + from, 0, len);
			r->candidate.size = in->size;
			any |= keep_trial(r);
		}
	return any;
}

static bool reduce_bytes(struct reducer *r)
{
	bool calls = r->reduction->input.reads == READS_CALLS, again;

	if (!test_input_copy(&r->candidate, &r->reduction->input) || !fails_so(r, &r->candidate, NULL))
		return false;
	do {
		again = leave_out(r, calls ? API_RECORD : 0);
		again |= calls ? make_numbers_zero(r) : leave_out(r, 1);
	} while (again);
	return true;
}

bool reduce(struct reduction *reduction, struct oracle *oracle)
{
	struct reducer *r = calloc(1, sizeof(*r));
	unsigned long before = oracle->executed;
	bool good;

	if (!r)
		return false;
	r->reduction = reduction;
	r->oracle = oracle;
	good = test_input_is_program(&reduction->input) ? reduce_program(r) : reduce_bytes(r);
	reduction->executed = oracle->executed - before;
	status_end();
	free(r->rejected.slots);
	test_input_destroy(&r->candidate);
	free(r);
	return good;
}
