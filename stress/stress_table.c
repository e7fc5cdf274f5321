/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Page tables: a page of 8-byte entries that threads change with atomics at idx * 8 while it is
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
#include "harness/detect/tsan.h"
#include "stress/tagged.h"

#define ENTRIES_USED 16
#define ENTRIES      (PAGE_SIZE / sizeof(entry))

typedef _Atomic uint64_t entry;

/* Return: an entry close to others, at one of the ends of the page. */
static size_t pick_entry(struct stress_thread *self)
{
	size_t nth = stress_random(self, ENTRIES_USED);
	size_t idx = nth < ENTRIES_USED / 2 ? nth : ENTRIES - 1 - (nth - ENTRIES_USED / 2);

	stress_record_range(self, 0, idx * sizeof(entry), sizeof(entry), 0);
	return idx;
}

/*
 * ThreadSanitizer identifies an atomic by its address, and an entry may have another address in the
 * mapping than its canonical one (R4): its order is reported there too.
 */
static void report_at_canonical(entry *mapped, void (*report)(void *object))
{
	void *canonical = page_canonical(mapped);

	if (canonical != (void *)mapped)
		report(canonical);
}

static struct page *exchange_entry(entry *mapped, struct page *child)
{
	uint64_t value = (uintptr_t)child, before;

	report_at_canonical(mapped, tsan_release);
	if (stress_has_bug("two-owners")) {
		before = atomic_load_explicit(mapped, memory_order_acquire);
		stress_widen_window();
		atomic_store_explicit(mapped, value, memory_order_release);
	} else {
		before = atomic_exchange_explicit(mapped, value, memory_order_acq_rel);
	}
	report_at_canonical(mapped, tsan_acquire);
	return (struct page *)(uintptr_t)before;
}

/* ---- operations ---- */

static void put_child(struct stress_thread *self)
{
	size_t idx = pick_entry(self);
	entry *entries = page_map_local(current_run.page);
	struct page *child = tagged_alloc_page(self); /* while the table is mapped */
	struct page *before = child ? exchange_entry(&entries[idx], child) : NULL;

	page_unmap_local(entries);
	if (child && stress_has_bug("keeps"))
		page_fill_zero(child, PAGE_SIZE / 2, 64);
	tagged_free_page(self, "child", before);
}

static void take_child(struct stress_thread *self)
{
	size_t idx = pick_entry(self);
	entry *entries = page_map_local(current_run.page);
	struct page *child = exchange_entry(&entries[idx], NULL);

	page_unmap_local(entries);
	tagged_free_page(self, "child", child);
}

/* Moves a child from one entry to another; in between it is in neither. */
static void move_child(struct stress_thread *self)
{
	size_t from = pick_entry(self), to = pick_entry(self);
	entry *entries = page_map_local(current_run.page);
	struct page *child = exchange_entry(&entries[from], NULL), *before = NULL;

	if (child)
		before = exchange_entry(&entries[to], child);
	page_unmap_local(entries);
	tagged_free_page(self, "child", before);
}

static void free_children_in_table(struct stress_thread *first)
{
	entry *entries = page_map_local(current_run.page);

	for (size_t i = 0; i < ENTRIES; i++)
		tagged_free_page(first, "child", (struct page *)(uintptr_t)atomic_load(&entries[i]));
	page_unmap_local(entries);
}

const struct stress_scenario stress_table = {
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.operations = {
		{ "put", 3, .run = put_child },
		{ "take", 2, .run = take_child },
		{ "move", 2, .run = move_child },
	},
	.finish = free_children_in_table,
};
