/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Calls of fuzz_api that inject failures (R11): fault attributes and fail_nth. This file predicts each
 * failure as page.h describes it, independently of the library. While a request by fail_nth is pending, only
 * this request decides. Otherwise the fault attributes decide in this order: probability, task filter, times,
 * space, interval, chance.
 */
#include "fuzz/api.h"

#include <errno.h>

#include "fuzz/fuzz.h"
#include "harness/util/number.h"

static const struct page_fault_attr default_attr = PAGE_FAULT_ATTR_INIT;

static struct page_fault_attr expected_attrs[PAGE_FAULT_POINTS];
static unsigned int interval_call_counts[PAGE_FAULT_POINTS]; /* calls so far, for the attribute `interval` */
static unsigned int expected_nth; /* the n-th failure point from now on must fail; 0: fail_nth is off */
static bool task_may_fail;

/* ---- the prediction of failures ---- */

enum predicted_result { MUST_SUCCEED, MUST_FAIL, MAY_FAIL };

static enum predicted_result count_and_predict_by_attributes(enum page_fault_point point,
							     unsigned int page_count)
{
	struct page_fault_attr *attr = &expected_attrs[point];

	if (!attr->probability || (attr->task_filter && !task_may_fail) || !attr->times)
		return MUST_SUCCEED;
	if (attr->space > page_count) {
		attr->space -= page_count;
		return MUST_SUCCEED;
	}
	if (attr->interval > 1 && ++interval_call_counts[point] % attr->interval)
		return MUST_SUCCEED;
	return attr->probability == 100 ? MUST_FAIL : MAY_FAIL;
}

static enum predicted_result count_and_predict_failure(enum page_fault_point point, gfp_t gfp,
						       unsigned int order)
{
	const struct page_fault_attr *attr = &expected_attrs[point];

	if ((gfp & (__GFP_NOFAIL | attr->ignore_gfp)) ||
	    (point == PAGE_FAULT_ALLOC && order < attr->min_order))
		return MUST_SUCCEED;
	if (expected_nth)
		return --expected_nth ? MUST_SUCCEED : MUST_FAIL;
	return count_and_predict_by_attributes(point, 1u << order);
}

void api_check_predicted_failure(enum page_fault_point point, gfp_t gfp, unsigned int order, bool has_failed)
{
	static const char *const names[] = { "an allocation", "a copy from user memory" };
	enum predicted_result expected = count_and_predict_failure(point, gfp, order);

	api_expect(has_failed || expected != MUST_FAIL, "%s succeeded, expected a failure", names[point]);
	api_expect(!has_failed || expected != MUST_SUCCEED, "%s failed, expected success", names[point]);
	fuzz_report_outcome_part(DIGEST_TRACE, &has_failed, sizeof(has_failed));
	if (has_failed && expected_attrs[point].times > 0)
		expected_attrs[point].times--;
}

void api_check_failure_of_empty_copy(enum page_fault_point point)
{
	enum predicted_result expected = count_and_predict_failure(point, 0, 0);
	struct page_fault_attr now = default_attr;
	int before = expected_attrs[point].times, used;

	page_fault_attr_get(point, &now);
	used = before - now.times;
	api_expect(used == 0 || (used == 1 && expected != MUST_SUCCEED), "a point that had %d times has %d",
		   before, now.times);
	api_expect(used == 1 || expected != MUST_FAIL || before <= 0,
		   "a user copy of 0 bytes did not use its failure up");
	expected_attrs[point].times = now.times;
}

void api_reset_failure_injection(void)
{
	expected_nth = 0;
	task_may_fail = false;
	/*
	 * The library checks failure points only after the first request of a failure. Request a failure now,
	 * so that the first input behaves like later inputs.
	 */
	page_fail_nth(1);
	page_fail_nth(0);
	page_task_make_it_fail(false);
	for (enum page_fault_point point = 0; point < PAGE_FAULT_POINTS; point++) {
		expected_attrs[point] = default_attr;
		interval_call_counts[point] = 0;
		page_fault_attr_set(point, &default_attr);
	}
}

/* ---- calls ---- */

/*
 * Small numbers are reduced, so that the few calls of an input reach an interval and use up `times`. Large
 * numbers are passed unchanged, to test that they are truncated correctly.
 */
static uint64_t reduce_small_number(uint64_t number)
{
	return number < NUMBER_SPAN ? number % 8 : number;
}

/* Return: the space, mostly 0, because an input has too few calls to use up a larger space. */
static unsigned int derive_fault_space_in_pages(uint64_t number)
{
	return number % 64 < 16 ? number % 16 : 0;
}

/* The third number of the call encodes the space and, in its upper bits, most other attributes. */
static struct page_fault_attr decode_fault_attr(const struct api_call *call)
{
	static const unsigned int probabilities[] = { 100, 100, 50, 0, 101, 100, 1, 100 };
	static const gfp_t ignored[] = { 0, 0, __GFP_HIGHMEM, GFP_ATOMIC };
	uint64_t choices = call->numbers[2] >> 6;

	return (struct page_fault_attr){
		.probability = probabilities[choices & 7],
		.interval = (unsigned int)reduce_small_number(call->numbers[0]),
		.times = (int)(unsigned int)reduce_small_number(call->numbers[1]),
		.space = derive_fault_space_in_pages(call->numbers[2]),
		.min_order = choices >> 3 & 3,
		.task_filter = choices >> 5 & 1,
		.ignore_gfp = ignored[choices >> 6 & 3],
		.seed = call->numbers[0],
	};
}

/* The slot number selects the failure point; two of the four slot numbers select none. */
void api_run_fault_attr(const struct api_call *call)
{
	struct page_fault_attr attr = decode_fault_attr(call);
	enum page_fault_point point = call->slot_index;
	bool is_valid = point < PAGE_FAULT_POINTS && attr.probability <= 100 && attr.times >= -1;
	int ret = page_fault_attr_set(point, &attr);

	api_expect(ret == (is_valid ? 0 : -EINVAL),
		   "page_fault_attr_set(%u, probability %u, times %d) returned %d", point, attr.probability,
		   attr.times, ret);
	if (!is_valid)
		return;
	expected_attrs[point] = attr;
	interval_call_counts[point] = 0;
}

void api_run_fault_attr_get(const struct api_call *call)
{
	enum page_fault_point point = call->slot_index;
	bool is_valid = point < PAGE_FAULT_POINTS;
	struct page_fault_attr attr = default_attr, expected;
	int ret = page_fault_attr_get(point, &attr);

	api_expect(ret == (is_valid ? 0 : -EINVAL), "page_fault_attr_get(%u) returned %d", point, ret);
	if (!is_valid)
		return;
	expected = expected_attrs[point];
	api_expect(attr.times == expected.times && attr.space == expected.space,
		   "%d times and a space of %u are left of attributes, expected %d and %u", attr.times,
		   attr.space, expected.times, expected.space);
	api_expect(attr.probability == expected.probability && attr.interval == expected.interval &&
			   attr.min_order == expected.min_order && attr.task_filter == expected.task_filter &&
			   attr.ignore_gfp == expected.ignore_gfp,
		   "attributes are not what was set");
}

void api_run_fail_nth(const struct api_call *call)
{
	unsigned int n = (unsigned int)reduce_small_number(call->numbers[0]), left = page_fail_nth(n);

	api_expect(left == expected_nth, "page_fail_nth says that %u were left, expected %u", left,
		   expected_nth);
	expected_nth = n;
}

void api_run_make_it_fail(const struct api_call *call)
{
	bool on = call->numbers[0] & 1, before = page_task_make_it_fail(on);

	api_expect(before == task_may_fail, "page_task_make_it_fail says that it was %d, expected %d", before,
		   task_may_fail);
	task_may_fail = on;
}
