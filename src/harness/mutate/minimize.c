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
#include "harness/mutate/abstract_state.h"
#include "harness/mutate/trim.h"

static void copy_program(struct program *to, const struct program *from)
{
	to->count = from->count;
	to->has_expect = from->has_expect;
	to->expect = from->expect;
	memcpy(to->calls, from->calls, from->count * sizeof(from->calls[0]));
}

static void reset_candidate(struct minimize *m)
{
	copy_program(&m->candidate, &m->best);
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

/*
 * Returns the kind of handle number @handle of the call; ABSTRACT_KINDS: the call has fewer
 * handles.
 */
static enum abstract_state_kind find_handle_kind(const struct call *call, unsigned int handle)
{
	for (const char *arg = op_table[call->op].argument_kinds; *arg; arg++)
		if (abstract_state_find_kind(*arg) != ABSTRACT_KINDS && !handle--)
			return abstract_state_find_kind(*arg);
	return ABSTRACT_KINDS;
}

/* Returns the handles of a kind that a call uses, one bit each. */
static uint32_t find_used_handles(const struct call *call, enum abstract_state_kind kind)
{
	uint32_t used = 0;

	for (unsigned int i = 0; i < 2; i++)
		if (find_handle_kind(call, i) == kind)
			used |= 1u << call->handle[i];
	return used;
}

static unsigned int count_numbers(const struct call *call)
{
	unsigned int numbers = 0;

	for (const char *arg = op_table[call->op].argument_kinds; *arg; arg++)
		numbers += *arg == 'n' || *arg == 'z' || *arg == 'f';
	return numbers;
}

/* Returns whether this number of the call is an offset in a page. */
static bool is_offset(const struct call *call, unsigned int number_index)
{
	const char *args = op_table[call->op].argument_kinds;

	if (call->op == OP_copy_page)
		return number_index < 2;
	return !number_index && (args[0] == 'p' || args[0] == 'k') && strchr(args, 'n');
}

/* ---- fewer calls ---- */

static bool drop_ranges_of_calls(struct minimize *m)
{
	struct trim trim;
	bool changed = false;

	trim_init(&trim, m->best.count);
	while (trim_next(&trim)) {
		bool accepted;

		reset_candidate(m);
		trim_make_candidate(&trim, &m->best, &m->candidate);
		accepted = try_candidate(m);
		trim_record(&trim, accepted);
		changed |= accepted;
	}
	return changed;
}

/* Tries the program without the calls that @must_drop marks. */
static bool try_without_marked_calls(struct minimize *m, const bool *must_drop)
{
	size_t kept = 0;

	reset_candidate(m);
	for (size_t i = 0; i < m->best.count; i++)
		if (!must_drop[i])
			m->candidate.calls[kept++] = m->best.calls[i];
	m->candidate.count = kept;
	return try_candidate(m);
}

/* Drops all calls on a handle; for a page also the calls on its mappings. */
static bool drop_handle(struct minimize *m, enum abstract_state_kind kind, unsigned int handle)
{
	bool must_drop[PROGRAM_CALLS];
	uint32_t maps = 0;

	for (size_t i = 0; i < m->best.count; i++) {
		const struct call *call = &m->best.calls[i];

		must_drop[i] = find_used_handles(call, kind) & 1u << handle;
		if (must_drop[i] && kind == ABSTRACT_PAGE)
			maps |= find_used_handles(call, ABSTRACT_MAP);
	}
	for (size_t i = 0; i < m->best.count; i++)
		must_drop[i] |= (find_used_handles(&m->best.calls[i], ABSTRACT_MAP) & maps) != 0;
	return try_without_marked_calls(m, must_drop);
}

static const unsigned int handle_counts[ABSTRACT_KINDS] = {
	[ABSTRACT_PAGE] = PROGRAM_PAGES,	[ABSTRACT_MAP] = PROGRAM_MAPS,
	[ABSTRACT_SLICE] = PROGRAM_SLICES, [ABSTRACT_MUTEX] = PROGRAM_MUTEXES,
	[ABSTRACT_SEMAPHORE] = PROGRAM_SEMAPHORES,
};

static bool drop_handles(struct minimize *m)
{
	bool changed = false;

	for (enum abstract_state_kind kind = 0; kind < ABSTRACT_KINDS; kind++)
		for (unsigned int handle = handle_counts[kind]; handle-- > 0;)
			changed |= drop_handle(m, kind, handle);
	return changed;
}

static bool drop_threads(struct minimize *m)
{
	bool must_drop[PROGRAM_CALLS], changed = false;

	for (unsigned int thread = PROGRAM_THREADS; thread-- > 0;) {
		for (size_t i = 0; i < m->best.count; i++)
			must_drop[i] = m->best.calls[i].thread == thread;
		changed |= try_without_marked_calls(m, must_drop);
	}
	return changed;
}

/* A longer program has too many pairs of calls. */
#define PAIRS_MOST 20

static bool drop_pairs(struct minimize *m)
{
	bool changed = false;

	for (size_t last = m->best.count; m->best.count <= PAIRS_MOST && last-- > 1;)
		for (size_t first = last; first-- > 0 && last < m->best.count;) {
			bool must_drop[PROGRAM_CALLS] = { false };

			must_drop[first] = must_drop[last] = true;
			changed |= try_without_marked_calls(m, must_drop);
		}
	return changed;
}

/* ---- changes of several calls ---- */

/* Moves all calls of a thread to another thread. */
static bool merge_threads(struct minimize *m)
{
	bool changed = false;

	for (uint8_t thread = PROGRAM_THREADS - 1; thread > 0; thread--)
		for (uint8_t other = 0; other < thread; other++) {
			reset_candidate(m);
			for (size_t i = 0; i < m->candidate.count; i++)
				if (m->candidate.calls[i].thread == thread)
					m->candidate.calls[i].thread = other;
			changed |= try_candidate(m);
		}
	return changed;
}

/* Renames threads so that T0 has the first call, T1 the next new thread's, and so on. */
static bool order_threads(struct minimize *m)
{
	uint8_t name[PROGRAM_THREADS] = { THREAD_MAIN }, used = 0;

	reset_candidate(m);
	for (size_t i = 0; i < m->candidate.count; i++) {
		struct call *call = &m->candidate.calls[i];

		if (call->thread != THREAD_MAIN && !name[call->thread])
			name[call->thread] = ++used;
		call->thread = name[call->thread];
	}
	return try_candidate(m);
}

static bool rename_handle(struct minimize *m, enum abstract_state_kind kind, uint8_t handle,
			  uint8_t new_handle)
{
	reset_candidate(m);
	for (size_t i = 0; i < m->candidate.count; i++)
		for (unsigned int n = 0; n < 2; n++) {
			struct call *call = &m->candidate.calls[i];

			if (find_handle_kind(call, n) == kind && call->handle[n] == handle)
				call->handle[n] = new_handle;
		}
	return try_candidate(m);
}

/* Renames each handle to a lower number, unused or not. */
static bool rename_handles(struct minimize *m)
{
	bool changed = false;

	for (enum abstract_state_kind kind = 0; kind < ABSTRACT_KINDS; kind++)
		for (uint8_t handle = 1; handle < handle_counts[kind]; handle++)
			for (uint8_t other = 0; other < handle; other++)
				changed |= rename_handle(m, kind, handle, other);
	return changed;
}

static void move_offsets(struct call *call, uint64_t distance)
{
	for (unsigned int n = 0; n < 2; n++)
		if (is_offset(call, n) && call->number[n] && call->number[n] < NUMBER_SPAN)
			call->number[n] -= distance;
}

/* Moves all ranges by the smallest offset other than 0, so that overlapping ranges still overlap. */
static bool move_ranges(struct minimize *m)
{
	uint64_t least = NUMBER_SPAN;

	reset_candidate(m);
	for (size_t i = 0; i < m->best.count; i++)
		for (unsigned int n = 0; n < 2; n++) {
			uint64_t number = m->best.calls[i].number[n];

			if (is_offset(&m->best.calls[i], n) && number && number < least)
				least = number;
		}
	for (size_t i = 0; least < NUMBER_SPAN && i < m->candidate.count; i++)
		move_offsets(&m->candidate.calls[i], least);
	return try_candidate(m);
}

static void clear_offsets(struct call *call)
{
	for (unsigned int n = 0; n < 2; n++)
		if (is_offset(call, n))
			call->number[n] = 0;
}

/* Moves two ranges together to the beginning of their pages. */
static bool move_ranges_to_begin(struct minimize *m)
{
	bool changed = false;

	for (size_t i = 0; i < m->best.count; i++)
		for (size_t j = i + 1; j < m->best.count; j++) {
			reset_candidate(m);
			clear_offsets(&m->candidate.calls[i]);
			clear_offsets(&m->candidate.calls[j]);
			changed |= try_candidate(m);
		}
	return changed;
}

/* ---- changes of one call ---- */

/*
 * Makes variant 0, 1, ... of a call, which may be the call as it is.
 * @number: the number that it changes
 * Return: false after the last variant
 */
typedef bool (*call_edit)(struct call *call, unsigned int variant, unsigned int number);

static bool drop_expected_result(struct call *call, unsigned int variant, unsigned int number)
{
	(void)number;
	call->expected_result = RESULT_NONE;
	return !variant;
}

static bool move_to_thread(struct call *call, unsigned int variant, unsigned int number)
{
	bool is_lower = variant < call->thread;

	(void)number;
	call->thread = (uint8_t)variant;
	return is_lower;
}

/* Zero, one, and the smaller powers of two. */
static bool round_number(struct call *call, unsigned int variant, unsigned int number)
{
	uint64_t rounder = variant ? 1ull << (variant - 1) : 0;

	if (number >= count_numbers(call) || rounder >= call->number[number] || rounder >= NUMBER_SPAN)
		return false;
	call->number[number] = rounder;
	return true;
}

/* Nearer to the number's base: by half of the span, a quarter, and so on. */
static bool lower_number(struct call *call, unsigned int variant, unsigned int number)
{
	unsigned int step = NUMBER_SPAN / 2 >> variant, packed, base;

	if (number >= count_numbers(call) || !(call->number[number] & (call->number[number] - 1)) || !step)
		return false;
	packed = number_pack(call->number[number]);
	base = packed & ~(NUMBER_SPAN - 1u);
	if (packed - base >= step)
		call->number[number] = number_unpack((uint16_t)(packed - step));
	return true;
}

static bool lower_value(struct call *call, unsigned int variant, unsigned int number)
{
	(void)number;
	if (!strchr(op_table[call->op].argument_kinds, 'v') || variant >= 2 ||
	    variant >= call->value)
		return false;
	call->value = (uint8_t)variant;
	return true;
}

static bool clear_flags(struct call *call, unsigned int variant, unsigned int number)
{
	static const uint8_t parts[] = { 0xff, CALL_GFP_CONTEXT, CALL_GFP_HIGHMEM,
					 CALL_GFP_NOFAIL, CALL_GFP_ZERO };

	(void)number;
	if (call->op != OP_alloc_page || variant == sizeof(parts))
		return false;
	call->value &= (uint8_t)~parts[variant];
	return true;
}

static bool drop_fault(struct call *call, unsigned int variant, unsigned int number)
{
	(void)number;
	if (variant || !call->has_fault)
		return false;
	call->has_fault = false;
	call->number[1] = 0;
	return true;
}

static bool edit_calls(struct minimize *m, call_edit edit, unsigned int number_index)
{
	bool changed = false;

	for (size_t i = 0; i < m->best.count; i++)
		for (unsigned int variant = 0;; variant++) {
			reset_candidate(m);
			if (!edit(&m->candidate.calls[i], variant, number_index))
				break;
			changed |= try_candidate(m);
		}
	return changed;
}

/* `expect` is never dropped: it applies to the whole program. */
static const struct pass {
	bool (*run)(struct minimize *m);
	call_edit edit; /* NULL: call run(); otherwise this function */
	unsigned int number;
} passes[] = {
	{ .edit = drop_expected_result },
	{ .run = drop_ranges_of_calls },
	{ .run = drop_handles },
	{ .run = drop_threads },
	{ .run = drop_pairs },
	{ .run = merge_threads },
	{ .edit = move_to_thread },
	{ .run = order_threads },
	{ .run = rename_handles },
	{ .run = move_ranges },
	{ .run = move_ranges_to_begin },
	{ .edit = round_number, .number = 0 },
	{ .edit = lower_number, .number = 0 },
	{ .edit = round_number, .number = 1 },
	{ .edit = lower_number, .number = 1 },
	{ .edit = round_number, .number = 2 },
	{ .edit = lower_number, .number = 2 },
	{ .edit = lower_value },
	{ .edit = clear_flags },
	{ .edit = drop_fault },
};

void minimize(struct minimize *m)
{
	bool has_changed;

	do {
		has_changed = false;
		for (const struct pass *pass = passes; pass < passes + sizeof(passes) / sizeof(passes[0]); pass++)
			has_changed |=
				pass->run ? pass->run(m) : edit_calls(m, pass->edit, pass->number);
	} while (has_changed);
}
