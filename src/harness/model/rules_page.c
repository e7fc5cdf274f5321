/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/bytes.h"
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

enum call_outcome evaluate_alloc_page(struct evaluation *j)
{
	struct model_page *page = page_of(j, 0);

	if (!(j->call->value & CALL_GFP_NOFAIL) && point_fails(j))
		return set_result(j, RESULT_ENOMEM);
	page->filled = true;
	page->refs = 1;
	bytes_fill(&page->freed, 0, sizeof(page->freed));
	bytes_fill(page->initialised, UNINITIALISED, sizeof(page->initialised));
	if (j->call->value & CALL_GFP_ZERO)
		bytes_fill(rules_write(j, j->call->handle[0], 0, PAGE, 0), 0, PAGE);
	return set_result(j, RESULT_0);
}

enum call_outcome evaluate_get_page(struct evaluation *j)
{
	if (!page_of(j, 0)->refs)
		return fatal(j, RULE_use_after_free);
	page_of(j, 0)->refs++;
	return CALL_RAN;
}

enum call_outcome evaluate_free_page(struct evaluation *j)
{
	struct model_page *page = page_of(j, 0);

	if (!page->refs)
		return fatal(j, RULE_use_after_free);
	acquire(j, &page->freed);
	release(j, &page->freed);
	if (!--page->refs)
		rules_record_access(j, j->call->handle[0], 0, PAGE, WRITE);
	return CALL_RAN;
}

enum call_outcome evaluate_read_raw(struct evaluation *j)
{
	enum call_outcome outcome;

	if (!may_touch(j, &outcome))
		return outcome;
	rules_read(j, j->call->handle[0], j->call->number[0], j->call->number[1], READ);
	return set_result(j, RESULT_0);
}

enum call_outcome evaluate_write_raw(struct evaluation *j)
{
	const struct call *call = j->call;
	enum call_outcome outcome;

	if (!may_touch(j, &outcome))
		return outcome;
	pattern_fill(rules_write(j, call->handle[0], call->number[0], call->number[1], 0),
		     call->number[1], call->value);
	return set_result(j, RESULT_0);
}

enum call_outcome evaluate_fill_zero(struct evaluation *j)
{
	const struct call *call = j->call;
	enum call_outcome outcome;

	if (!may_touch(j, &outcome))
		return outcome;
	bytes_fill(rules_write(j, call->handle[0], call->number[0], call->number[1], 0), 0,
	       call->number[1]);
	return set_result(j, RESULT_0);
}

static bool overlap(uint64_t a, uint64_t b, uint64_t len)
{
	return a < b + len && b < a + len;
}

enum call_outcome evaluate_copy_page(struct evaluation *j)
{
	const struct call *call = j->call;
	uint64_t to = call->number[0], from = call->number[1], len = call->number[2];
	uint8_t target = call->handle[0], source = call->handle[1];
	struct model_page *src = page_of(j, 1);
	uint8_t known[PAGE];
	enum call_outcome outcome;

	if (!in_bounds(to, len) || !in_bounds(from, len) ||
	    (target == source && overlap(to, from, len)))
		return set_result(j, RESULT_EINVAL);
	if (!may_use(j, page_of(j, 0), 1, &outcome) || !may_use(j, src, 2, &outcome))
		return outcome;
	bytes_copy(known, src->initialised + from, len);
	bytes_copy(rules_write(j, target, to, len, 0), src->bytes + from, len);
	rules_record_access(j, source, from, len, READ);
	bytes_copy(page_of(j, 0)->initialised + to, known, len);
	return set_result(j, RESULT_0);
}
