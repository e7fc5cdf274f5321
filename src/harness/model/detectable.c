/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The page library checks its own calls. The caller itself loads and stores through a mapping, so
 * only sanitizers and unmapped addresses can detect such an access, and only if it has at least one
 * byte. A range that begins or ends far from its page may hit any memory, so it is not executed.
 */
#include "harness/model/detectable.h"

#define PAGE 4096u

/*
 * Returns whether the direct backend may take the mapping for another live mapping of the same
 * page, because all mappings of a page have the same address. The library then detects nothing or
 * reports another rule.
 */
static bool direct_backend_may_confuse_mappings(const struct verdict *v)
{
	if (v->fatal_rule == RULE_unmap_order)
		return v->newest_maps_same_page;
	return v->fatal_rule == RULE_foreign_map ? v->own_thread_maps_same_page :
						   v->any_thread_maps_same_page;
}

enum detectable detectable_classify_fatal_call(const struct call *call, const struct verdict *v,
					       struct available_detectors detectors)
{
	enum rule rule = v->fatal_rule;

	if (call->op == OP_kunmap_local)
		return !detectors.has_alias_backend && direct_backend_may_confuse_mappings(v) ?
			       DETECTABLE_NEVER :
			       DETECTABLE_ALWAYS;
	if (!op_is_mapped_access(call->op))
		return DETECTABLE_ALWAYS;
	if (!call->number[1] || call->number[0] > PAGE || call->number[1] > PAGE)
		return DETECTABLE_NEVER;
	/* An alias has guards around it, and is revoked when its mapping ends. */
	if (detectors.has_alias_backend)
		return DETECTABLE_ALWAYS;
	/* With the direct backend, freed pages are poisoned, but the next page may be in use. */
	if (detectors.has_asan && rule == RULE_use_after_free)
		return call->number[0] < PAGE ? DETECTABLE_ALWAYS : DETECTABLE_SOMETIMES;
	return detectors.has_asan && rule == RULE_out_of_bounds ? DETECTABLE_SOMETIMES : DETECTABLE_NEVER;
}
