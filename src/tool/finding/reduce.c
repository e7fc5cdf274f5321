/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A candidate is a smaller input that may fail in the same way. The model evaluates a candidate program; then
 * the flavours that the failure needs execute it. At the end, all flavours execute the smallest program. If
 * the signature of the smallest program then differs, all flavours execute each candidate of a second
 * minimisation. A program with a schedule (deviations.h) needs another schedule if its calls change, so short
 * searches of the changed program look for a schedule with which it fails in the same way.
 *
 * A text is minimised by passes over its lines and bytes. A pass removes lines or bytes if the rest of the
 * text still fails in the same way. The passes repeat until no pass changes the text.
 */
#include "tool/finding/reduce.h"

#include <stdlib.h>
#include <string.h>

#include "harness/interleaving_schedule.h"
#include "harness/util/sha1.h"
#include "harness/model/repair.h"
#include "harness/mutate/minimize.h"
#include "harness/mutate/trim.h"
#include "harness/program/program_bytes.h"
#include "tool/util/status.h"

/* Entries of rejected_hashes. A new hash may replace an old hash, so a rejected candidate may run again. */
#define REJECTED_MAX 16384

struct reducer {
	struct reduction *reduction;
	struct oracle *oracle;
	const bool *candidate_flavours;         /* flavours that execute each candidate; NULL: all */
	uint64_t rejected_hashes[REJECTED_MAX]; /* hashes of candidates that do not fail in the same way */
	struct test_input candidate;
	struct minimize minimize;
};

/* ---- one candidate ---- */

static bool execute_and_compare_candidate(struct reducer *r, const bool *flavours)
{
	static struct signature signature;

	signature_init_by_executing_input(&signature, r->oracle, &r->candidate, flavours);
	return signature_is_same_failure(&signature, &r->reduction->signature);
}

static void count_candidate_and_print_status(struct reducer *r, size_t unit_count)
{
	r->reduction->candidate_count++;
	status_print_at_interval("%s: %zu %s, %lu candidates, %lu executions", r->reduction->input_name,
				 unit_count, test_input_unit_name(&r->candidate, unit_count),
				 r->reduction->candidate_count, r->oracle->execution_count);
}

/*
 * Executes the candidate, unless an equal candidate was rejected before. Return: whether the candidate fails
 * in the same way as the input.
 * @identity: bytes that are equal only for equal candidates.
 */
static bool execute_candidate_unless_rejected(struct reducer *r, const void *identity, size_t identity_size)
{
	char hash_text[SHA1_TEXT]; /* only the first 16 hex digits of the hash are used */
	uint64_t hash, *rejected_hash;

	sha1_write_hex(identity, identity_size, hash_text);
	hash_text[16] = '\0';
	hash = strtoull(hash_text, NULL, 16);
	rejected_hash = &r->rejected_hashes[hash % REJECTED_MAX];
	if (*rejected_hash == hash)
		return false;
	if (execute_and_compare_candidate(r, r->candidate_flavours))
		return true;
	*rejected_hash = hash;
	return false;
}

/* ---- programs ---- */

static bool candidate_program_fails_in_same_way(void *ctx, const struct program *candidate)
{
	static uint8_t identity[PROGRAM_BYTES_MAX + PROGRAM_CALLS + sizeof(rule_set) + 1];
	struct reducer *r = ctx;
	struct program *program = &r->candidate.program;
	size_t identity_size;

	count_candidate_and_print_status(r, r->minimize.best.count);
	*program = *candidate;
	program_update_lines(program);
	if (!signature_may_match_in_model(&r->reduction->signature, r->oracle, program))
		return false;
	identity_size = program_to_bytes(program, identity);
	for (size_t i = 0; i < program->count; i++)
		identity[identity_size++] = (uint8_t)program->calls[i].expected_result;
	identity[identity_size++] = program->has_expect;
	memcpy(identity + identity_size, &program->expect, sizeof(rule_set));
	return execute_candidate_unless_rejected(r, identity, identity_size + sizeof(rule_set));
}

/* ---- schedules ---- */

/* The most executions of a strategy that searches a schedule. */
#define SCHEDULE_EXECUTIONS_MAX 200

/* Stores the schedule of the first failure that the strategy finds in the candidate. Return: false if none.
 */
static bool find_failing_schedule(struct reducer *r, const char *strategy_name, struct program *candidate,
				  bool *is_complete)
{
	const struct interleaving_search_result *result;

	r->candidate.program = *candidate;
	program_update_lines(&r->candidate.program);
	result = runner_explore(&r->oracle->runners, &r->candidate.program, strategy_name,
				SCHEDULE_EXECUTIONS_MAX);
	*is_complete = result && result->is_complete;
	if (!result)
		return false;
	r->oracle->execution_count += result->execution_count;
	return result->verdict == SEARCH_FOUND && interleaving_get_schedule(result, &candidate->schedule) &&
	       deviations_are_given(&candidate->schedule);
}

/*
 * Return: whether the candidate fails in the same way as the input with the schedule that a search found. The
 * first failure that a strategy finds may be another failure than that of the input.
 */
static bool find_schedule_that_fails_in_same_way(void *ctx, struct program *candidate)
{
	static const char *const strategies[] = { "dpor", "bounded", "pct" };
	bool is_complete = false;

	for (size_t i = 0; i < sizeof(strategies) / sizeof(strategies[0]) && !is_complete; i++)
		if (find_failing_schedule(ctx, strategies[i], candidate, &is_complete) &&
		    candidate_program_fails_in_same_way(ctx, candidate))
			return true;
	return false;
}

/*
 * Minimises the program. Return: whether the smallest program fails in the same way as the input if all
 * flavours execute that program.
 * @flavours: the flavours that execute each candidate; NULL: all.
 */
static bool minimise_and_verify_program(struct reducer *r, const bool *flavours)
{
	r->candidate_flavours = flavours;
	r->minimize.best = r->reduction->input.program;
	minimize(&r->minimize);
	program_update_lines(&r->minimize.best);
	r->candidate.program = r->minimize.best;
	return execute_and_compare_candidate(r, NULL);
}

/* Replaces the input by @replacement if that program fails in the same way and has at most one call more. */
static void replace_input_if_it_still_fails(struct reducer *r, struct program *replacement)
{
	if (replacement->count > r->reduction->input.program.count + 1)
		return;
	program_update_lines(replacement);
	r->candidate.program = *replacement;
	if (execute_and_compare_candidate(r, NULL))
		r->reduction->input.program = *replacement;
}

/*
 * Most targets change a program before they execute it, and the changed program is more useful to `run` and
 * to people. Replaces the input by the result of repair_program_until_clean(), then by the program that the
 * target prints. Does not replace the input by a program that does not fail in the same way.
 */
static void replace_by_repaired_or_executed(struct reducer *r, const char *replayer)
{
	static struct signature signature;
	static struct program replacement;

	replacement = r->reduction->input.program;
	repair_program_until_clean(&replacement, r->oracle->rules);
	replace_input_if_it_still_fails(r, &replacement);
	if (signature_run_target_and_parse_program(&signature, replayer, &r->reduction->input,
						   r->oracle->runners.timeout_seconds, &replacement))
		replace_input_if_it_still_fails(r, &replacement);
}

static bool reduce_program_if_it_fails(struct reducer *r)
{
	const char *replayer = oracle_find_replayer_or_report(r->oracle, r->reduction->input.target);

	r->minimize.accepts = candidate_program_fails_in_same_way;
	r->minimize.find_schedule = find_schedule_that_fails_in_same_way;
	r->minimize.ctx = r;
	if (!minimise_and_verify_program(r, r->reduction->signature.needed_flavours) &&
	    !minimise_and_verify_program(r, NULL))
		return false;
	r->reduction->input.program = r->minimize.best;
	if (replayer)
		replace_by_repaired_or_executed(r, replayer);
	return true;
}

/* ---- texts ---- */

/*
 * Replaces @removed_size bytes of the text at @position by @added_text, if the changed text still fails in
 * the same way. Return: whether the text was changed.
 */
static bool replace_text_part_if_it_fails(struct reducer *r, size_t position, size_t removed_size,
					  const char *added_text)
{
	struct test_input *input = &r->reduction->input, *candidate = &r->candidate;
	size_t end = position + removed_size, added_size = strlen(added_text);

	memcpy(candidate->text, input->text, position);
	memcpy(candidate->text + position, added_text, added_size);
	memcpy(candidate->text + position + added_size, input->text + end, input->text_size - end);
	candidate->text_size = input->text_size - removed_size + added_size;
	count_candidate_and_print_status(r, test_input_count_units(input));
	if (!execute_candidate_unless_rejected(r, candidate->text, candidate->text_size))
		return false;
	memcpy(input->text, candidate->text, candidate->text_size);
	input->text_size = candidate->text_size;
	return true;
}

/* Return: the offset in the text of the byte or, with @by_line, of the line with index @piece_index. */
static size_t find_piece_position(const struct test_input *input, bool by_line, size_t piece_index)
{
	size_t position = 0;

	if (!by_line)
		return piece_index;
	while (piece_index-- && position < input->text_size) {
		const char *newline = memchr(input->text + position, '\n', input->text_size - position);

		position = newline ? (size_t)(newline - input->text) + 1 : input->text_size;
	}
	return position;
}

/* Removes lines or bytes that the failure does not need. Return: whether the text became shorter. */
static bool remove_lines_or_bytes(struct reducer *r, bool by_line)
{
	const struct test_input *input = &r->reduction->input;
	size_t size_before = input->text_size, count = by_line ? 1 : size_before;
	struct trim trim;

	for (size_t i = 0; by_line && i + 1 < size_before; i++)
		count += input->text[i] == '\n';
	trim_init(&trim, count);
	while (trim_choose_next(&trim)) {
		size_t begin = find_piece_position(input, by_line, trim.begin);
		size_t end = find_piece_position(input, by_line, trim.end);

		trim_record_answer(&trim, replace_text_part_if_it_fails(r, begin, end - begin, ""));
	}
	return input->text_size < size_before;
}

/* Replaces arguments by 0 if the failure then stays the same. Return: whether an argument was replaced. */
static bool replace_arguments_by_zero(struct reducer *r)
{
	const struct test_input *input = &r->reduction->input;
	size_t argument_size;
	bool has_changed = false;

	for (size_t i = find_piece_position(input, true, 1); i < input->text_size; i++) {
		argument_size = 0;
		while (i + argument_size < input->text_size &&
		       !memchr(" \n", input->text[i + argument_size], 2))
			argument_size++;
		if (argument_size && input->text[i - 1] == ' ' &&
		    (argument_size > 1 || input->text[i] != '0'))
			has_changed |= replace_text_part_if_it_fails(r, i, argument_size, "0");
	}
	return has_changed;
}

static bool reduce_text_if_it_fails(struct reducer *r)
{
	const struct test_input *input = &r->reduction->input;
	bool is_calls = input->target->input_kind == READS_CALLS, has_changed;

	r->candidate.text = malloc(input->text_size + 1);
	if (!r->candidate.text)
		return false;
	memcpy(r->candidate.text, input->text, input->text_size);
	r->candidate.text_size = input->text_size;
	if (!execute_and_compare_candidate(r, NULL))
		return false;
	do {
		has_changed = remove_lines_or_bytes(r, true);
		has_changed |= is_calls ? replace_arguments_by_zero(r) : remove_lines_or_bytes(r, false);
	} while (has_changed);
	return true;
}

bool reduce_input(struct reduction *reduction, struct oracle *oracle)
{
	struct reducer *r = calloc(1, sizeof(*r));
	unsigned long execution_count_before = oracle->execution_count;
	bool has_kept_failure;

	if (!r)
		return false;
	r->reduction = reduction;
	r->oracle = oracle;
	r->candidate.target = reduction->input.target;
	has_kept_failure = test_input_is_program(&reduction->input) ? reduce_program_if_it_fails(r) :
								      reduce_text_if_it_fails(r);
	reduction->execution_count = oracle->execution_count - execution_count_before;
	status_erase();
	test_input_destroy(&r->candidate);
	free(r);
	return has_kept_failure;
}
