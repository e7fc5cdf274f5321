/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A candidate of a program is first compared with the model, then executed in the flavours that
 * the failure needs. The smallest program is executed in all flavours: if another flavour disagrees on
 * it, the minimisation runs again, and executes all flavours for each candidate.
 *
 * A text is minimised by passes over its lines and bytes. A pass removes a piece if the rest still fails in
 * the same way. The passes repeat until no pass changes the text.
 */
#include "tool/finding/reduce.h"

#include <stdlib.h>
#include <string.h>

#include "harness/util/sha1.h"
#include "harness/model/repair.h"
#include "harness/mutate/minimize.h"
#include "harness/mutate/trim.h"
#include "harness/program/program_bytes.h"
#include "tool/util/status.h"

/* Entries of the table of rejected candidates, by hash; a collision causes a repeated execution. */
#define REJECTED_MAX 16384

struct reducer {
	struct reduction *reduction;
	struct oracle *oracle;
	const bool *executed_flavours; /* NULL: all flavours */
	uint64_t rejected_hashes[REJECTED_MAX]; /* of candidates that did not fail in the same way */
	struct test_input candidate;
	struct minimize minimize;
};

/* ---- one candidate ---- */

static bool fails_in_same_way(struct reducer *r, const bool *flavours)
{
	static struct signature signature;

	signature_init_from_input(&signature, r->oracle, &r->candidate, flavours);
	return signature_is_equal(&signature, &r->reduction->signature);
}

static void print_reduction_status(struct reducer *r, size_t size)
{
	r->reduction->candidate_count++;
	status_print("%s: %zu %s, %lu candidates, %lu executions", r->reduction->input_name, size,
	       test_input_unit_name(&r->candidate, size), r->reduction->candidate_count,
	       r->oracle->execution_count);
}

/* Return: whether the candidate fails in the same way. @bytes: identify the candidate */
static bool try_candidate(struct reducer *r, const void *bytes, size_t size)
{
	char hash_text[SHA1_TEXT];
	uint64_t hash, *rejected_hash;

	sha1_text(bytes, size, hash_text);
	hash_text[16] = '\0';
	hash = strtoull(hash_text, NULL, 16);
	rejected_hash = &r->rejected_hashes[hash % REJECTED_MAX];
	if (*rejected_hash == hash)
		return false;
	if (fails_in_same_way(r, r->executed_flavours))
		return true;
	*rejected_hash = hash;
	return false;
}

/* ---- programs ---- */

static bool accept_program(void *ctx, const struct program *candidate)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX + PROGRAM_CALLS + sizeof(rule_set) + 1];
	struct reducer *r = ctx;
	struct program *program = &r->candidate.program;
	size_t byte_count;

	print_reduction_status(r, r->minimize.best.count);
	*program = *candidate;
	program_renumber(program);
	if (!signature_may_match(&r->reduction->signature, r->oracle, program))
		return false;
	byte_count = program_to_bytes(program, bytes);
	for (size_t i = 0; i < program->count; i++)
		bytes[byte_count++] = (uint8_t)program->calls[i].expected_result;
	bytes[byte_count++] = program->has_expect;
	memcpy(bytes + byte_count, &program->expect, sizeof(rule_set));
	return try_candidate(r, bytes, byte_count + sizeof(rule_set));
}

/* Return: whether the smallest program fails in the same way if all flavours are executed. */
static bool reduce_with_flavours(struct reducer *r, const bool *flavours)
{
	r->executed_flavours = flavours;
	r->minimize.best = r->reduction->input.program;
	minimize(&r->minimize);
	program_renumber(&r->minimize.best);
	r->candidate.program = r->minimize.best;
	return fails_in_same_way(r, NULL);
}

/* Keeps the program @ran, which the target made of the input, if it fails in the same way. */
static void adopt_program_if_it_fails(struct reducer *r, struct program *ran)
{
	if (ran->count > r->reduction->input.program.count + 1)
		return;
	program_renumber(ran);
	r->candidate.program = *ran;
	if (fails_in_same_way(r, NULL))
		r->reduction->input.program = *ran;
}

/*
 * Replaces the input by the program that the target executed, which the target prints, or which repair()
 * gives, if that program still fails. It is more useful to `run` and to people than the input.
 */
static void adopt_executed_program(struct reducer *r, const char *replayer)
{
	static struct signature signature;
	static struct program ran;

	ran = r->reduction->input.program;
	repair_program(&ran, r->oracle->rules);
	adopt_program_if_it_fails(r, &ran);
	if (signature_init_from_target(&signature, replayer, &r->reduction->input,
				r->oracle->runners.timeout_seconds, &ran))
		adopt_program_if_it_fails(r, &ran);
}

static bool reduce_program(struct reducer *r)
{
	const char *replayer = oracle_find_replayer(r->oracle, r->reduction->input.target);

	r->minimize.accepts = accept_program;
	r->minimize.ctx = r;
	if (!reduce_with_flavours(r, r->reduction->signature.needed_flavours) &&
	    !reduce_with_flavours(r, NULL))
		return false;
	r->reduction->input.program = r->minimize.best;
	if (replayer)
		adopt_executed_program(r, replayer);
	return true;
}

/* ---- texts ---- */

/* Keeps the text without @removed_size bytes at @position, with @added there, if it fails in the same way. */
static bool try_text_change(struct reducer *r, size_t position, size_t removed_size,
			    const char *added)
{
	struct test_input *input = &r->reduction->input, *candidate = &r->candidate;
	size_t end = position + removed_size, added_size = strlen(added);

	memcpy(candidate->text, input->text, position);
	memcpy(candidate->text + position, added, added_size);
	memcpy(candidate->text + position + added_size, input->text + end, input->text_size - end);
	candidate->text_size = input->text_size - removed_size + added_size;
	print_reduction_status(r, test_input_count_units(input));
	if (!try_candidate(r, candidate->text, candidate->text_size))
		return false;
	memcpy(input->text, candidate->text, candidate->text_size);
	input->text_size = candidate->text_size;
	return true;
}

/* Return: the position in the text at which the byte or line with the index @piece begins. */
static size_t find_piece_start(const struct test_input *input, bool by_line, size_t piece)
{
	size_t position = 0;

	if (!by_line)
		return piece;
	while (piece-- && position < input->text_size) {
		const char *newline = memchr(input->text + position, '\n', input->text_size - position);

		position = newline ? (size_t)(newline - input->text) + 1 : input->text_size;
	}
	return position;
}

/* Return: whether a piece was removed. */
static bool remove_pieces(struct reducer *r, bool by_line)
{
	const struct test_input *input = &r->reduction->input;
	size_t size_before = input->text_size, count = by_line ? 1 : size_before;
	struct trim trim;

	for (size_t i = 0; by_line && i + 1 < size_before; i++)
		count += input->text[i] == '\n';
	trim_init(&trim, count);
	while (trim_next(&trim)) {
		size_t begin = find_piece_start(input, by_line, trim.begin);
		size_t end = find_piece_start(input, by_line, trim.end);

		trim_record(&trim, try_text_change(r, begin, end - begin, ""));
	}
	return input->text_size < size_before;
}

/* Replaces arguments of calls by 0. Return: whether an argument was replaced. */
static bool make_numbers_zero(struct reducer *r)
{
	const struct test_input *input = &r->reduction->input;
	size_t number_size;
	bool has_changed = false;

	for (size_t i = find_piece_start(input, true, 1); i < input->text_size; i++) {
		number_size = 0;
		while (i + number_size < input->text_size && !memchr(" \n", input->text[i + number_size], 2))
			number_size++;
		if (number_size && input->text[i - 1] == ' ' && (number_size > 1 || input->text[i] != '0'))
			has_changed |= try_text_change(r, i, number_size, "0");
	}
	return has_changed;
}

static bool reduce_text(struct reducer *r)
{
	const struct test_input *input = &r->reduction->input;
	bool is_calls = input->target->reads == READS_CALLS, has_changed;

	r->candidate.text = malloc(input->text_size + 1);
	if (!r->candidate.text)
		return false;
	memcpy(r->candidate.text, input->text, input->text_size);
	r->candidate.text_size = input->text_size;
	if (!fails_in_same_way(r, NULL))
		return false;
	do {
		has_changed = remove_pieces(r, true);
		has_changed |= is_calls ? make_numbers_zero(r) : remove_pieces(r, false);
	} while (has_changed);
	return true;
}

bool reduce_input(struct reduction *reduction, struct oracle *oracle)
{
	struct reducer *r = calloc(1, sizeof(*r));
	unsigned long executed_before = oracle->execution_count;
	bool is_reduced;

	if (!r)
		return false;
	r->reduction = reduction;
	r->oracle = oracle;
	r->candidate.target = reduction->input.target;
	is_reduced = test_input_is_program(&reduction->input) ? reduce_program(r) : reduce_text(r);
	reduction->execution_count = oracle->execution_count - executed_before;
	status_erase();
	test_input_destroy(&r->candidate);
	free(r);
	return is_reduced;
}
