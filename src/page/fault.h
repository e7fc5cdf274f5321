/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Injected failures. A point asks whether it is to fail; as long as no one ever asked
 * for injection in this process, the answer costs one branch.
 */
#ifndef LIBPAGE_FAULT_H
#define LIBPAGE_FAULT_H

#include "page/page.h"
#include "page/sync.h"

/* Somebody called page_fail_nth(n) or page_fault_attr_set() to make something fail. */
extern atomic_bool fault_wanted;

bool fault_alloc_now(gfp_t gfp, unsigned int order);
bool fault_usercopy_now(void);

static inline NO_SANITIZE_THREAD bool fault_off(void)
{
	return likely(!atomic_load_explicit(&fault_wanted, memory_order_relaxed));
}

/* An allocation of 2^@order pages. Return: true if it has to fail. */
static inline bool fault_alloc(gfp_t gfp, unsigned int order)
{
	return !fault_off() && fault_alloc_now(gfp, order);
}

/* A copy of at least one byte from user memory. Return: true if it has to fail. */
static inline bool fault_usercopy(void)
{
	return !fault_off() && fault_usercopy_now();
}

#endif
