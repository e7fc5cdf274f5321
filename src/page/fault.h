/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Injected failures. A failure point calls fault_count_alloc_must_fail() or fault_count_usercopy_must_fail()
 * and fails if the result is true. Until the process requests its first failure, each of these two functions
 * costs one branch.
 */
#pragma once

#include "page/page.h"
#include "page/sync.h"

/* True after page_fail_nth() or page_fault_attr_set() requested a failure in this process. */
extern atomic_bool fault_injection_is_on;

/* Each function counts one call for the current task. Return: true if this call must fail. */
bool count_alloc_and_check_failure(gfp_t gfp, unsigned int order);
bool count_usercopy_and_check_failure(void);

static inline NO_SANITIZE_THREAD bool fault_injection_is_off(void)
{
	return likely(!atomic_load_explicit(&fault_injection_is_on, memory_order_relaxed));
}

/* Counts an allocation of 2^@order pages. Return: true if the allocation must fail. */
static inline bool fault_count_alloc_must_fail(gfp_t gfp, unsigned int order)
{
	return !fault_injection_is_off() && count_alloc_and_check_failure(gfp, order);
}

/* Counts a copy from user memory. Return: true if the copy must fail. */
static inline bool fault_count_usercopy_must_fail(void)
{
	return !fault_injection_is_off() && count_usercopy_and_check_failure();
}
