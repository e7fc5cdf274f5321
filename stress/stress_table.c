/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Page tables: a page of 8-byte entries that threads change with atomics at index * 8 while it is
 * mapped. Meanwhile children are allocated; a child belongs to the thread that took its address
 * from an entry (use pattern 11). The interleavings to find:
 *
 *   1. A child has two owners:
 *        A: load the entry                      B: load the entry
 *        A: store 0, frees the child            B: store 0, frees it again
 *   2. An entry is torn: half of one address and half of another. Each child's bytes identify the
 *      thread that made it.
 *   3. B takes a child out of the table, but does not see what A wrote to it before A put it in.
 *   4. A neighbour's entry is written back with the own one.
 *
 * Children are counted: at the end each was freed or is in the table. For 1. run seconds with more
 * threads than CPUs. No bug in the library is known to cause 2. and 3.
 */
#include "stress/tagged.h"

static void put_child(struct stress_thread *self)
{
	void *mapped = page_map_local(current_run.page); /* children are allocated meanwhile */
	struct page *child = tagged_alloc_page(self);
	struct page *before = child ? entries_exchange(self, child) : NULL;

	page_unmap_local(mapped);
	if (child && stress_has_bug("keeps"))
		page_fill_zero(child, PAGE_SIZE / 2, 64);
	tagged_free_page(self, before);
}

static void take_child(struct stress_thread *self)
{
	tagged_free_page(self, entries_exchange(self, NULL));
}

/* Moves a child from one entry to another; in between it is in neither. */
static void move_child(struct stress_thread *self)
{
	struct page *child = entries_exchange(self, NULL);

	if (child)
		tagged_free_page(self, entries_exchange(self, child));
}

const struct stress_scenario stress_table = {
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.operations = {
		{ "put", 3, .run = put_child },
		{ "take", 2, .run = take_child },
		{ "move", 2, .run = move_child },
	},
	.finish = entries_free_pages,
};
