/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/bytes.h"
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

enum call_outcome evaluate_alloc_page(struct evaluation *j)
{
	struct model_page *page = find_page(j, 0);

	if (!(j->call->value & CALL_GFP_NOFAIL) && count_failure_point(j))
		return set_result(j, RESULT_ENOMEM);
	page->is_filled = true;
	page->ref_count = 1;
	bytes_fill(&page->owners_clock, 0, sizeof(page->owners_clock));
	bytes_fill(page->initialised, UNINITIALISED, sizeof(page->initialised));
	if (j->call->value & CALL_GFP_ZERO)
		bytes_fill(rules_write(j, j->call->handle[0], 0, PAGE, 0), 0, PAGE);
	return set_result(j, RESULT_0);
}

enum call_outcome evaluate_get_page(struct evaluation *j)
{
	if (!find_page(j, 0)->ref_count)
		return break_fatal_rule(j, RULE_use_after_free);
	find_page(j, 0)->ref_count++;
	return CALL_RAN;
}

enum call_outcome evaluate_free_page(struct evaluation *j)
{
	struct model_page *page = find_page(j, 0);

	if (!page->ref_count)
		return break_fatal_rule(j, RULE_use_after_free);
	acquire_clock(j, &page->owners_clock);
	release_clock(j, &page->owners_clock);
	if (!--page->ref_count)
		rules_record_access(j, j->call->handle[0], 0, PAGE, WRITE);
	return CALL_RAN;
}

enum call_outcome evaluate_read_raw(struct evaluation *j)
{
	enum call_outcome outcome;

	if (!check_raw_access(j, &outcome))
		return outcome;
	rules_read(j, j->call->handle[0], j->call->number[0], j->call->number[1], READ);
	return set_result(j, RESULT_0);
}

enum call_outcome evaluate_write_raw(struct evaluation *j)
{
	const struct call *call = j->call;
	enum call_outcome outcome;

	if (!check_raw_access(j, &outcome))
		return outcome;
	pattern_fill(rules_write(j, call->handle[0], call->number[0], call->number[1], 0),
		     call->number[1], call->value);
	return set_result(j, RESULT_0);
}

enum call_outcome evaluate_fill_zero(struct evaluation *j)
{
	const struct call *call = j->call;
	enum call_outcome outcome;

	if (!check_raw_access(j, &outcome))
		return outcome;
	bytes_fill(rules_write(j, call->handle[0], call->number[0], call->number[1], 0), 0,
	       call->number[1]);
	return set_result(j, RESULT_0);
}

static bool ranges_overlap(uint64_t a, uint64_t b, uint64_t len)
{
	return a < b + len && b < a + len;
}

enum call_outcome evaluate_copy_page(struct evaluation *j)
{
	const struct call *call = j->call;
	uint64_t to = call->number[0], from = call->number[1], len = call->number[2];
	uint8_t target = call->handle[0], source = call->handle[1];
	struct model_page *src = find_page(j, 1);
	uint8_t source_initialised[PAGE];
	enum call_outcome outcome;

	if (!is_in_bounds(to, len) || !is_in_bounds(from, len) ||
	    (target == source && ranges_overlap(to, from, len)))
		return set_result(j, RESULT_EINVAL);
	if (!check_page_use(j, find_page(j, 0), 1, &outcome) ||
	    !check_page_use(j, src, 2, &outcome))
		return outcome;
	bytes_copy(source_initialised, src->initialised + from, len);
	bytes_copy(rules_write(j, target, to, len, 0), src->bytes + from, len);
	rules_record_access(j, source, from, len, READ);
	bytes_copy(find_page(j, 0)->initialised + to, source_initialised, len);
	return set_result(j, RESULT_0);
}
