/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Checks the promise of each line of mutations.def: the programs @before and @after differ only as the line
 * describes. Line numbers identify calls.
 */
#include "tests/mutate_promise.h"

#include <string.h>

#include "harness/util/number.h"
#include "harness/program/program_bytes.h"

struct program before, other, after;

/* ---- differences ---- */

static bool is_same_call(const struct call *a, const struct call *b)
{
	return call_equal_ignoring_expectation(a, b) && a->line == b->line &&
	       a->expected_result == b->expected_result;
}

bool are_same_calls(const struct call *a, const struct call *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_same_call(&a[i], &b[i]))
			return false;
	return true;
}

enum call_field { OP = 1, THREAD = 2, HANDLES = 4, VALUE = 8, FAULT = 16, NUMBERS = 32 };

/* Return: whether @was and @is differ only in fields of the set @fields. */
static bool differs_only_in(unsigned int fields, const struct call *was, const struct call *is)
{
	struct call call = *is;

	if (fields & OP)
		call.op = was->op;
	if (fields & THREAD)
		call.thread = was->thread;
	if (fields & HANDLES)
		memcpy(call.handle, was->handle, sizeof(call.handle));
	if (fields & VALUE)
		call.value = was->value;
	if (fields & FAULT)
		call.has_fault = was->has_fault;
	if (fields & NUMBERS)
		memcpy(call.number, was->number, sizeof(call.number));
	return is_same_call(&call, was);
}

/* The differences between @before and @after. */
static struct {
	size_t differing_count;      /* how many positions have different calls; 0 if the lengths differ */
	const struct call *was, *is; /* the last differing call, before and after the mutation */
	size_t head, tail;           /* how many calls at the beginning and at the end are equal */
	/* The positions of new calls (line 0) in @after; none if the rest of @after is not @before. */
	size_t new_count, new_at[CALLS_MAX];
} difference;

static size_t count_unchanged_calls(size_t max_count, bool is_from_end)
{
	size_t count = 0;

	for (; count < max_count; count++) {
		size_t old_index = is_from_end ? before.count - 1 - count : count;
		size_t new_index = is_from_end ? after.count - 1 - count : count;

		if (!is_same_call(&before.calls[old_index], &after.calls[new_index]))
			break;
	}
	return count;
}

static void find_positions_of_new_calls(void)
{
	size_t kept = 0, count = 0;
	bool is_kept = true;

	for (size_t i = 0; i < after.count && is_kept; i++)
		if (!after.calls[i].line)
			difference.new_at[count++] = i;
		else
			is_kept = kept < before.count && is_same_call(&after.calls[i], &before.calls[kept++]);
	difference.new_count = is_kept && kept == before.count ? count : 0;
}

static void compute_difference(void)
{
	size_t least = before.count < after.count ? before.count : after.count;

	difference.differing_count = 0;
	for (size_t i = 0; i < before.count && before.count == after.count; i++)
		if (!is_same_call(&before.calls[i], &after.calls[i])) {
			difference.was = &before.calls[i];
			difference.is = &after.calls[i];
			difference.differing_count++;
		}
	difference.head = count_unchanged_calls(least, false);
	difference.tail = count_unchanged_calls(least - difference.head, true);
	find_positions_of_new_calls();
}

/* Return: whether @after equals @before if the @count calls from position @at on are removed. */
static bool after_is_before_with_inserted(size_t at, size_t count)
{
	return after.count == before.count + count && are_same_calls(before.calls, after.calls, at) &&
	       are_same_calls(before.calls + at, after.calls + at + count, before.count - at);
}

/* ---- promises ---- */

static bool keeps_promise_of_duplicate(void)
{
	size_t count = after.count - before.count;

	if (after.count <= before.count)
		return false;
	/* A copy next to the original cannot be distinguished from the original, so try all positions. */
	for (size_t at = 0; at <= difference.head; at++)
		for (size_t from = 0;
		     after_is_before_with_inserted(at, count) && from + count <= before.count; from++)
			if (are_same_calls(after.calls + at, before.calls + from, count))
				return true;
	return false;
}

uint8_t engine_byte;

size_t fake_engine(uint8_t *bytes, size_t size, size_t max)
{
	if (size + PROGRAM_RECORD <= max) {
		memset(bytes + size, engine_byte, PROGRAM_RECORD);
		return size + PROGRAM_RECORD;
	}
	bytes[0] = engine_byte;
	return size;
}

static bool keeps_promise_of_engine(void)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];
	static struct program wanted;
	size_t size = fake_engine(bytes, program_to_bytes(&before, bytes), CALLS_MAX * PROGRAM_RECORD);

	program_from_bytes(&wanted, bytes, size);
	return program_calls_equal(&wanted, &after);
}

static bool keeps_promise_of_fault(void)
{
	const struct call *was = difference.was, *is = difference.is;

	return was->op == OP_user_slice && was->number[0] == is->number[0];
}

static bool keeps_promise_of_handle(void)
{
	const struct call *was = difference.was, *is = difference.is;

	return was->handle[0] == is->handle[0] || was->handle[1] == is->handle[1];
}

/* The new calls are adjacent; each one except the last fills a handle or posts a semaphore. */
static bool keeps_promise_of_insert(void)
{
	const size_t *at = difference.new_at;

	for (size_t i = 0; i + 1 < difference.new_count; i++)
		if (at[i] + 1 != at[i + 1] ||
		    !(op_fills_handle(after.calls[at[i]].op) || after.calls[at[i]].op == OP_post))
			return false;
	return difference.new_count;
}

/* Two adjacent sequences of calls are swapped, which is the same as moving one of the sequences. */
static bool keeps_promise_of_move(void)
{
	size_t middle = before.count - difference.head - difference.tail;
	const struct call *old = before.calls + difference.head, *new = after.calls + difference.head;

	for (size_t turn = 1; before.count == after.count && turn < middle; turn++)
		if (are_same_calls(old, new + turn, middle - turn) &&
		    are_same_calls(old + middle - turn, new, turn))
			return true;
	return false;
}

/*
 * Return: whether @new is one of mutate_edges, is @old + 1 or @old - 1, is as far from a base as @old, or
 * gives 0 or PAGE_SIZE when a number of the program is added.
 */
static bool is_related_number(uint64_t old, uint64_t new)
{
	for (unsigned int i = 0; i < MUTATE_EDGES; i++)
		if (number_pack(new) % NUMBER_SPAN == mutate_edges[i])
			return true;
	for (size_t i = 0; i < 3 * before.count; i++) {
		uint64_t sum = new + before.calls[i / 3].number[i % 3];

		if (sum == 0 || sum == 4096)
			return true;
	}
	return new == old + 1 || new == old - 1 ||
	       number_pack(old) % NUMBER_SPAN == number_pack(new) % NUMBER_SPAN;
}

static bool keeps_promise_of_number(void)
{
	unsigned int changed = 0, related = 0;

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t old = difference.was->number[i], new = difference.is->number[i];

		changed += old != new;
		related += old != new &&is_related_number(old, new);
	}
	return changed == 1 && related == 1;
}

static bool keeps_promise_of_op(void)
{
	const char *old = op_table[difference.was->op].argument_kinds;
	const char *new = op_table[difference.is->op].argument_kinds;

	return difference.was->op != difference.is->op && strcspn(old, "v") == strcspn(new, "v") &&
	       !strncmp(old, new, strcspn(old, "v"));
}

/* Copies the calls of the thread to @calls. Return: the number of calls. */
static size_t copy_calls_of_thread(const struct program *program, uint8_t thread, struct call *calls)
{
	size_t count = 0;

	for (size_t i = 0; i < program->count; i++)
		if (program->calls[i].thread == thread)
			calls[count++] = program->calls[i];
	return count;
}

/* Each thread makes its calls in the old order, but calls of different threads are in another order. */
static bool keeps_promise_of_order(void)
{
	static struct call old[PROGRAM_CALLS], new[PROGRAM_CALLS];

	for (uint8_t thread = 0; thread < PROGRAM_THREADS; thread++) {
		size_t count = copy_calls_of_thread(&before, thread, old);

		if (copy_calls_of_thread(&after, thread, new) != count || !are_same_calls(old, new, count))
			return false;
	}
	return difference.head < before.count;
}

/* Return: whether one step of the mutation `range` makes the first range from the other range. */
static bool is_shifted_or_resized_range(uint64_t off, uint64_t len, uint64_t other_off, uint64_t other_len)
{
	if (len == other_len)
		return off == other_off || off + 1 == other_off || off == other_off + 1 ||
		       off == other_off + other_len || off + len == other_off ||
		       off == other_off + other_len - 1 || off + len - 1 == other_off;
	return off == other_off && (len + 1 == other_len || len == other_len + 1);
}

/* The new range is the range of another call, possibly shifted or resized by one step. */
static bool keeps_promise_of_range(void)
{
	const uint64_t *new = difference.is->number;

	if (difference.was->handle[1] != difference.is->handle[1])
		return false;
	for (const struct call *call = before.calls; call < before.calls + before.count; call++)
		/* Each of the two calls has up to two offsets and two lengths; try all 16 combinations. */
		for (unsigned int i = 0; i < 16 && call != difference.was; i++)
			if (is_shifted_or_resized_range(new[i & 1], new[1 + (i >> 1 & 1)],
							call->number[i >> 2 & 1], call->number[1 + (i >> 3)]))
				return true;
	return false;
}

static bool keeps_promise_of_remove(void)
{
	return after.count && after.count < before.count && difference.head + difference.tail == after.count;
}

/* Copies of a call follow the call; each copy fills a different handle, if the call fills one. */
static bool keeps_promise_of_repeat(void)
{
	size_t head = difference.head, count = after.count - before.count;
	const struct call *call;
	uint32_t filled = 0;

	if (after.count <= before.count)
		return false;
	/* The first copy may be before @head, because @head also counts copies that equal the call. */
	while (head && !after_is_before_with_inserted(head, count))
		head--;
	if (!head || !after_is_before_with_inserted(head, count))
		return false;
	call = &before.calls[head - 1];
	for (size_t i = head; i < head + count; i++) {
		struct call copy = after.calls[i];

		if (op_fills_handle(call->op)) {
			if (filled & 1u << copy.handle[0])
				return false;
			filled |= 1u << copy.handle[0];
			copy.handle[0] = call->handle[0];
		}
		if (!is_same_call(&copy, call))
			return false;
	}
	return true;
}

/* test_mutate_splice.c tests the handles of the result; this function tests the calls. */
static bool keeps_promise_of_splice(void)
{
	size_t copied_calls = 0, own_calls = 0;

	for (size_t i = 0; i < after.count; i++) {
		const struct call *call = &after.calls[i];

		if (call->line >= OTHER_LINES && call->line - OTHER_LINES < other.count)
			copied_calls += call->op == other.calls[call->line - OTHER_LINES].op;
		else if (own_calls < before.count && is_same_call(call, &before.calls[own_calls]))
			own_calls++;
	}
	/* The mutation removes calls at the end if the result has more than CALLS_MAX calls. */
	return copied_calls && copied_calls + own_calls == after.count &&
	       (own_calls == before.count || after.count == CALLS_MAX);
}

static bool keeps_promise_of_sync(void)
{
	const size_t *at = difference.new_at;
	const struct call *first = &after.calls[at[0]], *second = &after.calls[at[1]];

	if (difference.new_count != 2 || first->handle[0] != second->handle[0])
		return false;
	if (first->op == OP_lock)
		return second->op == OP_unlock && first->thread == second->thread && at[1] - at[0] > 1;
	return first->op == OP_post && second->op == OP_wait && first->thread != second->thread &&
	       first[-1].thread == first->thread && second[1].thread == second->thread;
}

/* All new calls are nested pairs of map and unmap around consecutive calls. */
static bool keeps_promise_of_nest(void)
{
	size_t count = difference.new_count;
	const size_t *at = difference.new_at;

	if (!count || count % 2)
		return false;
	for (size_t i = 0; i < count / 2; i++) {
		const struct call *map = &after.calls[at[i]], *unmap = &after.calls[at[count - 1 - i]];

		if (map->op != OP_kmap_local || unmap->op != OP_kunmap_local ||
		    map->thread != unmap->thread || map->handle[0] != unmap->handle[0])
			return false;
	}
	return at[count / 2] - at[count / 2 - 1] > 1;
}

/* All calls from the first to the last changed call have the same new thread. */
static bool keeps_promise_of_thread(void)
{
	if (!difference.differing_count)
		return false;
	for (size_t i = difference.head; i < before.count - difference.tail; i++)
		if (after.calls[i].thread != difference.is->thread ||
		    !differs_only_in(THREAD, &before.calls[i], &after.calls[i]))
			return false;
	return true;
}

/* Return: whether earlier calls fill each handle that @call uses, and none that @call fills. */
static bool are_handles_filled_as_needed(const struct call *call)
{
	struct call_handle handles[2];
	unsigned int count = call_get_handles(call, handles);

	for (unsigned int n = 0; n < count; n++) {
		char upper = (char)(op_handle_letters[handles[n].kind] & ~0x20);
		bool is_filled = false;

		for (const struct call *earlier = after.calls; earlier < call; earlier++)
			is_filled |= op_table[earlier->op].argument_kinds[0] == upper &&
				     earlier->handle[0] == handles[n].index;
		if (handles[n].kind < HANDLE_FILLED_KINDS && is_filled == handles[n].must_be_free)
			return false;
	}
	return true;
}

/* Calls are removed; each call that remains finds its handles filled, or is the only call. */
static bool keeps_promise_of_tidy(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < before.count; i++)
		if (kept < after.count && is_same_call(&before.calls[i], &after.calls[kept]))
			kept++;
	if (kept < after.count || after.count >= before.count || !after.count)
		return false;
	for (size_t i = 0; i < after.count && after.count > 1; i++)
		if (!are_handles_filled_as_needed(&after.calls[i]))
			return false;
	return true;
}

static bool keeps_promise_of_value(void)
{
	return true;
}

/* {mutation that changes exactly one call: the fields that may change}; 0 for other mutations. */
static const unsigned int changed_fields[MUTATION_COUNT] = {
	[MUTATION_fault] = FAULT | NUMBERS, [MUTATION_handle] = HANDLES,          [MUTATION_number] = NUMBERS,
	[MUTATION_op] = OP | VALUE,         [MUTATION_range] = HANDLES | NUMBERS, [MUTATION_value] = VALUE,
};

bool keeps_promise(enum mutation mutation)
{
	static bool (*const promises[])(void) = {
#define MUTATION(name, ...) keeps_promise_of_##name,
#include "harness/mutate/mutations.def"
	};
	unsigned int fields = changed_fields[mutation];

	compute_difference();
	if (fields &&
	    (difference.differing_count != 1 || !differs_only_in(fields, difference.was, difference.is)))
		return false;
	return promises[mutation]();
}
