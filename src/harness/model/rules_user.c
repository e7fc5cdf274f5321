/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/bytes.h"
#include "harness/util/number.h"
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

static struct model_slice *find_slice_of_argument(struct evaluation *eval, unsigned int handle_index)
{
	return &eval->rules->slices[eval->call->handle[handle_index]];
}

void evaluate_user_slice(struct evaluation *eval)
{
	const struct call *call = eval->call;
	struct model_slice *slice = find_slice_of_argument(eval, 0);

	slice->size = call->number[0];
	slice->at = 0;
	slice->readable_end = call->has_fault ? number_min(call->number[1], slice->size) : slice->size;
	pattern_fill(slice->bytes, slice->readable_end, call->value);
}

void evaluate_skip(struct evaluation *eval)
{
	struct model_slice *slice = find_slice_of_argument(eval, 0);

	if (eval->call->number[0] > slice->size - slice->at)
		set_error_result(eval, RESULT_EFAULT);
	else
		slice->at += eval->call->number[0];
}

void evaluate_user_store(struct evaluation *eval)
{
	const struct call *call = eval->call;
	struct model_slice *slice = find_slice_of_argument(eval, 0);

	if (call->number[0] < slice->readable_end)
		pattern_fill(slice->bytes + call->number[0],
			     number_min(call->number[1], slice->readable_end - call->number[0]), call->value);
}

/* Returns how many bytes at the reader's position can be read, at most @len. */
static uint64_t count_readable_bytes(const struct model_slice *slice, uint64_t len)
{
	return slice->readable_end <= slice->at ? 0 : number_min(len, slice->readable_end - slice->at);
}

void evaluate_copy_from_user_slice(struct evaluation *eval)
{
	const struct call *call = eval->call;
	struct model_slice *slice = find_slice_of_argument(eval, 1);
	uint64_t off = call->number[0], len = call->number[1], readable;

	if (!check_range_and_page_use(eval))
		return;
	if (len > slice->size - slice->at) {
		set_error_result(eval, RESULT_EFAULT);
		return;
	}
	readable = count_point_and_check_failure(eval) ? 0 : count_readable_bytes(slice, len);
	bytes_copy(rules_record_write(eval, call->handle[0], off, readable, 0), slice->bytes + slice->at,
		   readable);
	if (readable == len) {
		slice->at += len;
		return;
	}
	if (eval->rules->user_copy_may_stop_early)
		bytes_fill(eval->rules->pages[call->handle[0]].initialised + off, INITIALISED_OR_ZERO,
			   readable);
	bytes_fill(rules_record_write(eval, call->handle[0], off + readable, len - readable, 0), 0,
		   len - readable);
	set_error_result(eval, RESULT_EFAULT);
}

void evaluate_fail_nth(struct evaluation *eval)
{
	eval->self->points_until_failure = eval->call->number[0];
}
