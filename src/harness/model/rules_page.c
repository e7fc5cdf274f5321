/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/bytes.h"
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

/* Return: whether no page is left, or the page library keeps the freed pages (rules_limit_pages()). */
static bool are_pages_used_up(struct rules *rules)
{
	unsigned int live_count = 0;

	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		live_count += rules->pages[i].ref_count > 0;
	if (live_count >= rules->page_limit)
		return true;
	return rules->allocation_count >= rules->page_limit &&
	       rules->failing_allocations >> (rules->undecided_allocation_count++ & 63) & 1;
}

void evaluate_alloc_page(struct evaluation *eval)
{
	struct model_page *page = find_page_of_argument(eval, 0);

	if (!(eval->call->value & CALL_GFP_NOFAIL) && count_point_and_check_failure(eval)) {
		set_error_result(eval, RESULT_ENOMEM);
		return;
	}
	if (are_pages_used_up(eval->rules)) {
		set_error_result(eval, RESULT_ENOMEM);
		return;
	}
	eval->rules->allocation_count++;
	page->ref_count = 1;
	bytes_fill(&page->owners_clock, 0, sizeof(page->owners_clock));
	bytes_fill(page->initialised, UNINITIALISED, sizeof(page->initialised));
	if (eval->call->value & CALL_GFP_ZERO)
		bytes_fill(rules_record_write(eval, eval->call->handle[0], 0, PAGE, 0), 0, PAGE);
}

void evaluate_get_page(struct evaluation *eval)
{
	if (check_page_use(eval, find_page_of_argument(eval, 0), 0))
		find_page_of_argument(eval, 0)->ref_count++;
}

void evaluate_free_page(struct evaluation *eval)
{
	struct model_page *page = find_page_of_argument(eval, 0);

	if (!check_page_use(eval, page, 0))
		return;
	acquire_clock(eval, &page->owners_clock);
	release_clock(eval, &page->owners_clock);
	if (!--page->ref_count)
		rules_record_access(eval, eval->call->handle[0], 0, PAGE, WRITE);
}

void evaluate_read_raw(struct evaluation *eval)
{
	if (check_range_and_page_use(eval))
		rules_record_read(eval, eval->call->handle[0], eval->call->number[0], eval->call->number[1],
				  READ);
}

void evaluate_write_raw(struct evaluation *eval)
{
	const struct call *call = eval->call;

	if (check_range_and_page_use(eval))
		pattern_fill(rules_record_write(eval, call->handle[0], call->number[0], call->number[1], 0),
			     call->number[1], call->value);
}

void evaluate_fill_zero(struct evaluation *eval)
{
	const struct call *call = eval->call;

	if (check_range_and_page_use(eval))
		bytes_fill(rules_record_write(eval, call->handle[0], call->number[0], call->number[1], 0), 0,
			   call->number[1]);
}

static bool ranges_overlap(uint64_t start_a, uint64_t start_b, uint64_t len)
{
	return start_a < start_b + len && start_b < start_a + len;
}

static bool check_copy_arguments_and_pages(struct evaluation *eval)
{
	uint64_t to = eval->call->number[0], from = eval->call->number[1], len = eval->call->number[2];

	if (!is_in_bounds(to, len) || !is_in_bounds(from, len) ||
	    (find_page_of_argument(eval, 0) == find_page_of_argument(eval, 1) &&
	     ranges_overlap(to, from, len)))
		return set_error_result(eval, RESULT_EINVAL);
	return check_page_use(eval, find_page_of_argument(eval, 0), 1) &&
	       check_page_use(eval, find_page_of_argument(eval, 1), 2);
}

void evaluate_copy_page(struct evaluation *eval)
{
	const struct call *call = eval->call;
	uint64_t to = call->number[0], from = call->number[1], len = call->number[2];
	struct model_page *source = find_page_of_argument(eval, 1);
	uint8_t source_initialised[PAGE];

	if (!check_copy_arguments_and_pages(eval))
		return;
	bytes_copy(source_initialised, source->initialised + from, len);
	bytes_copy(rules_record_write(eval, call->handle[0], to, len, 0), source->bytes + from, len);
	rules_record_access(eval, call->handle[1], from, len, READ);
	bytes_copy(find_page_of_argument(eval, 0)->initialised + to, source_initialised, len);
}
