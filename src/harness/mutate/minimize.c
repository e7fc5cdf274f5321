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

static void begin(struct minimize *m)
{
	copy_program(&m->candidate, &m->best);
}

/* If the candidate is accepted, it becomes the best program. */
static bool try_candidate(struct minimize *m)
{
	if (!m->accepts(m->ctx, &m->candidate))
		return false;
	copy_program(&m->best, &m->candidate);
	return true;
}

/* ---- fewer calls ---- */

static bool cut_runs(struct minimize *m)
{
	static struct trim trim;
	size_t before = m->best.count;

	copy_program(&trim.best, &m->best);
	copy_program(&trim.candidate, &m->best);
	trim_init(&trim);
	while (trim_next(&trim))
		trim_record(&trim, m->accepts(m->ctx, &trim.candidate));
	copy_program(&m->best, &trim.best);
	return m->best.count < before;
}

/* Tries the candidate without the calls that @drop marks, unless that is none or all of them. */
static bool try_without(struct minimize *m, const bool *drop)
{
	size_t kept = 0;

	begin(m);
	for (size_t i = 0; i < m->best.count; i++)
		if (!drop[i])
			m->candidate.calls[kept++] = m->best.calls[i];
	m->candidate.count = kept;
	return kept && kept < m->best.count && try_candidate(m);
}

/* Returns the handles of a kind that a call uses, one bit each. */
static uint32_t handles_of(const struct call *call, enum abstract_state_kind kind)
{
	unsigned int handles = 0;
	uint32_t named = 0;

	for (const char *arg = op_table[call->op].args; *arg; arg++) {
		enum abstract_state_kind of = abstract_state_kind(*arg);

		if (of == ABSTRACT_KINDS)
			continue;
		if (of == kind)
			named |= 1u << call->handle[handles];
		handles++;
	}
	return named;
}

/* Drops all calls on a handle; for a page also the calls on its mappings. */
static bool drop_handle(struct minimize *m, enum abstract_state_kind kind, unsigned int handle)
{
	bool drop[PROGRAM_CALLS];
	uint32_t maps = 0;

	for (size_t i = 0; i < m->best.count; i++) {
		const struct call *call = &m->best.calls[i];

		drop[i] = handles_of(call, kind) & 1u << handle;
		if (drop[i] && kind == ABSTRACT_PAGE)
			maps |= handles_of(call, ABSTRACT_MAP);
	}
	for (size_t i = 0; i < m->best.count; i++)
		drop[i] |= (handles_of(&m->best.calls[i], ABSTRACT_MAP) & maps) != 0;
	return try_without(m, drop);
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
	bool drop[PROGRAM_CALLS], changed = false;

	for (unsigned int thread = PROGRAM_THREADS; thread-- > 0;) {
		for (size_t i = 0; i < m->best.count; i++)
			drop[i] = m->best.calls[i].thread == thread;
		changed |= try_without(m, drop);
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
			bool drop[PROGRAM_CALLS] = { false };

			drop[first] = drop[last] = true;
			changed |= try_without(m, drop);
		}
	return changed;
}

/* ---- fewer threads, lower names ---- */

/* Moves all calls of a thread, or one call, to another thread. */
static bool move(struct minimize *m, size_t from, size_t to, uint8_t thread, uint8_t other)
{
	bool moved = false;

	begin(m);
	for (size_t i = from; i < to; i++)
		if (m->candidate.calls[i].thread == thread) {
			m->candidate.calls[i].thread = other;
			moved = true;
		}
	return moved && try_candidate(m);
}

static bool merge_threads(struct minimize *m)
{
	bool changed = false;

	for (uint8_t thread = PROGRAM_THREADS - 1; thread > 0; thread--)
		for (uint8_t other = 0; other < thread; other++)
			changed |= move(m, 0, m->best.count, thread, other);
	return changed;
}

static bool move_calls(struct minimize *m)
{
	bool changed = false;

	for (size_t i = 0; i < m->best.count; i++)
		for (uint8_t other = 0; other < m->best.calls[i].thread; other++)
			changed |= move(m, i, i + 1, m->best.calls[i].thread, other);
	return changed;
}

/* Renames threads so that T0 has the first call, T1 the next new thread's, and so on. */
static bool order_threads(struct minimize *m)
{
	uint8_t name[PROGRAM_THREADS] = { THREAD_MAIN }, used = 0;

	begin(m);
	for (size_t i = 0; i < m->candidate.count; i++) {
		struct call *call = &m->candidate.calls[i];

		if (call->thread != THREAD_MAIN && !name[call->thread])
			name[call->thread] = ++used;
		call->thread = name[call->thread];
	}
	return !program_equal(&m->candidate, &m->best) && try_candidate(m);
}

static void rename_in(struct call *call, enum abstract_state_kind kind, uint8_t handle, uint8_t other)
{
	unsigned int handles = 0;

	for (const char *arg = op_table[call->op].args; *arg; arg++) {
		if (abstract_state_kind(*arg) == ABSTRACT_KINDS)
			continue;
		if (abstract_state_kind(*arg) == kind && call->handle[handles] == handle)
			call->handle[handles] = other;
		handles++;
	}
}

static bool rename_handle(struct minimize *m, enum abstract_state_kind kind, uint8_t handle, uint8_t other)
{
	begin(m);
	for (size_t i = 0; i < m->candidate.count; i++)
		rename_in(&m->candidate.calls[i], kind, handle, other);
	return !program_equal(&m->candidate, &m->best) && try_candidate(m);
}

/* Renames a handle to a lower number, unused or not. */
static bool rename_handles(struct minimize *m)
{
	bool changed = false;

	for (enum abstract_state_kind kind = 0; kind < ABSTRACT_KINDS; kind++)
		for (uint8_t handle = 1; handle < handle_counts[kind]; handle++)
			for (uint8_t other = 0; other < handle; other++)
				changed |= rename_handle(m, kind, handle, other);
	return changed;
}

/* ---- smaller numbers ---- */

static unsigned int numbers_of(const struct call *call)
{
	unsigned int numbers = 0;

	for (const char *arg = op_table[call->op].args; *arg; arg++)
		numbers += *arg == 'n' || *arg == 'z' || *arg == 'f';
	return numbers;
}

/* Returns which numbers of a call are offsets in a page, one bit each. */
static unsigned int offsets_of(const struct call *call)
{
	const char *args = op_table[call->op].args;

	if (call->op == OP_copy_page)
		return 3;
	return (args[0] == 'p' || args[0] == 'k') && strchr(args, 'n') ? 1 : 0;
}

static bool set_number(struct minimize *m, size_t call, unsigned int n, uint64_t number)
{
	begin(m);
	m->candidate.calls[call].number[n] = number;
	return call_valid(&m->candidate.calls[call]) && try_candidate(m);
}

/* Tries zero, one, and the smaller powers of two; the first accepted one stays. */
static bool round_number(struct minimize *m, size_t call, unsigned int n)
{
	uint64_t number = m->best.calls[call].number[n];

	for (uint64_t rounder = 0; rounder < number && rounder < NUMBER_SPAN;
	     rounder = rounder ? 2 * rounder : 1)
		if (set_number(m, call, n, rounder))
			return true;
	return false;
}

static bool is_round(uint64_t number)
{
	return !(number & (number - 1));
}

/* Moves a number towards its base: by half of the distance, a quarter, and so on. */
static bool lower_number(struct minimize *m, size_t call, unsigned int n)
{
	bool changed = false;
	uint16_t base = (uint16_t)(number_pack(m->best.calls[call].number[n]) & ~(NUMBER_SPAN - 1));

	for (uint16_t step = NUMBER_SPAN / 2; step; step /= 2) {
		uint16_t packed = number_pack(m->best.calls[call].number[n]);

		if (packed - base >= step)
			changed |= set_number(m, call, n, number_unpack((uint16_t)(packed - step)));
	}
	return changed;
}

static bool shrink_numbers(struct minimize *m)
{
	bool changed = false;

	for (size_t i = 0; i < m->best.count; i++)
		for (unsigned int n = 0; n < numbers_of(&m->best.calls[i]); n++) {
			changed |= round_number(m, i, n);
			if (!is_round(m->best.calls[i].number[n]))
				changed |= lower_number(m, i, n);
		}
	return changed;
}

/* Returns the smallest offset other than 0, or NUMBER_SPAN. */
static uint64_t least_offset(const struct program *program)
{
	uint64_t least = NUMBER_SPAN;

	for (size_t i = 0; i < program->count; i++)
		for (unsigned int n = 0; n < 2; n++) {
			uint64_t number = program->calls[i].number[n];

			if (offsets_of(&program->calls[i]) & 1u << n && number && number < least)
				least = number;
		}
	return least;
}

/* Moves all ranges together, so that overlapping ranges still overlap. */
static bool move_ranges(struct minimize *m)
{
	uint64_t least = least_offset(&m->best);

	if (least == NUMBER_SPAN)
		return false;
	begin(m);
	for (size_t i = 0; i < m->candidate.count; i++)
		for (unsigned int n = 0; n < 2; n++) {
			uint64_t *number = &m->candidate.calls[i].number[n];

			if (offsets_of(&m->candidate.calls[i]) & 1u << n && *number &&
			    *number < NUMBER_SPAN)
				*number -= least;
		}
	return try_candidate(m);
}

/* Moves two ranges together to the beginning of their pages. */
static bool move_ranges_to_begin(struct minimize *m)
{
	bool changed = false;

	for (size_t i = 0; i < m->best.count; i++)
		for (size_t j = i + 1; j < m->best.count; j++) {
			begin(m);
			for (unsigned int n = 0; n < 2; n++) {
				if (offsets_of(&m->candidate.calls[i]) & 1u << n)
					m->candidate.calls[i].number[n] = 0;
				if (offsets_of(&m->candidate.calls[j]) & 1u << n)
					m->candidate.calls[j].number[n] = 0;
			}
			changed |= !program_equal(&m->candidate, &m->best) && try_candidate(m);
		}
	return changed;
}

/* ---- plainer values and flags ---- */

static bool set_value(struct minimize *m, size_t call, uint8_t value)
{
	begin(m);
	m->candidate.calls[call].value = value;
	return try_candidate(m);
}

static bool lower_values(struct minimize *m)
{
	bool changed = false;

	for (size_t i = 0; i < m->best.count; i++)
		for (uint8_t value = 0; strchr(op_table[m->best.calls[i].op].args, 'v') &&
					value < 2 && value < m->best.calls[i].value; value++)
			changed |= set_value(m, i, value);
	return changed;
}

static bool plain_flags(struct minimize *m)
{
	static const uint8_t parts[] = { 0xff, CALL_GFP_CONTEXT, CALL_GFP_HIGHMEM,
					 CALL_GFP_NOFAIL, CALL_GFP_ZERO };
	bool changed = false;

	for (size_t i = 0; i < m->best.count; i++)
		for (size_t n = 0; n < sizeof(parts); n++) {
			uint8_t flags = m->best.calls[i].value;

			if (m->best.calls[i].op == OP_alloc_page && flags & parts[n])
				changed |= set_value(m, i, (uint8_t)(flags & ~parts[n]));
		}
	return changed;
}

static bool drop_faults(struct minimize *m)
{
	bool changed = false;

	for (size_t i = 0; i < m->best.count; i++) {
		if (!m->best.calls[i].has_fault)
			continue;
		begin(m);
		m->candidate.calls[i].has_fault = false;
		m->candidate.calls[i].number[1] = 0;
		changed |= try_candidate(m);
	}
	return changed;
}

/* Drops expected results (`->`). `expect` stays: it applies to the whole program. */
static bool drop_expected_results(struct minimize *m)
{
	bool changed = false;

	for (size_t i = 0; i < m->best.count; i++) {
		if (m->best.calls[i].expected_result == RESULT_NONE)
			continue;
		begin(m);
		m->candidate.calls[i].expected_result = RESULT_NONE;
		changed |= try_candidate(m);
	}
	return changed;
}

static bool (*const passes[])(struct minimize *m) = {
	drop_expected_results,
	cut_runs,
	drop_handles,
	drop_threads,
	drop_pairs,
	merge_threads,
	move_calls,
	order_threads,
	rename_handles,
	move_ranges,
	move_ranges_to_begin,
	shrink_numbers,
	lower_values,
	plain_flags,
	drop_faults,
};

void minimize(struct minimize *m)
{
	bool changed;

	do {
		changed = false;
		for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
			changed |= passes[i](m);
	} while (changed);
}
