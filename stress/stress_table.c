/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Page tables: a page of 8-byte entries that threads change with atomics at idx * 8 while it is
 * mapped. Meanwhile children are allocated; a child belongs to the thread that took its address
 * from an entry (use pattern 11). The interleavings to find:
 *
 *   1. A child has two owners:
 *        A: load the entry                      B: load the entry
 *        A: store 0, frees the child            B: store 0, frees it again
 *   2. An entry is torn: half of one address and half of another. Each child's bytes name its entry
 *      and its creator.
 *   3. B takes a child out of the table, but does not see what A wrote to it before A put it in.
 *   4. A neighbour's entry is written back with the own one.
 *
 * Children are counted: at the end each was freed or is in the table. For 1. run seconds with more
 * threads than CPUs. No bug in the library is known to cause 2. and 3.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/detect/tsan.h"
#include "stress/tagged.h"
#include "stress/stress.h"

#define ENTRIES_USED 16

enum { HEALTHY, TWO_OWNERS, KEEPS, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[TWO_OWNERS] = { "two-owners", "an entry is taken by a load and a store", false },
	[KEEPS] = { "keeps", "who puts a child into the table writes to it later", false },
	[BUSTED] = { NULL, NULL, false },
};

typedef _Atomic uint64_t entry;

static struct page *table;

static struct account {
	_Alignas(STRESS_CACHE_LINE) unsigned long made, freed;
	uint64_t generation;
} account[STRESS_THREADS_MAX];

static void start(struct stress_thread *first)
{
	(void)first;
	table = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
}

/* Returns an entry close to others, or at one of the ends of the page. */
static size_t pick(struct stress_thread *self)
{
	size_t nth = stress_thread_random(self, ENTRIES_USED);
	size_t idx = nth < ENTRIES_USED / 2 ? nth : PAGE_SIZE / sizeof(entry) - 1 -
							    (nth - ENTRIES_USED / 2);

	stress_set_op(self, 0, idx * sizeof(entry), sizeof(entry), 0);
	return idx;
}

/*
 * ThreadSanitizer identifies an atomic by its address; an entry may have another address in the
 * mapping than its canonical one.
 */
static void report_at_canonical(entry *at, void (*print_state)(void *object))
{
	void *home = page_canonical(at);

	if (home != (void *)at)
		print_state(home);
}

static uint64_t exchange(struct stress_thread *self, entry *at, uint64_t value)
{
	uint64_t before;

	report_at_canonical(at, tsan_release);
	if (self->run->busted == TWO_OWNERS) {
		before = atomic_load_explicit(at, memory_order_acquire);
		stress_widen_window(self);
		atomic_store_explicit(at, value, memory_order_release);
	} else {
		before = atomic_exchange_explicit(at, value, memory_order_acq_rel);
	}
	report_at_canonical(at, tsan_acquire);
	return before;
}

/* ---- children ---- */

static struct page *child_of(uint64_t address)
{
	return (struct page *)(uintptr_t)address;
}

static struct page *make_child(struct stress_thread *self)
{
	struct account *b = &account[self->index];
	struct page *page = stress_alloc(self, GFP_KERNEL);
	unsigned char bytes[PAGE_SIZE];
	uint64_t tag;

	if (!page)
		return NULL;
	b->made++;
	tag = tagged_make_tag(self->index, ++b->generation);
	tagged_fill(bytes, tag, 0, PAGE_SIZE);
	memcpy(bytes, &tag, sizeof(tag));
	stress_expect_ok(self, "page_write_raw", page_write_raw(page, bytes, 0, PAGE_SIZE));
	return page;
}

static void end_child(struct stress_thread *self, struct page *page)
{
	unsigned char bytes[PAGE_SIZE];
	uint64_t tag;

	stress_expect_ok(self, "page_read_raw", page_read_raw(page, bytes, 0, PAGE_SIZE));
	memcpy(&tag, bytes, sizeof(tag));
	tagged_check(self, "child", bytes + sizeof(tag), tag, sizeof(tag),
		    PAGE_SIZE - sizeof(tag));
	account[self->index].freed++;
	page_free(page);
}

/* ---- operations ---- */

static void put(struct stress_thread *self)
{
	size_t idx = pick(self);
	entry *entries = page_map_local(table);
	struct page *child = make_child(self); /* allocates while the table is mapped */
	uint64_t before = 0;

	if (child)
		before = exchange(self, &entries[idx], (uintptr_t)child);
	page_unmap_local(entries);
	if (child && self->run->busted == KEEPS)
		page_fill_zero(child, PAGE_SIZE / 2, 64);
	if (before)
		end_child(self, child_of(before));
}

static void take(struct stress_thread *self)
{
	size_t idx = pick(self);
	entry *entries = page_map_local(table);
	uint64_t before = exchange(self, &entries[idx], 0);

	page_unmap_local(entries);
	if (before)
		end_child(self, child_of(before));
}

/* Moves a child from one entry to another; in between it is in neither. */
static void move(struct stress_thread *self)
{
	size_t from = pick(self), to = pick(self);
	entry *entries = page_map_local(table);
	uint64_t child = exchange(self, &entries[from], 0), before = 0;

	if (child)
		before = exchange(self, &entries[to], child);
	page_unmap_local(entries);
	if (before)
		end_child(self, child_of(before));
}

static void finish(struct stress_thread *first)
{
	unsigned long made = 0, freed = 0;
	entry *entries = page_map_local(table);

	for (size_t i = 0; i < PAGE_SIZE / sizeof(entry); i++)
		if (atomic_load(&entries[i]))
			end_child(first, child_of(atomic_load(&entries[i])));
	page_unmap_local(entries);
	page_free(table);
	for (unsigned int i = 0; i < first->run->threads; i++) {
		made += account[i].made;
		freed += account[i].freed;
	}
	stress_expect_count(first, "children freed, of those made", freed, made);
}

static const struct stress_kind kinds[] = {
	{ "put", 3, put, NULL },
	{ "take", 2, take, NULL },
	{ "move", 2, move, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_table",
	.about = "A page of atomic entries: children belong to who took their address.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.start = start,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
