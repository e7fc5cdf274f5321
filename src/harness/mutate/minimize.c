/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Minimises a program in passes. Each pass tries changes of one kind and keeps the changes that m->accepts()
 * accepts. An accepted change may make another change possible, so all passes repeat until a whole round
 * changes nothing.
 *
 * Some calls can only be removed together (a lock and its unlock), and some numbers only changed together
 * (two ranges that must overlap), so some passes try pairs.
 */
#include "harness/mutate/minimize.h"

#include <string.h>

#include "harness/util/number.h"
#include "harness/mutate/trim.h"

static void copy_program(struct program *to, const struct program *from)
{
	memcpy(to, from, offsetof(struct program, calls) + from->count * sizeof(from->calls[0]));
}

static bool is_candidate_changed(const struct minimize *m)
{
	if (!program_calls_equal(&m->candidate, &m->best) ||
	    m->candidate.schedule.count != m->best.schedule.count)
		return true;
	for (size_t i = 0; i < m->best.count; i++)
		if (m->candidate.calls[i].expected_result != m->best.calls[i].expected_result)
			return true;
	return false;
}

/* Return: whether the candidate has other calls than the best program, and is accepted with a new schedule.
 */
static bool is_accepted_with_new_schedule(struct minimize *m)
{
	return m->find_schedule && deviations_are_given(&m->candidate.schedule) &&
	       !program_calls_equal(&m->candidate, &m->best) && m->find_schedule(m->ctx, &m->candidate);
}

/* Return: whether the candidate is valid, differs from the best program and is accepted. */
static bool adopt_candidate_if_accepted(struct minimize *m)
{
	if (!m->candidate.count || !is_candidate_changed(m) || !program_valid(&m->candidate) ||
	    (!m->accepts(m->ctx, &m->candidate) && !is_accepted_with_new_schedule(m)))
		return false;
	copy_program(&m->best, &m->candidate);
	return true;
}

/* Return: whether the best program got a schedule with fewer deviations. */
static bool adopt_shorter_schedule_if_found(struct minimize *m)
{
	if (!m->find_schedule || m->best.schedule.count < 2)
		return false;
	copy_program(&m->candidate, &m->best);
	if (!m->find_schedule(m->ctx, &m->candidate) || m->candidate.schedule.count >= m->best.schedule.count)
		return false;
	copy_program(&m->best, &m->candidate);
	return true;
}

/* ---- the arguments of a call ---- */

/* Returns the handles of a kind that a call uses, one bit each. */
static uint32_t find_used_handles(const struct call *call, enum handle_kind kind)
{
	struct call_handle handles[2];
	unsigned int count = call_get_handles(call, handles);
	uint32_t used = 0;

	for (unsigned int i = 0; i < count; i++)
		if (handles[i].kind == kind)
			used |= 1u << handles[i].index;
	return used;
}

/* Returns whether this number of the call is an offset in a page. */
static bool is_offset(const struct call *call, unsigned int number_index)
{
	const char *letters = op_table[call->op].argument_kinds;

	if (call->op == OP_copy_page)
		return number_index < 2;
	return !number_index && (letters[0] == 'p' || letters[0] == 'k') && strchr(letters, 'n');
}

/* ---- changes of the whole program ---- */

/*
 * Makes the change with the number @variant (0, 1, ...) to a program; the change may have no effect. Return:
 * false if there is no change with this number.
 */
typedef bool (*program_edit)(struct program *program, unsigned int variant);

static void drop_deviation_at(struct deviations *schedule, size_t index)
{
	schedule->count--;
	for (size_t i = index; i < schedule->count; i++)
		schedule->items[i] = schedule->items[i + 1];
}

static bool drop_deviation(struct program *program, unsigned int variant)
{
	if (variant >= program->schedule.count)
		return false;
	drop_deviation_at(&program->schedule, variant);
	return true;
}

/* Two deviations may be needed only together: a switch to another thread, and the switch back. */
static bool drop_pair_of_deviations(struct program *program, unsigned int variant)
{
	size_t count = program->schedule.count, second = count ? variant / count : 0,
	       first = variant % (count + !count);

	if (second >= count)
		return false;
	if (first < second) {
		drop_deviation_at(&program->schedule, second);
		drop_deviation_at(&program->schedule, first);
	}
	return true;
}

static bool keep_one_deviation(struct program *program, unsigned int variant)
{
	struct deviations *schedule = &program->schedule;

	if (variant >= schedule->count)
		return false;
	schedule->items[0] = schedule->items[variant];
	schedule->count = 1;
	return true;
}

static void drop_marked_calls(struct program *program, const bool *is_dropped)
{
	size_t kept = 0;

	for (size_t i = 0; i < program->count; i++)
		if (!is_dropped[i])
			program->calls[kept++] = program->calls[i];
	program->count = kept;
}

/* Drops all calls that use one handle; for a page also the calls that use its mappings. */
static bool drop_handle_and_mapping_calls(struct program *program, unsigned int variant)
{
	enum handle_kind kind = variant / PROGRAM_MAPS;
	uint32_t handle = 1u << (PROGRAM_MAPS - 1 - variant % PROGRAM_MAPS), maps = 0;
	bool is_dropped[PROGRAM_CALLS];

	for (size_t i = 0; i < program->count; i++) {
		is_dropped[i] = find_used_handles(&program->calls[i], kind) & handle;
		if (is_dropped[i] && kind == HANDLE_PAGE)
			maps |= find_used_handles(&program->calls[i], HANDLE_MAP);
	}
	for (size_t i = 0; i < program->count; i++)
		is_dropped[i] |= (find_used_handles(&program->calls[i], HANDLE_MAP) & maps) != 0;
	drop_marked_calls(program, is_dropped);
	return kind < HANDLE_KINDS;
}

static bool drop_calls_of_thread_from_last(struct program *program, unsigned int variant)
{
	bool is_dropped[PROGRAM_CALLS];

	for (size_t i = 0; i < program->count; i++)
		is_dropped[i] = program->calls[i].thread + variant == PROGRAM_THREADS - 1;
	drop_marked_calls(program, is_dropped);
	return variant < PROGRAM_THREADS;
}

/*
 * Pairs of calls are dropped only from programs of at most this many calls: longer programs have too many
 * pairs.
 */
#define PAIRED_CALLS_MAX 20

static bool drop_pair_of_calls(struct program *program, unsigned int variant)
{
	size_t last = PAIRED_CALLS_MAX - 1 - variant / PAIRED_CALLS_MAX, first = variant % PAIRED_CALLS_MAX;
	bool is_dropped[PROGRAM_CALLS] = { false };

	if (variant >= PAIRED_CALLS_MAX * PAIRED_CALLS_MAX || program->count > PAIRED_CALLS_MAX)
		return false;
	if (first < last && last < program->count) {
		is_dropped[first] = is_dropped[last] = true;
		drop_marked_calls(program, is_dropped);
	}
	return true;
}

static bool move_calls_to_lower_thread(struct program *program, unsigned int variant)
{
	unsigned int thread = PROGRAM_THREADS - 1 - variant / PROGRAM_THREADS;
	unsigned int other = variant % PROGRAM_THREADS;

	for (size_t i = 0; i < program->count; i++)
		if (program->calls[i].thread == thread && other < thread)
			program->calls[i].thread = (uint8_t)other;
	return variant < PROGRAM_THREADS * PROGRAM_THREADS;
}

/* Renames threads in the order of their first calls: T0 makes a call before T1, and so on. */
static bool rename_threads_by_first_call(struct program *program, unsigned int variant)
{
	uint8_t names[PROGRAM_THREADS] = { THREAD_MAIN }, used = 0;

	for (size_t i = 0; i < program->count; i++) {
		struct call *call = &program->calls[i];

		if (call->thread != THREAD_MAIN && !names[call->thread])
			names[call->thread] = ++used;
		call->thread = names[call->thread];
	}
	return !variant;
}

static void rename_handle(struct program *program, enum handle_kind kind, uint8_t handle, uint8_t new_handle)
{
	for (size_t i = 0; i < program->count; i++) {
		struct call *call = &program->calls[i];
		struct call_handle handles[2];
		unsigned int count = call_get_handles(call, handles);

		for (unsigned int n = 0; n < count; n++)
			if (handles[n].kind == kind && handles[n].index == handle)
				call->handle[n] = new_handle;
	}
}

/* Gives a used handle a lower number, which another handle of the program may already have. */
static bool rename_handle_to_lower(struct program *program, unsigned int variant)
{
	for (enum handle_kind kind = 0; kind < HANDLE_KINDS; kind++) {
		uint32_t used = 0;

		for (size_t i = 0; i < program->count; i++)
			used |= find_used_handles(&program->calls[i], kind);
		for (; used; used &= used - 1) {
			unsigned int handle = (unsigned int)__builtin_ctz(used);

			if (variant < handle) {
				rename_handle(program, kind, (uint8_t)handle, (uint8_t)variant);
				return true;
			}
			variant -= handle;
		}
	}
	return false;
}

static bool is_small_nonzero_offset(const struct call *call, unsigned int number_index)
{
	return is_offset(call, number_index) && call->number[number_index] &&
	       call->number[number_index] < NUMBER_SPAN;
}

/* Lowers all offsets that are not 0 by the smallest of them, so that overlapping ranges still overlap. */
static bool lower_offsets_by_smallest(struct program *program, unsigned int variant)
{
	uint64_t least = NUMBER_SPAN;

	for (size_t i = 0; i < 2 * program->count; i++)
		if (is_small_nonzero_offset(&program->calls[i / 2], i % 2))
			least = number_min(least, program->calls[i / 2].number[i % 2]);
	for (size_t i = 0; i < 2 * program->count; i++)
		if (is_small_nonzero_offset(&program->calls[i / 2], i % 2))
			program->calls[i / 2].number[i % 2] -= least;
	return !variant;
}

/* Moves the ranges of two calls to the beginning of their pages, so that overlapping ranges still overlap. */
static bool zero_offsets_of_two_calls(struct program *program, unsigned int variant)
{
	size_t first = program->count ? variant / program->count : 0;
	size_t pair[2] = { first, program->count ? variant % program->count : 0 };

	for (unsigned int i = 0; i < 4 && pair[0] < pair[1]; i++)
		if (is_offset(&program->calls[pair[i / 2]], i % 2))
			program->calls[pair[i / 2]].number[i % 2] = 0;
	return first < program->count;
}

/* ---- changes of one call ---- */

/*
 * Makes the change with the number @variant (0, 1, ...) to a call, or to one number of a call; the change may
 * have no effect. Return: false if there is no change with this number.
 */
typedef bool (*call_edit)(struct call *call, unsigned int variant);
typedef bool (*number_edit)(uint64_t *number, unsigned int variant);

static bool drop_expected_result(struct call *call, unsigned int variant)
{
	call->expected_result = RESULT_NONE;
	return !variant;
}

static bool move_call_to_lower_thread(struct call *call, unsigned int variant)
{
	bool is_lower = variant < call->thread;

	call->thread = (uint8_t)variant;
	return is_lower;
}

/* Sets the number to 0, 1, 2, 4 and so on, if the new number is smaller. */
static bool set_smaller_round_number(uint64_t *number, unsigned int variant)
{
	uint64_t rounder = variant ? 1ull << (variant - 1) : 0;

	if (rounder >= *number || rounder >= NUMBER_SPAN)
		return false;
	*number = rounder;
	return true;
}

/* Moves the number towards its base (number.h): by half of NUMBER_SPAN, a quarter of it, and so on. */
static bool move_number_towards_base(uint64_t *number, unsigned int variant)
{
	unsigned int step = NUMBER_SPAN / 2 >> variant, packed;

	if (!(*number & (*number - 1)) || !step)
		return false;
	packed = number_pack(*number);
	if (packed % NUMBER_SPAN >= step)
		*number = number_unpack((uint16_t)(packed - step));
	return true;
}

/* Sets the byte value to 0 or 1, but not the value of an allocation, which is its flags. */
static bool set_lower_value(struct call *call, unsigned int variant)
{
	if (call->op == OP_alloc_page || variant >= 2 || variant >= call->value)
		return false;
	call->value = (uint8_t)variant;
	return true;
}

static bool clear_gfp_flags(struct call *call, unsigned int variant)
{
	static const uint8_t parts[] = { 0xff, CALL_GFP_CONTEXT, CALL_GFP_HIGHMEM, CALL_GFP_NOFAIL,
					 CALL_GFP_ZERO };

	if (call->op != OP_alloc_page || variant == sizeof(parts))
		return false;
	call->value &= (uint8_t)~parts[variant];
	return true;
}

static bool drop_fault(struct call *call, unsigned int variant)
{
	if (variant || !call->has_fault)
		return false;
	call->has_fault = false;
	call->number[1] = 0;
	return true;
}

/* ---- passes ---- */

static bool try_dropping_call_ranges(struct minimize *m)
{
	struct trim trim;
	bool has_become_smaller = false;

	trim_init(&trim, m->best.count);
	while (trim_choose_next(&trim)) {
		bool is_accepted;

		copy_program(&m->candidate, &m->best);
		trim_make_candidate(&trim, &m->best, &m->candidate);
		is_accepted = adopt_candidate_if_accepted(m);
		trim_record_answer(&trim, is_accepted);
		has_become_smaller |= is_accepted;
	}
	return has_become_smaller;
}

/*
 * Each pass sets exactly one of the three functions. No pass drops `expect`, which is about the whole
 * program.
 */
static const struct pass {
	program_edit edit_program;
	call_edit edit_call;
	number_edit edit_number;
	unsigned int number_index; /* which number of each call edit_number changes */
} passes[] = {
	{ .edit_program = drop_handle_and_mapping_calls },
	{ .edit_program = drop_calls_of_thread_from_last },
	{ .edit_program = drop_pair_of_calls },
	{ .edit_program = move_calls_to_lower_thread },
	{ .edit_call = move_call_to_lower_thread },
	{ .edit_program = rename_threads_by_first_call },
	{ .edit_program = rename_handle_to_lower },
	{ .edit_program = lower_offsets_by_smallest },
	{ .edit_program = zero_offsets_of_two_calls },
	{ .edit_number = set_smaller_round_number, .number_index = 0 },
	{ .edit_number = move_number_towards_base, .number_index = 0 },
	{ .edit_number = set_smaller_round_number, .number_index = 1 },
	{ .edit_number = move_number_towards_base, .number_index = 1 },
	{ .edit_number = set_smaller_round_number, .number_index = 2 },
	{ .edit_number = move_number_towards_base, .number_index = 2 },
	{ .edit_call = set_lower_value },
	{ .edit_call = clear_gfp_flags },
	{ .edit_call = drop_fault },
};

/*
 * Makes a change of @pass to the candidate, or to one of its calls. Return: false if there is no such change.
 */
static bool edit_candidate(struct program *candidate, const struct pass *pass, size_t call_index,
			   unsigned int variant)
{
	struct call *call = &candidate->calls[call_index];

	if (pass->edit_program)
		return pass->edit_program(candidate, variant);
	return pass->edit_call ? pass->edit_call(call, variant) :
				 pass->edit_number(&call->number[pass->number_index], variant);
}

static bool try_all_edits_of_pass(struct minimize *m, const struct pass *pass)
{
	bool has_become_smaller = false;

	for (size_t i = 0; i < (pass->edit_program ? 1 : m->best.count); i++)
		for (unsigned int variant = 0;; variant++) {
			copy_program(&m->candidate, &m->best);
			if (!edit_candidate(&m->candidate, pass, i, variant))
				break;
			has_become_smaller |= adopt_candidate_if_accepted(m);
		}
	return has_become_smaller;
}

void minimize(struct minimize *m)
{
	static const struct pass first_passes[] = {
		{ .edit_call = drop_expected_result },
		{ .edit_program = keep_one_deviation },
		{ .edit_program = drop_deviation },
		{ .edit_program = drop_pair_of_deviations },
	};
	bool has_become_smaller;

	do {
		has_become_smaller = adopt_shorter_schedule_if_found(m);
		for (size_t i = 0; i < sizeof(first_passes) / sizeof(first_passes[0]); i++)
			has_become_smaller |= try_all_edits_of_pass(m, &first_passes[i]);
		has_become_smaller |= try_dropping_call_ranges(m);
		for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
			has_become_smaller |= try_all_edits_of_pass(m, &passes[i]);
	} while (has_become_smaller);
}
