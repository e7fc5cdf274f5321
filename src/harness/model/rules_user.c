/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/bytes.h"
#include "harness/util/number.h"
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

static struct model_slice *find_slice(struct evaluation *j, unsigned int argument)
{
	return &j->rules->slices[j->call->handle[argument]];
}

void evaluate_user_slice(struct evaluation *j)
{
	const struct call *call = j->call;
	struct model_slice *slice = find_slice(j, 0);

	slice->size = call->number[0];
	slice->at = 0;
	slice->readable_end =
		call->has_fault ? number_min(call->number[1], slice->size) : slice->size;
	pattern_fill(slice->bytes, slice->readable_end, call->value);
}

void evaluate_skip(struct evaluation *j)
{
	struct model_slice *slice = find_slice(j, 0);

	if (j->call->number[0] > slice->size - slice->at)
		set_error_result(j, RESULT_EFAULT);
	else
		slice->at += j->call->number[0];
}

void evaluate_user_store(struct evaluation *j)
{
	const struct call *call = j->call;
	struct model_slice *slice = find_slice(j, 0);

	if (call->number[0] < slice->readable_end)
		pattern_fill(slice->bytes + call->number[0],
			     number_min(call->number[1], slice->readable_end - call->number[0]),
			     call->value);
}

/* Returns how many bytes of the next @len can be read. */
static uint64_t count_readable_bytes(struct evaluation *j, const struct model_slice *slice, uint64_t len)
{
	if (count_failure_point(j) || slice->readable_end <= slice->at)
		return 0;
	return number_min(len, slice->readable_end - slice->at);
}

void evaluate_copy_from_user_slice(struct evaluation *j)
{
	const struct call *call = j->call;
	struct model_slice *slice = find_slice(j, 1);
	uint64_t off = call->number[0], len = call->number[1], readable;

	if (!check_raw_access(j))
		return;
	if (len > slice->size - slice->at) {
		set_error_result(j, RESULT_EFAULT);
		return;
	}
	readable = count_readable_bytes(j, slice, len);
	bytes_copy(rules_write(j, call->handle[0], off, readable, 0), slice->bytes + slice->at,
		   readable);
	if (readable == len) {
		slice->at += len;
		return;
	}
	bytes_fill(rules_write(j, call->handle[0], off + readable, len - readable, 0), 0,
		   len - readable);
	set_error_result(j, RESULT_EFAULT);
}

void evaluate_fail_nth(struct evaluation *j)
{
	j->self->points_until_failure = j->call->number[0];
}
