/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The page library checks its own calls. Loads and stores through a mapping are made by the caller,
 * so only sanitizers and unmapped addresses can detect them, and only if they touch a byte. A range
 * that begins or ends far from its page may hit any memory, so it is not executed.
 */
#include "harness/model/detectable.h"

#define PAGE 4096u

static bool is_far_from_page(const struct call *call)
{
	return call->number[0] > PAGE || call->number[1] > PAGE;
}

/*
 * With the direct backend all mappings of a page have one address. If another mapping of the page
 * is live, the library confuses the two, and detects nothing or another rule.
 */
static bool is_ambiguous(const struct verdict *v)
{
	if (v->fatal_rule == RULE_unmap_order)
		return v->newest_maps_same_page;
	return v->fatal_rule == RULE_foreign_map ? v->own_thread_maps_same_page :
						   v->any_thread_maps_same_page;
}

enum detectable detectable_fatal_call(const struct call *call, const struct verdict *v,
				      struct detectable_by where)
{
	enum rule rule = v->fatal_rule;

	if (call->op == OP_kunmap_local)
		return !where.has_alias_backend && is_ambiguous(v) ? DETECTABLE_NEVER
								   : DETECTABLE_ALWAYS;
	if (!op_is_mapped_access(call->op))
		return DETECTABLE_ALWAYS;
	if (!call->number[1] || is_far_from_page(call))
		return DETECTABLE_NEVER;
	/* An alias has guards around it, and is revoked when its mapping ends. */
	if (where.has_alias_backend)
		return DETECTABLE_ALWAYS;
	/* The direct backend poisons a freed page; the next frame may be in use. */
	if (where.has_asan && rule == RULE_use_after_free)
		return call->number[0] < PAGE ? DETECTABLE_ALWAYS : DETECTABLE_SOMETIMES;
	return where.has_asan && rule == RULE_out_of_bounds ? DETECTABLE_SOMETIMES
							    : DETECTABLE_NEVER;
}
