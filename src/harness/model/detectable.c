/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The page library detects a fatal call of one of its functions. A load or store through a mapping calls no
 * function, so only a sanitizer or a page fault can detect the access, and only if it has at least one byte.
 * The harness does not execute a load or store far from the page, because the access may hit any memory.
 */
#include "harness/model/detectable.h"

#define PAGE 4096u

/*
 * Returns whether the direct backend may confuse the mapping of a fatal kunmap_local() with another live
 * mapping of the same page. With this backend all mappings of a page have the same address. A library that
 * confuses two mappings detects nothing or reports another rule.
 */
static bool direct_backend_may_confuse_mappings(const struct verdict *v)
{
	if (v->fatal_rule == RULE_unmap_order)
		return v->newest_maps_same_page;
	return v->fatal_rule == RULE_foreign_map ? v->own_thread_maps_same_page :
						   v->any_thread_maps_same_page;
}

static bool accesses_byte_near_page(const struct call *call)
{
	return call->number[1] && call->number[0] <= PAGE && call->number[1] <= PAGE;
}

/* The kernel checks references in get_page() and __free_page(). */
static enum detectable classify_use_after_free_in_kernel(const struct call *call,
							 const struct kernel_checks *kernel)
{
	if (call->op == OP_get_page || call->op == OP_free_page)
		return kernel->has_reference_checks ? DETECTABLE_ALWAYS : DETECTABLE_NEVER;
	if (call->op == OP_kmap_local)
		return DETECTABLE_NEVER;
	/* Whether the call accesses a byte depends on its operands, and KASAN may keep no freed page. */
	return kernel->has_freed_page_reports ? DETECTABLE_SOMETIMES : DETECTABLE_NEVER;
}

/*
 * Only a kernel with forced maps checks mappings. A thread's mapping has the same address as a mapping of
 * another thread on the same CPU, so an access through the mapping of another thread may hit a mapping.
 */
static enum detectable classify_in_kernel(const struct call *call, enum rule rule,
					  const struct kernel_checks *kernel)
{
	if (rule == RULE_use_after_free)
		return classify_use_after_free_in_kernel(call, kernel);
	if (!kernel->has_forced_maps || (op_is_mapped_access(call->op) && !accesses_byte_near_page(call)))
		return DETECTABLE_NEVER;
	return rule == RULE_foreign_map && op_is_mapped_access(call->op) ? DETECTABLE_SOMETIMES :
									   DETECTABLE_ALWAYS;
}

enum detectable detectable_classify_fatal_call(const struct call *call, const struct verdict *v,
					       struct available_detectors detectors)
{
	enum rule rule = v->fatal_rule;

	if (detectors.kernel)
		return classify_in_kernel(call, rule, detectors.kernel);
	if (call->op == OP_kunmap_local)
		return !detectors.has_alias_backend && direct_backend_may_confuse_mappings(v) ?
			       DETECTABLE_NEVER :
			       DETECTABLE_ALWAYS;
	if (!op_is_mapped_access(call->op))
		return DETECTABLE_ALWAYS;
	if (!accesses_byte_near_page(call))
		return DETECTABLE_NEVER;
	/* Each alias mapping is between two inaccessible ranges, and becomes inaccessible at the unmap. */
	if (detectors.has_alias_backend)
		return DETECTABLE_ALWAYS;
	/* With the direct backend, a freed page is poisoned, but the next page in memory may be in use. */
	if (detectors.has_asan && rule == RULE_use_after_free)
		return call->number[0] < PAGE ? DETECTABLE_ALWAYS : DETECTABLE_SOMETIMES;
	return detectors.has_asan && rule == RULE_out_of_bounds ? DETECTABLE_SOMETIMES : DETECTABLE_NEVER;
}
