/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Minimises a program in passes. Each pass tries changes of one kind and keeps those that
 * m->accepts() accepts. An accepted change may make another one possible, so all passes repeat
 * until a whole round changes nothing.
 *
 * Some calls can only be removed together (a lock and its unlock), and some numbers only changed
 * together (two ranges that must overlap), so some passes try pairs.
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
	if (!program_equal(&m->candidate, &m->best))
		return true;
	for (size_t i = 0; i < m->best.count; i++)
		if (m->candidate.calls[i].expected_result != m->best.calls[i].expected_result)
			return true;
	return false;
}

/* If the candidate is a valid other program and accepted, it becomes the best one. */
static bool try_candidate(struct minimize *m)
{
	if (!m->candidate.count || !is_candidate_changed(m) || !program_valid(&m->candidate) ||
	    !m->accepts(m->ctx, &m->candidate))
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
 * Makes variant 0, 1, ... of a program, which may be the program as it is.
 * Return: false after the last variant
 */
typedef bool (*program_edit)(struct program *program, unsigned int variant);

static void drop_marked_calls(struct program *program, const bool *is_dropped)
{
	size_t kept = 0;

	for (size_t i = 0; i < program->count; i++)
		if (!is_dropped[i])
			program->calls[kept++] = program->calls[i];
	program->count = kept;
}

/* Drops all calls on a handle; for a page also the calls on its mappings. */
static bool drop_handle(struct program *program, unsigned int variant)
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

static bool drop_thread(struct program *program, unsigned int variant)
{
	bool is_dropped[PROGRAM_CALLS];

	for (size_t i = 0; i < program->count; i++)
		is_dropped[i] = program->calls[i].thread + variant == PROGRAM_THREADS - 1;
	drop_marked_calls(program, is_dropped);
	return variant < PROGRAM_THREADS;
}

/* A longer program has too many pairs of calls. */
#define PAIRS_MOST 20

static bool drop_pair(struct program *program, unsigned int variant)
{
	size_t last = PAIRS_MOST - 1 - variant / PAIRS_MOST, first = variant % PAIRS_MOST;
	bool is_dropped[PROGRAM_CALLS] = {false};

	if (variant >= PAIRS_MOST * PAIRS_MOST || program->count > PAIRS_MOST)
		return false;
	if (first < last && last < program->count) {
		is_dropped[first] = is_dropped[last] = true;
		drop_marked_calls(program, is_dropped);
	}
	return true;
}

/* Moves all calls of a thread to a lower thread. */
static bool merge_threads(struct program *program, unsigned int variant)
{
	unsigned int thread = PROGRAM_THREADS - 1 - variant / PROGRAM_THREADS;
	unsigned int other = variant % PROGRAM_THREADS;

	for (size_t i = 0; i < program->count; i++)
		if (program->calls[i].thread == thread && other < thread)
			program->calls[i].thread = (uint8_t)other;
	return variant < PROGRAM_THREADS * PROGRAM_THREADS;
}

/* Renames threads so that T0 has the first call, T1 the next new thread's, and so on. */
static bool order_threads(struct program *program, unsigned int variant)
{
	uint8_t names[PROGRAM_THREADS] = {THREAD_MAIN}, used = 0;

	for (size_t i = 0; i < program->count; i++) {
		struct call *call = &program->calls[i];

		if (call->thread != THREAD_MAIN && !names[call->thread])
			names[call->thread] = ++used;
		call->thread = names[call->thread];
	}
	return !variant;
}

static void rename_handle(struct program *program, enum handle_kind kind, uint8_t handle,
			  uint8_t new_handle)
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

/* Renames a used handle to a lower number, unused or not. */
static bool lower_handle(struct program *program, unsigned int variant)
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

static bool is_movable_offset(const struct call *call, unsigned int number_index)
{
	return is_offset(call, number_index) && call->number[number_index] &&
	       call->number[number_index] < NUMBER_SPAN;
}

/* Moves all ranges by the smallest offset other than 0, so that overlapping ranges still overlap.
 */
static bool move_ranges(struct program *program, unsigned int variant)
{
	uint64_t least = NUMBER_SPAN;

	for (size_t i = 0; i < 2 * program->count; i++)
		if (is_movable_offset(&program->calls[i / 2], i % 2))
			least = number_min(least, program->calls[i / 2].number[i % 2]);
	for (size_t i = 0; i < 2 * program->count; i++)
		if (is_movable_offset(&program->calls[i / 2], i % 2))
			program->calls[i / 2].number[i % 2] -= least;
	return !variant;
}

/* Moves two ranges together to the beginning of their pages. */
static bool move_ranges_to_begin(struct program *program, unsigned int variant)
{
	size_t first = program->count ? variant / program->count : 0;
	size_t pair[2] = {first, program->count ? variant % program->count : 0};

	for (unsigned int i = 0; i < 4 && pair[0] < pair[1]; i++)
		if (is_offset(&program->calls[pair[i / 2]], i % 2))
			program->calls[pair[i / 2]].number[i % 2] = 0;
	return first < program->count;
}

/* ---- changes of one call ---- */

/*
 * Makes variant 0, 1, ... of a call, which may be the call as it is.
 * @number_index: the number that it changes
 * Return: false after the last variant
 */
typedef bool (*call_edit)(struct call *call, unsigned int variant, unsigned int number_index);

static bool drop_expected_result(struct call *call, unsigned int variant, unsigned int number_index)
{
	(void)number_index;
	call->expected_result = RESULT_NONE;
	return !variant;
}

static bool move_to_thread(struct call *call, unsigned int variant, unsigned int number_index)
{
	bool is_lower = variant < call->thread;

	(void)number_index;
	call->thread = (uint8_t)variant;
	return is_lower;
}

/* Zero, one, and the smaller powers of two. */
static bool round_number(struct call *call, unsigned int variant, unsigned int number_index)
{
	uint64_t rounder = variant ? 1ull << (variant - 1) : 0,
		 *number = &call->number[number_index];

	if (rounder >= *number || rounder >= NUMBER_SPAN)
		return false;
	*number = rounder;
	return true;
}

/* Nearer to the number's base: by half of the span, a quarter, and so on. */
static bool lower_number(struct call *call, unsigned int variant, unsigned int number_index)
{
	unsigned int step = NUMBER_SPAN / 2 >> variant, packed;
	uint64_t *number = &call->number[number_index];

	if (!(*number & (*number - 1)) || !step)
		return false;
	packed = number_pack(*number);
	if (packed % NUMBER_SPAN >= step)
		*number = number_unpack((uint16_t)(packed - step));
	return true;
}

static bool lower_value(struct call *call, unsigned int variant, unsigned int number_index)
{
	(void)number_index;
	if (call->op == OP_alloc_page || variant >= 2 || variant >= call->value)
		return false;
	call->value = (uint8_t)variant;
	return true;
}

static bool clear_flags(struct call *call, unsigned int variant, unsigned int number_index)
{
	static const uint8_t parts[] = {0xff, CALL_GFP_CONTEXT, CALL_GFP_HIGHMEM, CALL_GFP_NOFAIL,
					CALL_GFP_ZERO};

	(void)number_index;
	if (call->op != OP_alloc_page || variant == sizeof(parts))
		return false;
	call->value &= (uint8_t)~parts[variant];
	return true;
}

static bool drop_fault(struct call *call, unsigned int variant, unsigned int number_index)
{
	(void)number_index;
	if (variant || !call->has_fault)
		return false;
	call->has_fault = false;
	call->number[1] = 0;
	return true;
}

/* ---- passes ---- */

static bool drop_ranges_of_calls(struct minimize *m)
{
	struct trim trim;
	bool has_changed = false;

	trim_init(&trim, m->best.count);
	while (trim_next(&trim)) {
		bool is_accepted;

		copy_program(&m->candidate, &m->best);
		trim_make_candidate(&trim, &m->best, &m->candidate);
		is_accepted = try_candidate(m);
		trim_record(&trim, is_accepted);
		has_changed |= is_accepted;
	}
	return has_changed;
}

static bool edit_program(struct minimize *m, program_edit edit)
{
	bool has_changed = false;

	for (unsigned int variant = 0;; variant++) {
		copy_program(&m->candidate, &m->best);
		if (!edit(&m->candidate, variant))
			return has_changed;
		has_changed |= try_candidate(m);
	}
}

static bool edit_calls(struct minimize *m, call_edit edit, unsigned int number_index)
{
	bool has_changed = false;

	for (size_t i = 0; i < m->best.count; i++)
		for (unsigned int variant = 0;; variant++) {
			copy_program(&m->candidate, &m->best);
			if (!edit(&m->candidate.calls[i], variant, number_index))
				break;
			has_changed |= try_candidate(m);
		}
	return has_changed;
}

/* `expect` is never dropped: it applies to the whole program. */
static const struct pass {
	program_edit edit_program; /* NULL: the pass edits each call */
	call_edit edit_call;
	unsigned int number_index;
} passes[] = {
	{.edit_program = drop_handle},
	{.edit_program = drop_thread},
	{.edit_program = drop_pair},
	{.edit_program = merge_threads},
	{.edit_call = move_to_thread},
	{.edit_program = order_threads},
	{.edit_program = lower_handle},
	{.edit_program = move_ranges},
	{.edit_program = move_ranges_to_begin},
	{.edit_call = round_number, .number_index = 0},
	{.edit_call = lower_number, .number_index = 0},
	{.edit_call = round_number, .number_index = 1},
	{.edit_call = lower_number, .number_index = 1},
	{.edit_call = round_number, .number_index = 2},
	{.edit_call = lower_number, .number_index = 2},
	{.edit_call = lower_value},
	{.edit_call = clear_flags},
	{.edit_call = drop_fault},
};

void minimize(struct minimize *m)
{
	bool has_changed;

	do {
		has_changed = edit_calls(m, drop_expected_result, 0);
		has_changed |= drop_ranges_of_calls(m);
		for (const struct pass *pass = passes;
		     pass < passes + sizeof(passes) / sizeof(passes[0]); pass++)
			has_changed |= pass->edit_program
					       ? edit_program(m, pass->edit_program)
					       : edit_calls(m, pass->edit_call, pass->number_index);
	} while (has_changed);
}
