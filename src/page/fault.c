/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Guarantees (R11), each tested by name in tests/test_page_fault.c:
 *
 *   1. A call that __GFP_NOFAIL, ignore_gfp or min_order exempts is no failure point: neither
 *      the attributes nor fail_nth count the call.
 *   2. While the fail_nth of a task is not 0, only fail_nth decides which call fails: the conditions of
 *      guarantee 3 are not tested. Each call of page_fail_nth() makes at most one call fail.
 *   3. While the fail_nth of a task is 0, the library tests these conditions in this order: probability is
 *      not 0, task filter, times, space, interval, random number. The first condition that does not hold ends
 *      the test. So space and interval count only calls for which the earlier conditions hold.
 *   4. Each failure, by fail_nth or by the attributes, reduces `times` of the failure point.
 *   5. The same seed and the same order of calls cause the same failures.
 *
 * All threads share the state of a failure point, so the library writes the state only while injection is on.
 * The accesses to this state are relaxed atomics, which order no threads (R3).
 */
#include "page/fault.h"

#include <errno.h>
#include <stdint.h>

#include "page/task.h"

atomic_bool fault_injection_is_on;

struct failure_point {
	atomic_uint probability, interval, min_order, ignore_gfp;
	atomic_int times;
	atomic_uint space;
	atomic_bool task_filter;
	atomic_uint calls;       /* number of calls, for interval */
	_Atomic uint64_t random; /* state of the random number generator */
};

static struct failure_point points[PAGE_FAULT_POINTS] = {
	{ .interval = 1, .times = 1 },
	{ .interval = 1, .times = 1 },
};

#define GET(field)        atomic_load_explicit(&point->field, memory_order_relaxed)
#define SET(field, value) atomic_store_explicit(&point->field, (value), memory_order_relaxed)

static void turn_injection_on(void)
{
	atomic_store_explicit(&fault_injection_is_on, true, memory_order_relaxed);
}

/* ---- attributes ---- */

static bool attr_is_valid(const struct page_fault_attr *attr)
{
	return attr->probability <= 100 && attr->times >= -1;
}

int page_fault_attr_set(enum page_fault_point which, const struct page_fault_attr *attr)
{
	struct failure_point *point = &points[which < PAGE_FAULT_POINTS ? which : 0];

	if (which >= PAGE_FAULT_POINTS || !attr_is_valid(attr))
		return -EINVAL;
	SET(interval, attr->interval);
	SET(times, attr->times);
	SET(space, attr->space);
	SET(min_order, attr->min_order);
	SET(task_filter, attr->task_filter);
	SET(ignore_gfp, attr->ignore_gfp);
	SET(calls, 0);
	SET(random, attr->seed);
	SET(probability, attr->probability);
	if (attr->probability)
		turn_injection_on();
	return 0;
}

int page_fault_attr_get(enum page_fault_point which, struct page_fault_attr *attr)
{
	struct failure_point *point = &points[which < PAGE_FAULT_POINTS ? which : 0];

	if (which >= PAGE_FAULT_POINTS)
		return -EINVAL;
	*attr = (struct page_fault_attr){
		.probability = GET(probability),
		.interval = GET(interval),
		.times = GET(times),
		.space = GET(space),
		.min_order = GET(min_order),
		.task_filter = GET(task_filter),
		.ignore_gfp = GET(ignore_gfp),
		.seed = GET(random),
	};
	return 0;
}

static NO_SANITIZE_THREAD unsigned int exchange_fail_nth(struct page_task *task, unsigned int n)
{
	unsigned int before = task->fail_nth;

	task->fail_nth = n;
	return before;
}

unsigned int page_fail_nth(unsigned int n)
{
	if (n)
		turn_injection_on();
	return exchange_fail_nth(task_get_or_create_current(), n);
}

static NO_SANITIZE_THREAD bool exchange_make_it_fail(struct page_task *task, bool on)
{
	bool before = task->make_it_fail;

	task->make_it_fail = on;
	return before;
}

bool page_task_make_it_fail(bool on)
{
	return exchange_make_it_fail(task_get_or_create_current(), on);
}

/* ---- failure points ---- */

enum nth_state { NTH_OFF, NTH_WAITS, NTH_FIRES };

static NO_SANITIZE_THREAD enum nth_state decrement_fail_nth(struct page_task *task)
{
	if (!task->fail_nth)
		return NTH_OFF;
	return --task->fail_nth ? NTH_WAITS : NTH_FIRES;
}

static NO_SANITIZE_THREAD bool has_make_it_fail_flag(const struct page_task *task)
{
	return task->make_it_fail;
}

/* If space is larger than @call_page_count, reduces space by @call_page_count. Return: true if reduced. */
static bool spend_space(struct failure_point *point, unsigned int call_page_count)
{
	unsigned int space = GET(space);

	while (space > call_page_count)
		if (atomic_compare_exchange_weak_explicit(&point->space, &space, space - call_page_count,
							  memory_order_relaxed, memory_order_relaxed))
			return true;
	return false;
}

/* Counts the call. Return: true unless the call is the last one of an interval. */
static bool is_call_skipped_by_interval(struct failure_point *point)
{
	unsigned int interval = GET(interval);

	if (interval <= 1)
		return false;
	return (atomic_fetch_add_explicit(&point->calls, 1, memory_order_relaxed) + 1) % interval;
}

/* Return: a random number from 0 to 99, from a Weyl sequence whose bits are mixed. */
static unsigned int draw_percentage(struct failure_point *point)
{
	const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t x = atomic_fetch_add_explicit(&point->random, step, memory_order_relaxed) + step;

	x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
	x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
	return (unsigned int)((x ^ (x >> 32)) % 100);
}

/* Tests the conditions of guarantee 3. A tested call can reduce space, and is counted for interval. */
static bool update_attributes_and_check_failure(struct failure_point *point, const struct page_task *task,
						unsigned int call_page_count)
{
	if (!GET(probability))
		return false;
	if (GET(task_filter) && !has_make_it_fail_flag(task))
		return false;
	if (!GET(times))
		return false;
	if (spend_space(point, call_page_count))
		return false;
	if (is_call_skipped_by_interval(point))
		return false;
	return draw_percentage(point) < GET(probability);
}

static void decrement_positive_times(struct failure_point *point)
{
	int times = GET(times);

	while (times > 0 &&
	       !atomic_compare_exchange_weak_explicit(&point->times, &times, times - 1, memory_order_relaxed,
						      memory_order_relaxed))
		;
}

static bool count_and_check_failure(struct failure_point *point, unsigned int call_page_count)
{
	struct page_task *task = task_get_or_create_current();
	enum nth_state nth = decrement_fail_nth(task);

	if (nth == NTH_WAITS)
		return false;
	if (nth == NTH_OFF && !update_attributes_and_check_failure(point, task, call_page_count))
		return false;
	decrement_positive_times(point);
	return true;
}

bool count_alloc_and_check_failure(gfp_t gfp, unsigned int order)
{
	struct failure_point *point = &points[PAGE_FAULT_ALLOC];

	if ((gfp & (__GFP_NOFAIL | GET(ignore_gfp))) || order < GET(min_order))
		return false;
	return count_and_check_failure(point, 1u << order);
}

bool count_usercopy_and_check_failure(void)
{
	return count_and_check_failure(&points[PAGE_FAULT_USERCOPY], 1);
}
