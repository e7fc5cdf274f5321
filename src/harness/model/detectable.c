/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the page library is asked about it sees itself. Loads and stores through a
 * mapping are the caller's own: only addresses can give them away, and only if they
 * touch a byte. A range that begins or ends far from its page may hit anything, so it is
 * not executed.
 */
#include "harness/model/detectable.h"

#define PAGE 4096u

static bool is_wild(const struct call *call)
{
	return call->number[0] > PAGE || call->number[1] > PAGE;
}

/*
 * At home all mappings of a page have one address: with another one alive, the library
 * takes it for the one that was named, and sees nothing or something else.
 */
static bool is_mistaken(const struct verdict *v)
{
	if (v->fatal_rule == RULE_unmap_order)
		return v->newest_is_same_page;
	return v->fatal_rule == RULE_foreign_map ? v->own_is_same_page : v->any_is_same_page;
}

enum detectable detectable_fatal_call(const struct call *call, const struct verdict *v,
				      struct detectable_by where)
{
	enum rule rule = v->fatal_rule;

	if (call->op == OP_kunmap_local)
		return !where.alias && is_mistaken(v) ? DETECTABLE_NEVER : DETECTABLE_ALWAYS;
	if (!op_is_mapped_access(call->op))
		return DETECTABLE_ALWAYS;
	if (!call->number[1] || is_wild(call))
		return DETECTABLE_NEVER;
	/* An alias has guards around it and is revoked by any of the other rules. */
	if (where.alias)
		return DETECTABLE_ALWAYS;
	/* At home a dead page is poisoned; the next frame may be somebody's. */
	if (where.asan && rule == RULE_use_after_free)
		return call->number[0] < PAGE ? DETECTABLE_ALWAYS : DETECTABLE_SOMETIMES;
	return where.asan && rule == RULE_out_of_bounds ? DETECTABLE_SOMETIMES : DETECTABLE_NEVER;
}
