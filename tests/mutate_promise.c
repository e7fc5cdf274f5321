/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Checks what each line of mutations.def promises: the difference between @before and @after is the
 * described one and no other. A call is identified by its line.
 */
#include "tests/mutate_promise.h"

#include <string.h>

#include "harness/util/number.h"
#include "harness/program/program_bytes.h"

struct program before, other, after;

/* ---- differences ---- */

static bool is_same_call(const struct call *a, const struct call *b)
{
	return call_equal(a, b) && a->line == b->line && a->expected_result == b->expected_result;
}

bool are_same_calls(const struct call *a, const struct call *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_same_call(&a[i], &b[i]))
			return false;
	return true;
}

enum call_field { OP = 1, THREAD = 2, HANDLES = 4, VALUE = 8, FAULT = 16, NUMBERS = 32 };

/* Returns whether @was and @is differ only in these fields. */
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

/* The call that differs, before and after. */
static const struct call *was, *is;

/*
 * Returns whether exactly one call differs, and only in these fields. Sets @was and @is to this
 * call.
 */
static bool exactly_one_call_differs(unsigned int fields)
{
	size_t count = 0;

	for (size_t i = 0; i < before.count && before.count == after.count; i++)
		if (!is_same_call(&before.calls[i], &after.calls[i])) {
			was = &before.calls[i];
			is = &after.calls[i];
			count++;
		}
	return count == 1 && differs_only_in(fields, was, is);
}

/* Returns whether @after without the @count calls at @at equals @before. */
static bool is_before_without(size_t at, size_t count)
{
	return after.count == before.count + count &&
	       are_same_calls(before.calls, after.calls, at) &&
	       are_same_calls(before.calls + at, after.calls + at + count, before.count - at);
}

/*
 * Finds the new calls of @after. Return: their number; 0 if @after differs from @before otherwise.
 */
static size_t find_new_calls(size_t at[CALLS_MAX])
{
	size_t kept = 0, count = 0;

	for (size_t i = 0; i < after.count; i++)
		if (!after.calls[i].line)
			at[count++] = i;
		else if (kept == before.count ||
			 !is_same_call(&after.calls[i], &before.calls[kept++]))
			return 0;
	return kept == before.count ? count : 0;
}

/* Gets the lengths of the equal beginnings and ends. */
static void find_common_ends(size_t *head, size_t *tail)
{
	size_t least = before.count < after.count ? before.count : after.count;

	for (*head = 0; *head < least; ++*head)
		if (!is_same_call(&before.calls[*head], &after.calls[*head]))
			break;
	for (*tail = 0; *tail < least - *head; ++*tail)
		if (!is_same_call(&before.calls[before.count - 1 - *tail],
			       &after.calls[after.count - 1 - *tail]))
			break;
}

/* ---- promises ---- */

static bool keeps_promise_of_duplicate(void)
{
	size_t head, tail, count = after.count - before.count;

	if (after.count <= before.count)
		return false;
	find_common_ends(&head, &tail);
	/* A copy next to its original cannot be distinguished from it, so all places are tried. */
	for (size_t at = 0; at <= head; at++)
		for (size_t from = 0; is_before_without(at, count) && from + count <= before.count;
		     from++)
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
	return program_equal(&wanted, &after);
}

static bool keeps_promise_of_fault(void)
{
	return exactly_one_call_differs(FAULT | NUMBERS) && was->op == OP_user_slice &&
	       was->number[0] == is->number[0];
}

static bool keeps_promise_of_handle(void)
{
	return exactly_one_call_differs(HANDLES) &&
	       (was->handle[0] == is->handle[0] || was->handle[1] == is->handle[1]);
}

static bool op_fills_kind(enum op op, char letter)
{
	return op_table[op].argument_kinds[0] == (letter & ~0x20);
}

static bool op_fills_any_kind(enum op op)
{
	return op_fills_kind(op, 'p') || op_fills_kind(op, 'k') || op_fills_kind(op, 'u');
}

/* Before the last new call are only new calls that create what it needs. */
static bool keeps_promise_of_insert(void)
{
	size_t at[CALLS_MAX], count = find_new_calls(at);

	for (size_t i = 0; i + 1 < count; i++)
		if (at[i] + 1 != at[i + 1] ||
		    !(op_fills_any_kind(after.calls[at[i]].op) || after.calls[at[i]].op == OP_post))
			return false;
	return count;
}

/* One run moved: between equal ends two neighbouring runs are swapped. */
static bool keeps_promise_of_move(void)
{
	size_t head, tail, middle;

	if (before.count != after.count)
		return false;
	find_common_ends(&head, &tail);
	if (head == before.count)
		return false;
	middle = before.count - head - tail;
	for (size_t turn = 1; turn < middle; turn++)
		if (are_same_calls(before.calls + head, after.calls + head + turn, middle - turn) &&
		    are_same_calls(before.calls + head + middle - turn, after.calls + head, turn))
			return true;
	return false;
}

/*
 * A related number is an edge, has the old distance from a base, or is one more or less; or its
 * sum with another number of the program is 0 or the size of a page.
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

	if (!exactly_one_call_differs(NUMBERS))
		return false;
	for (unsigned int i = 0; i < 3; i++)
		if (was->number[i] != is->number[i]) {
			changed++;
			related += is_related_number(was->number[i], is->number[i]);
		}
	return changed == 1 && related == 1;
}

static bool keeps_promise_of_op(void)
{
	const char *old, *new;

	if (!exactly_one_call_differs(OP | VALUE) || was->op == is->op)
		return false;
	old = op_table[was->op].argument_kinds;
	new = op_table[is->op].argument_kinds;
	return strcspn(old, "v") == strcspn(new, "v") && !strncmp(old, new, strcspn(old, "v"));
}

/* Each thread has its calls in the old order, but the interleaving differs. */
static bool keeps_promise_of_order(void)
{
	size_t head, tail;

	if (before.count != after.count)
		return false;
	find_common_ends(&head, &tail);
	for (uint8_t thread = 0; thread < PROGRAM_THREADS; thread++) {
		size_t i = 0, j = 0;

		for (;; i++, j++) {
			while (i < before.count && before.calls[i].thread != thread)
				i++;
			while (j < after.count && after.calls[j].thread != thread)
				j++;
			if (i == before.count && j == after.count)
				break;
			if (i == before.count || j == after.count)
				return false;
			if (!is_same_call(&before.calls[i], &after.calls[j]))
				return false;
		}
	}
	return head < before.count;
}

static bool is_adjacent_range(uint64_t off, uint64_t len, uint64_t from, uint64_t size)
{
	if (len == size)
		return off == from || off + 1 == from || off == from + 1 || off == from + size ||
		       off + len == from || off == from + size - 1 || off + len - 1 == from;
	return off == from && (len + 1 == size || len == size + 1);
}

/*
 * One call differs, in its numbers and its first handle; its range is next to that of another
 * call.
 */
static bool keeps_promise_of_range(void)
{
	if (!exactly_one_call_differs(HANDLES | NUMBERS) || was->handle[1] != is->handle[1])
		return false;
	for (const struct call *call = before.calls; call < before.calls + before.count; call++) {
		const uint64_t *n = call->number, *x = is->number;

		for (unsigned int a = 0; a < 4 && call != was; a++)
			for (unsigned int b = 0; b < 4; b++)
				if (is_adjacent_range(x[a & 1], x[1 + a / 2], n[b & 1],
						      n[1 + b / 2]))
					return true;
	}
	return false;
}

static bool keeps_promise_of_remove(void)
{
	size_t head, tail;

	find_common_ends(&head, &tail);
	return after.count && after.count < before.count && head + tail == after.count;
}

/* One call and copies of it, which differ only in the handles that they fill. */
static bool keeps_promise_of_repeat(void)
{
	size_t head, tail, count = after.count - before.count;
	const struct call *call;
	uint32_t filled = 0;

	if (after.count <= before.count)
		return false;
	find_common_ends(&head, &tail);
	/* Equal copies are part of the equal beginning; with other handles they are not. */
	while (head && !is_before_without(head, count))
		head--;
	if (!head || !is_before_without(head, count))
		return false;
	call = &before.calls[head - 1];
	for (size_t i = head; i < head + count; i++) {
		struct call copy = after.calls[i];

		if (op_fills_any_kind(call->op)) {
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

/* Names of handles are tested by test_mutate_splice. */
static bool keeps_promise_of_splice(void)
{
	size_t theirs = 0, own = 0;

	for (size_t i = 0; i < after.count; i++) {
		const struct call *call = &after.calls[i];

		if (call->line >= OTHER_LINES && call->line - OTHER_LINES < other.count)
			theirs += call->op == other.calls[call->line - OTHER_LINES].op;
		else if (own < before.count && is_same_call(call, &before.calls[own]))
			own++;
	}
	/* Surplus calls at the end are cut. */
	return theirs && theirs + own == after.count &&
	       (own == before.count || after.count == CALLS_MAX);
}

static bool keeps_promise_of_sync(void)
{
	size_t at[CALLS_MAX], count = find_new_calls(at);
	const struct call *a, *b;

	if (count != 2)
		return false;
	a = &after.calls[at[0]];
	b = &after.calls[at[1]];
	if (a->handle[0] != b->handle[0])
		return false;
	if (a->op == OP_lock)
		return b->op == OP_unlock && a->thread == b->thread && at[1] - at[0] > 1;
	return a->op == OP_post && b->op == OP_wait && a->thread != b->thread &&
	       after.calls[at[0] - 1].thread == a->thread &&
	       after.calls[at[1] + 1].thread == b->thread;
}

/* Pairs around a run, the newest mapping inside, as many as there are new calls. */
static bool keeps_promise_of_nest(void)
{
	size_t at[CALLS_MAX], count = find_new_calls(at);

	if (!count || count % 2)
		return false;
	for (size_t i = 0; i < count / 2; i++) {
		const struct call *map = &after.calls[at[i]];
		const struct call *unmap = &after.calls[at[count - 1 - i]];

		if (map->op != OP_kmap_local || unmap->op != OP_kunmap_local ||
		    map->thread != unmap->thread || map->handle[0] != unmap->handle[0])
			return false;
	}
	return at[count / 2] - at[count / 2 - 1] > 1;
}

/* A run whose calls all have the same new thread. */
static bool keeps_promise_of_thread(void)
{
	size_t head, tail;

	if (before.count != after.count)
		return false;
	find_common_ends(&head, &tail);
	for (size_t i = head; i < before.count - tail; i++) {
		if (after.calls[i].thread != after.calls[head].thread ||
		    !differs_only_in(THREAD, &before.calls[i], &after.calls[i]))
			return false;
	}
	return head < before.count;
}

/* The call's handle to fill is empty, and the handles that it uses are filled. */
static bool has_all_needed_handles(const struct program *program, size_t at)
{
	const struct call *call = &program->calls[at];
	unsigned int handles = 0;

	for (const char *kind = op_table[call->op].argument_kinds; *kind; kind++) {
		bool filled = false;

		if (!op_handle_count(*kind))
			continue;
		for (size_t i = 0; i < at; i++)
			filled |= op_fills_kind(program->calls[i].op, *kind) &&
				  program->calls[i].handle[0] == call->handle[handles];
		handles++;
		if (*kind != 'm' && *kind != 's' && filled != (bool)(*kind & 0x20))
			return false;
	}
	return true;
}

/* Some calls are removed, all of them without effect; the others find what they need. */
static bool keeps_promise_of_tidy(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < before.count; i++)
		if (kept < after.count && is_same_call(&before.calls[i], &after.calls[kept]))
			kept++;
	if (kept < after.count || after.count >= before.count || !after.count)
		return false;
	for (size_t i = 0; i < after.count && after.count > 1; i++)
		if (!has_all_needed_handles(&after, i))
			return false;
	return true;
}

static bool keeps_promise_of_value(void)
{
	return exactly_one_call_differs(VALUE);
}

bool (*const promises[MUTATION_COUNT])(void) = {
#define MUTATION(name, ...) [MUTATION_##name] = keeps_promise_of_##name,
#include "harness/mutate/mutations.def"
#undef MUTATION
};
