/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/bytes.h"
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

void evaluate_alloc_page(struct evaluation *j)
{
	struct model_page *page = find_page(j, 0);

	if (!(j->call->value & CALL_GFP_NOFAIL) && count_failure_point(j)) {
		set_error_result(j, RESULT_ENOMEM);
		return;
	}
	page->ref_count = 1;
	bytes_fill(&page->owners_clock, 0, sizeof(page->owners_clock));
	bytes_fill(page->initialised, UNINITIALISED, sizeof(page->initialised));
	if (j->call->value & CALL_GFP_ZERO)
		bytes_fill(rules_write(j, j->call->handle[0], 0, PAGE, 0), 0, PAGE);
}

void evaluate_get_page(struct evaluation *j)
{
	if (check_page_use(j, find_page(j, 0), 0))
		find_page(j, 0)->ref_count++;
}

void evaluate_free_page(struct evaluation *j)
{
	struct model_page *page = find_page(j, 0);

	if (!check_page_use(j, page, 0))
		return;
	acquire_clock(j, &page->owners_clock);
	release_clock(j, &page->owners_clock);
	if (!--page->ref_count)
		rules_record_access(j, j->call->handle[0], 0, PAGE, WRITE);
}

void evaluate_read_raw(struct evaluation *j)
{
	if (check_raw_access(j))
		rules_read(j, j->call->handle[0], j->call->number[0], j->call->number[1], READ);
}

void evaluate_write_raw(struct evaluation *j)
{
	const struct call *call = j->call;

	if (check_raw_access(j))
		pattern_fill(rules_write(j, call->handle[0], call->number[0], call->number[1], 0),
			     call->number[1], call->value);
}

void evaluate_fill_zero(struct evaluation *j)
{
	const struct call *call = j->call;

	if (check_raw_access(j))
		bytes_fill(rules_write(j, call->handle[0], call->number[0], call->number[1], 0), 0,
			   call->number[1]);
}

static bool ranges_overlap(uint64_t a, uint64_t b, uint64_t len)
{
	return a < b + len && b < a + len;
}

static bool check_copy(struct evaluation *j)
{
	uint64_t to = j->call->number[0], from = j->call->number[1], len = j->call->number[2];

	if (!is_in_bounds(to, len) || !is_in_bounds(from, len) ||
	    (find_page(j, 0) == find_page(j, 1) && ranges_overlap(to, from, len)))
		return set_error_result(j, RESULT_EINVAL);
	return check_page_use(j, find_page(j, 0), 1) && check_page_use(j, find_page(j, 1), 2);
}

void evaluate_copy_page(struct evaluation *j)
{
	const struct call *call = j->call;
	uint64_t to = call->number[0], from = call->number[1], len = call->number[2];
	struct model_page *source = find_page(j, 1);
	uint8_t source_initialised[PAGE];

	if (!check_copy(j))
		return;
	bytes_copy(source_initialised, source->initialised + from, len);
	bytes_copy(rules_write(j, call->handle[0], to, len, 0), source->bytes + from, len);
	rules_record_access(j, call->handle[1], from, len, READ);
	bytes_copy(find_page(j, 0)->initialised + to, source_initialised, len);
}
