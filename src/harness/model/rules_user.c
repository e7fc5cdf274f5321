/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/bytes.h"
#include "harness/util/number.h"
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

static struct model_slice *find_slice(struct evaluation *j, unsigned int argument)
{
	return &j->rules->slices[j->call->handle[argument]];
}

enum call_outcome evaluate_user_slice(struct evaluation *j)
{
	const struct call *call = j->call;
	struct model_slice *slice = find_slice(j, 0);

	slice->is_filled = true;
	slice->size = call->number[0];
	slice->at = 0;
	slice->readable_end =
		call->has_fault ? number_min(call->number[1], slice->size) : slice->size;
	pattern_fill(slice->bytes, slice->readable_end, call->value);
	return CALL_RAN;
}

enum call_outcome evaluate_skip(struct evaluation *j)
{
	struct model_slice *slice = find_slice(j, 0);

	if (j->call->number[0] > slice->size - slice->at)
		return set_result(j, RESULT_EFAULT);
	slice->at += j->call->number[0];
	return set_result(j, RESULT_0);
}

enum call_outcome evaluate_user_store(struct evaluation *j)
{
	const struct call *call = j->call;
	struct model_slice *slice = find_slice(j, 0);

	if (call->number[0] < slice->readable_end)
		pattern_fill(slice->bytes + call->number[0],
			     number_min(call->number[1], slice->readable_end - call->number[0]),
			     call->value);
	return CALL_RAN;
}

enum call_outcome evaluate_copy_from_user_slice(struct evaluation *j)
{
	const struct call *call = j->call;
	struct model_slice *slice = find_slice(j, 1);
	uint64_t len = call->number[1], good;
	enum call_outcome outcome;
	uint8_t *target;

	if (!check_raw_access(j, &outcome))
		return outcome;
	if (len > slice->size - slice->at)
		return set_result(j, RESULT_EFAULT);
	good = slice->readable_end > slice->at ? number_min(len, slice->readable_end - slice->at)
					       : 0;
	if (count_failure_point(j))
		good = 0;
	target = rules_write(j, call->handle[0], call->number[0], good, 0);
	bytes_copy(target, slice->bytes + slice->at, good);
	if (good < len) {
		target = rules_write(j, call->handle[0], call->number[0] + good, len - good, 0);
		bytes_fill(target, 0, len - good);
		return set_result(j, RESULT_EFAULT);
	}
	slice->at += len;
	return set_result(j, RESULT_0);
}

enum call_outcome evaluate_fail_nth(struct evaluation *j)
{
	j->self->points_until_failure = j->call->number[0];
	return CALL_RAN;
}
