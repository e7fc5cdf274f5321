/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Failures by order (R11): attributes and fail_nth, with an account of them kept beside
 * the library's by the words of page.h: fail_nth is looked at first and alone while it
 * counts; then probability, task filter, times, space, interval, chance.
 */
#include "fuzz/api.h"

#include <errno.h>

#include "fuzz/fuzz.h"
#include "harness/util/number.h"

static const struct page_fault_attr start = PAGE_FAULT_ATTR_INIT;

static struct page_fault_attr attrs[PAGE_FAULT_POINTS];
static unsigned int calls[PAGE_FAULT_POINTS]; /* that came to the interval */
static unsigned int nth;
static bool let_in;

/* ---- the account ---- */

static enum api_fails by_attributes(enum page_fault_point point, unsigned int size)
{
	struct page_fault_attr *attr = &attrs[point];

	if (!attr->probability || (attr->task_filter && !let_in) || !attr->times)
		return API_SUCCEEDS;
	if (attr->space > size) {
		attr->space -= size;
		return API_SUCCEEDS;
	}
	if (attr->interval > 1 && ++calls[point] % attr->interval)
		return API_SUCCEEDS;
	return attr->probability == 100 ? API_FAILS : API_EITHER;
}

enum api_fails api_fails(enum page_fault_point point, gfp_t gfp, unsigned int order)
{
	const struct page_fault_attr *attr = &attrs[point];

	if ((gfp & (__GFP_NOFAIL | attr->ignore_gfp)) ||
	    (point == PAGE_FAULT_ALLOC && order < attr->min_order))
		return API_SUCCEEDS;
	if (nth)
		return --nth ? API_SUCCEEDS : API_FAILS;
	return by_attributes(point, 1u << order);
}

void api_failed(enum page_fault_point point, enum api_fails expected, bool failed)
{
	static const char *const names[] = { "an allocation", "a copy from user memory" };

	api_expect(failed || expected != API_FAILS, "%s succeeded, expected a failure",
		   names[point]);
	api_expect(!failed || expected != API_SUCCEEDS, "%s failed, expected success", names[point]);
	fuzz_report(DIGEST_TRACE, &failed, sizeof(failed));
	if (failed && attrs[point].times > 0)
		attrs[point].times--;
}

void api_failed_unseen(enum page_fault_point point, enum api_fails expected)
{
	struct page_fault_attr now = start;
	int before = attrs[point].times, used;

	page_fault_attr_get(point, &now);
	used = before - now.times;
	api_expect(used == 0 || (used == 1 && expected != API_SUCCEEDS),
		   "a point that had %d times has %d", before, now.times);
	api_expect(used == 1 || expected != API_FAILS || before <= 0,
		   "a user copy of 0 bytes did not use its failure up");
	attrs[point].times = now.times;
}

static void set_all(void)
{
	for (enum page_fault_point point = 0; point < PAGE_FAULT_POINTS; point++) {
		attrs[point] = start;
		calls[point] = 0;
		page_fault_attr_set(point, &start);
	}
}

void api_fault_reset(void)
{
	nth = 0;
	let_in = false;
	/* Once anything was to fail the library asks at every point: so from the first input on. */
	page_fail_nth(1);
	page_fail_nth(0);
	page_task_make_it_fail(false);
	set_all();
}

/* ---- calls ---- */

/* Small ones are what a few calls can use up; the others are kept for their truncation. */
static uint64_t small(uint64_t number)
{
	return number < NUMBER_SPAN ? number % 8 : number;
}

/* Mostly none, or few calls would get past it. */
static unsigned int space_of(uint64_t number)
{
	return number % 64 < 16 ? number % 16 : 0;
}

/* What 16 bits can say of the rest: number 2 holds space and the choices. */
static struct page_fault_attr attr_of(const struct api_call *call)
{
	static const unsigned int probabilities[] = { 100, 100, 50, 0, 101, 100, 1, 100 };
	static const gfp_t ignored[] = { 0, 0, __GFP_HIGHMEM, GFP_ATOMIC };
	uint64_t choices = call->number[2] >> 6;

	return (struct page_fault_attr){
		.probability = probabilities[choices & 7],
		.interval = (unsigned int)small(call->number[0]),
		.times = (int)(unsigned int)small(call->number[1]),
		.space = space_of(call->number[2]),
		.min_order = choices >> 3 & 3,
		.task_filter = choices >> 5 & 1,
		.ignore_gfp = ignored[choices >> 6 & 3],
		.seed = call->number[0],
	};
}

/* The slot says which point; two of the four are none. */
void api_fault_attr(const struct api_call *call)
{
	enum page_fault_point point = call->slot;
	struct page_fault_attr attr = attr_of(call);
	bool good = point < PAGE_FAULT_POINTS && attr.probability <= 100 && attr.times >= -1;
	int ret = page_fault_attr_set(point, &attr);

	api_expect(ret == (good ? 0 : -EINVAL),
		   "page_fault_attr_set(%u, probability %u, times %d) returned %d", point,
		   attr.probability, attr.times, ret);
	if (!good)
		return;
	attrs[point] = attr;
	calls[point] = 0;
}

void api_fault_attr_get(const struct api_call *call)
{
	enum page_fault_point point = call->slot;
	bool good = point < PAGE_FAULT_POINTS;
	const struct page_fault_attr *wanted = &attrs[good ? point : 0];
	struct page_fault_attr attr = start;
	int ret = page_fault_attr_get(point, &attr);

	api_expect(ret == (good ? 0 : -EINVAL), "page_fault_attr_get(%u) returned %d", point, ret);
	if (!good)
		return;
	api_expect(attr.times == wanted->times && attr.space == wanted->space,
		   "%d times and a space of %u are left of attributes, expected %d and %u",
		   attr.times, attr.space, wanted->times, wanted->space);
	api_expect(attr.probability == wanted->probability && attr.interval == wanted->interval &&
			   attr.min_order == wanted->min_order &&
			   attr.task_filter == wanted->task_filter &&
			   attr.ignore_gfp == wanted->ignore_gfp,
		   "attributes are not what was set");
}

void api_fail_nth(const struct api_call *call)
{
	unsigned int n = (unsigned int)small(call->number[0]), left = page_fail_nth(n);

	api_expect(left == nth, "page_fail_nth says that %u were left, expected %u", left, nth);
	nth = n;
}

void api_make_it_fail(const struct api_call *call)
{
	bool on = call->number[0] & 1, before = page_task_make_it_fail(on);

	api_expect(before == let_in, "page_task_make_it_fail says that it was %d, expected %d",
		   before, let_in);
	let_in = on;
}
