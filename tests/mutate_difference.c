/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tests/mutate_difference.h"

#include <string.h>

struct program before, other, after;

bool same_call(const struct call *a, const struct call *b)
{
	return call_equal(a, b) && a->line == b->line && a->expected_result == b->expected_result;
}

bool same_calls(const struct call *a, const struct call *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!same_call(&a[i], &b[i]))
			return false;
	return true;
}

bool one_differs(size_t *at)
{
	size_t count = 0;

	if (before.count != after.count)
		return false;
	for (size_t i = 0; i < before.count; i++)
		if (!same_call(&before.calls[i], &after.calls[i])) {
			*at = i;
			count++;
		}
	return count == 1;
}

bool one_number(uint64_t *was, uint64_t *is)
{
	struct call call;
	size_t at;

	if (!one_differs(&at))
		return false;
	call = after.calls[at];
	for (unsigned int i = 0; i < 3; i++)
		if (call.number[i] != before.calls[at].number[i]) {
			*was = before.calls[at].number[i];
			*is = call.number[i];
			call.number[i] = *was;
			return same_call(&call, &before.calls[at]);
		}
	return false;
}

bool is_before_without(size_t at, size_t count)
{
	return after.count == before.count + count &&
	       same_calls(before.calls, after.calls, at) &&
	       same_calls(before.calls + at, after.calls + at + count, before.count - at);
}

size_t new_calls(size_t at[CALLS_MAX])
{
	size_t kept = 0, count = 0;

	for (size_t i = 0; i < after.count; i++)
		if (!after.calls[i].line)
			at[count++] = i;
		else if (kept == before.count || !same_call(&after.calls[i], &before.calls[kept++]))
			return 0;
	return kept == before.count ? count : 0;
}

void common_ends(size_t *head, size_t *tail)
{
	size_t least = before.count < after.count ? before.count : after.count;

	for (*head = 0; *head < least; ++*head)
		if (!same_call(&before.calls[*head], &after.calls[*head]))
			break;
	for (*tail = 0; *tail < least - *head; ++*tail)
		if (!same_call(&before.calls[before.count - 1 - *tail],
			       &after.calls[after.count - 1 - *tail]))
			break;
}
