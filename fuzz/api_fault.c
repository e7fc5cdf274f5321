/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Calls of fuzz_api that inject failures (R11): fault attributes and fail_nth. This file predicts each
 * failure as page.h describes it, independently of the library. While a request by fail_nth is pending, only
 * this request decides. Otherwise the fault attributes decide in this order: probability, task filter, times,
 * space, interval, chance.
 */
#include "fuzz/api.h"

#include <errno.h>
#include <limits.h>

#include "fuzz/fuzz.h"
#include "harness/util/no_coverage.h"
#include "harness/util/number.h"

static const struct page_fault_attr default_attr = PAGE_FAULT_ATTR_INIT;

static struct page_fault_attr expected_attrs[PAGE_FAULT_POINTS];
static unsigned int interval_call_counts[PAGE_FAULT_POINTS]; /* calls so far, for the attribute `interval` */

/* ---- the prediction of failures ---- */

/* [P265] [P266] [P267] [P268] [P269] [P270] [P271] */
static enum api_prediction count_and_predict_by_attributes(enum page_fault_point point,
							   unsigned int page_count)
{
	struct page_fault_attr *attr = &expected_attrs[point];

	if (!attr->probability || (attr->task_filter && !api_current_task()->may_fail) || !attr->times)
		return MUST_SUCCEED;
	if (attr->space > page_count) {
		attr->space -= page_count;
		return MUST_SUCCEED;
	}
	if (attr->interval > 1 && ++interval_call_counts[point] % attr->interval)
		return MUST_SUCCEED;
	return attr->probability == 100 ? MUST_FAIL : MAY_FAIL;
}

/* [P256] [P257] [P258] */
enum api_prediction api_count_and_predict(enum page_fault_point point, gfp_t gfp, unsigned int order)
{
	const struct page_fault_attr *attr = &expected_attrs[point];
	struct model_task *task = api_current_task();

	if ((gfp & (__GFP_NOFAIL | attr->ignore_gfp)) ||
	    (point == PAGE_FAULT_ALLOC && order < attr->min_order))
		return MUST_SUCCEED;
	if (task->fail_nth)
		return --task->fail_nth ? MUST_SUCCEED : MUST_FAIL;
	return count_and_predict_by_attributes(point, 1u << order);
}

void api_check_prediction(enum page_fault_point point, enum api_prediction prediction, bool has_failed)
{
	static const char *const names[] = { "an allocation", "a copy from user memory" };

	api_expect(has_failed || prediction != MUST_FAIL, "%s succeeded, expected a failure", names[point]);
	api_expect(!has_failed || prediction != MUST_SUCCEED, "%s failed, expected success", names[point]);
	fuzz_report_outcome_part(DIGEST_TRACE, &has_failed, sizeof(has_failed));
	if (has_failed && expected_attrs[point].times > 0)
		expected_attrs[point].times--;
}

void api_check_predicted_failure(enum page_fault_point point, gfp_t gfp, unsigned int order, bool has_failed)
{
	api_check_prediction(point, api_count_and_predict(point, gfp, order), has_failed);
}

bool api_did_times_decrease(enum page_fault_point point, bool otherwise)
{
	struct page_fault_attr now = default_attr;

	if (expected_attrs[point].times <= 0)
		return otherwise;
	page_fault_attr_get(point, &now);
	return now.times != expected_attrs[point].times;
}

bool api_is_failure_requested(enum page_fault_point point)
{
	return api_current_task()->fail_nth || expected_attrs[point].probability;
}

static void set_expected_attr(enum page_fault_point point, const struct page_fault_attr *attr)
{
	expected_attrs[point] = *attr;
	interval_call_counts[point] = 0;
}

static void set_default_attrs(void)
{
	for (enum page_fault_point point = 0; point < PAGE_FAULT_POINTS; point++) {
		set_expected_attr(point, &default_attr);
		page_fault_attr_set(point, &default_attr);
	}
}

void api_cancel_failure_injection(void)
{
	page_fail_nth(0);
	api_current_task()->fail_nth = 0;
	set_default_attrs();
}

void api_reset_failure_injection(void)
{
	/*
	 * The library checks failure points only after the first request of a failure. Request a failure now,
	 * so that the first input behaves like later inputs.
	 */
	page_fail_nth(1);
	api_cancel_failure_injection();
}

/* ---- attributes ---- */

/* The seed is not compared: it changes with each random number. */
static void check_attributes_of_point(enum page_fault_point point)
{
	const struct page_fault_attr expected = expected_attrs[point];
	struct page_fault_attr attr = default_attr;

	api_expect(!page_fault_attr_get(point, &attr), "page_fault_attr_get(%u) failed", point);
	api_expect(attr.times == expected.times && attr.space == expected.space,
		   "%d times and a space of %u are left of attributes, expected %d and %u", attr.times,
		   attr.space, expected.times, expected.space);
	api_expect(attr.probability == expected.probability && attr.interval == expected.interval &&
			   attr.min_order == expected.min_order && attr.task_filter == expected.task_filter &&
			   attr.ignore_gfp == expected.ignore_gfp,
		   "attributes are not what was set");
}

/* [P288] [P289] */
void api_check_attributes(void)
{
	for (enum page_fault_point point = 0; point < PAGE_FAULT_POINTS; point++)
		check_attributes_of_point(point);
}

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
	struct page_fault_attr attr = decode_fault_attr(call), copy = attr;
	enum page_fault_point point = call->slot_index;
	bool is_valid = point < PAGE_FAULT_POINTS && attr.probability <= 100 && attr.times >= -1;
	int ret = page_fault_attr_set(point, &attr);

	/* [P284] [P285] [P286] [P287] */
	api_expect(ret == (is_valid ? 0 : -EINVAL),
		   "page_fault_attr_set(%u, probability %u, times %d) returned %d", point, attr.probability,
		   attr.times, ret);
	/* The library has a copy. [P283] */
	attr.times = 12345;
	attr.space = 12345;
	if (is_valid)
		set_expected_attr(point, &copy);
}

void api_run_fault_attr_get(const struct api_call *call)
{
	enum page_fault_point point = call->slot_index;
	bool is_valid = point < PAGE_FAULT_POINTS;
	struct page_fault_attr attr = default_attr;
	int ret = page_fault_attr_get(point, &attr);

	api_expect(ret == (is_valid ? 0 : -EINVAL), "page_fault_attr_get(%u) returned %d", point, ret);
	if (is_valid)
		check_attributes_of_point(point);
}

/* ---- several calls with the same attributes ---- */

#define CALLS_IN_A_ROW 8

static void alloc_and_free(gfp_t gfp)
{
	struct page *page = page_alloc(gfp);

	api_check_predicted_failure(PAGE_FAULT_ALLOC, gfp, 0, !page);
	page_free(page);
}

static void alloc_and_free_buffer(unsigned int order)
{
	void *buffer = page_buffer_alloc((PAGE_SIZE << order) - 7);

	api_check_predicted_failure(PAGE_FAULT_ALLOC, GFP_KERNEL, order, !buffer);
	page_buffer_free(buffer);
}

static void copy_one_byte(struct model_page *page)
{
	static const unsigned char byte = 0x77;
	struct user_slice_reader reader;
	int ret;

	user_slice_reader_init(&reader, user_slice_new(&byte, 1));
	ret = page_copy_from_user_slice(page->page, &reader, 0, 1);
	api_check_predicted_failure(PAGE_FAULT_USERCOPY, 0, 0, ret != 0);
	if (ret)
		api_model_fill_zero(page, 0, 1);
	else
		api_model_write(page, 0, &byte, 1);
}

static void change_fail_nth(unsigned int n)
{
	struct model_task *task = api_current_task();
	unsigned int left = page_fail_nth(n);

	api_expect(left == task->fail_nth, "page_fail_nth says that %u were left, expected %u", left,
		   task->fail_nth);
	task->fail_nth = n;
}

static void change_make_it_fail(bool on)
{
	struct model_task *task = api_current_task();
	bool before = page_task_make_it_fail(on);

	api_expect(before == task->may_fail, "page_task_make_it_fail says that it was %d, expected %d",
		   before, task->may_fail);
	task->may_fail = on;
}

static void run_one_of_several_calls(struct model_page *page, enum page_fault_point point, uint64_t choice)
{
	static const gfp_t flags[] = { GFP_KERNEL, GFP_ATOMIC, GFP_NOIO | __GFP_HIGHMEM,
				       GFP_KERNEL | __GFP_NOFAIL };

	if (choice % 16 == 13)
		change_make_it_fail(choice / 16 % 2);
	if (choice % 16 == 14)
		change_fail_nth((unsigned int)(choice / 16 % 4));
	if (point == PAGE_FAULT_USERCOPY)
		copy_one_byte(page);
	else if (choice % 4 == 3)
		alloc_and_free_buffer((unsigned int)(choice / 4 % 3));
	else
		alloc_and_free(flags[choice / 4 % 4]);
}

/* Sets attributes with a probability of 100 %, and makes calls that may fail by them. */
void api_run_fault_calls(const struct api_call *call)
{
	enum page_fault_point point = call->slot_index % PAGE_FAULT_POINTS;
	struct model_page *page = api_get_or_alloc_page(call);
	struct page_fault_attr attr = decode_fault_attr(call);
	uint64_t choice = call->numbers[0] / 4 + call->numbers[1];

	if (!api_has_free_mappings(1))
		return;
	attr.probability = 100;
	attr.interval %= 4;
	attr.times = (int)(call->numbers[1] % 8) - 1;
	api_expect(!page_fault_attr_set(point, &attr), "page_fault_attr_set failed");
	set_expected_attr(point, &attr);
	for (unsigned int i = 0; i < CALLS_IN_A_ROW; i++, choice = choice * 5 + 3)
		run_one_of_several_calls(page, point, choice);
	api_touch_page(page);
}

/* ---- random numbers ---- */

/* A copy of 0 bytes draws a random number, and is fast. */
static void draw(const struct model_page *page, unsigned int count)
{
	struct user_slice_reader reader;

	user_slice_reader_init(&reader, user_slice_new(NULL, 0));
	for (; count; count--)
		page_copy_from_user_slice(page->page, &reader, 0, 0);
}

/* Return: which of the next 64 draws fail, one bit each. @attr receives the attributes afterwards. */
static uint64_t draw_pattern(const struct model_page *page, struct page_fault_attr *attr)
{
	uint64_t failures = 0;

	page_fault_attr_get(PAGE_FAULT_USERCOPY, attr);
	for (unsigned int i = 0; i < 64; i++) {
		int before = attr->times;

		draw(page, 1);
		page_fault_attr_get(PAGE_FAULT_USERCOPY, attr);
		failures |= (uint64_t)(attr->times != before) << i;
	}
	return failures;
}

static uint64_t set_and_draw_pattern(const struct model_page *page, uint64_t seed,
				     struct page_fault_attr *attr)
{
	const struct page_fault_attr first = {
		.probability = 50, .interval = 1, .times = INT_MAX, .seed = seed
	};

	page_fault_attr_set(PAGE_FAULT_USERCOPY, &first);
	return draw_pattern(page, attr);
}

/* The library's random numbers depend on the seed only, but its branches would be coverage of the seed. */
NO_COVERAGE_BEGIN

/* The same seed gives the same failures, and the seed that remains gives the next ones. [P279] [P290] */
static bool do_seeds_repeat_failures(const struct model_page *page, uint64_t seed)
{
	struct page_fault_attr remaining, unused;
	uint64_t failures = set_and_draw_pattern(page, seed, &remaining), next = draw_pattern(page, &unused);

	return set_and_draw_pattern(page, remaining.seed, &unused) == next &&
	       set_and_draw_pattern(page, seed, &unused) == failures &&
	       set_and_draw_pattern(page, seed + 1, &unused) != failures;
}

NO_COVERAGE_END

#define DRAWS_LEAST 1000
#define DRAWS_MOST  4000

/*
 * Draws until there are failures and successes, between DRAWS_LEAST and DRAWS_MOST times; without a chance of
 * both, DRAWS_LEAST times. Return: the number of draws.
 */
static unsigned int draw_and_count_failures(const struct model_page *page, unsigned int probability,
					    uint64_t seed, unsigned int *failures)
{
	struct page_fault_attr attr = {
		.probability = probability, .interval = 1, .times = INT_MAX, .seed = seed
	};
	unsigned int draws = 0;

	page_fault_attr_set(PAGE_FAULT_USERCOPY, &attr);
	do {
		draw(page, DRAWS_LEAST);
		draws += DRAWS_LEAST;
		page_fault_attr_get(PAGE_FAULT_USERCOPY, &attr);
		*failures = (unsigned int)(INT_MAX - attr.times);
	} while (probability % 100 && draws < DRAWS_MOST && *failures % draws == 0);
	return draws;
}

/*
 * Compares the number of failures with the probability. The bounds are so wide that a random generator passes
 * them: 99 % without a success in 4,000 draws has a probability below 10^-17. [P271] [P272]
 */
static void check_count_of_failures(const struct model_page *page, unsigned int probability, uint64_t seed)
{
	unsigned int count, draws = draw_and_count_failures(page, probability, seed, &count);
	unsigned int expected = draws * probability / 100, width = draws / 100 + draws / 10;
	bool is_right = probability % 100 == 0 ? count == expected :
						 count > 0 && count < draws && count + width > expected &&
							 count < expected + width;

	api_expect(is_right, "%u of %u copies failed with a probability of %u %%", count, draws, probability);
}

void api_run_chance(const struct api_call *call)
{
	static const unsigned int probabilities[] = { 99, 50, 1, 0, 100 };
	uint64_t seed = call->numbers[0];
	/* From 0 to 511; does not depend on the size of the seed, because most seeds are small. */
	uint64_t choice = seed * UINT64_C(0x9e3779b97f4a7c15) >> 55;
	const struct model_page *page = api_get_or_alloc_page(call);

	api_cancel_failure_injection();
	if (!api_has_free_mappings(1))
		return;
	/* Few calls count the failures of many copies, which is slow. */
	if (choice < 5)
		check_count_of_failures(page, probabilities[choice], seed);
	if (choice % 8 == 0)
		api_expect(do_seeds_repeat_failures(page, seed), "a seed does not decide which calls fail");
	set_default_attrs();
}

/* ---- fail_nth and make_it_fail ---- */

/* [P259] [P260] [P261] [P262] [P263] */
void api_run_fail_nth(const struct api_call *call)
{
	change_fail_nth((unsigned int)reduce_small_number(call->numbers[0]));
}

/* [P293] */
void api_run_make_it_fail(const struct api_call *call)
{
	change_make_it_fail(call->numbers[0] & 1);
}
