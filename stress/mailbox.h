/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Boxes through which threads pass pages: who takes a page out sees what was written before. */
#ifndef STRESS_MAILBOX_H
#define STRESS_MAILBOX_H

#include "stress/stress.h"

#define MAILBOX_COUNT 8

struct mailbox {
	_Alignas(STRESS_CACHE_LINE) _Atomic(struct page *) page;
};

/* Puts @page, or NULL, into a random box. Return: the page that was in it, or NULL. */
static inline struct page *mailbox_exchange(struct mailbox boxes[MAILBOX_COUNT],
					    struct stress_thread *self, struct page *page)
{
	return atomic_exchange_explicit(&boxes[stress_random(self, MAILBOX_COUNT)].page, page,
					memory_order_acq_rel);
}

#endif
