/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Windows: each place maps the whole arena, so the address of a mapping is computed without a
 * system call. A window shows one page at a time: AddressSanitizer reports accesses to other
 * pages of the window that are poisoned. A page of a window is poisoned after its own mapping
 * was removed, or when an adjacent page is mapped. To poison all pages at the start would write
 * the shadow memory of the whole arena for each window.
 */
#include "page/alias.h"

#include <sys/mman.h>

#include "page/map.h"

/* With the method `none`, all pages of a window stay accessible. */
static void window_poison_page_if_enabled(void *addr)
{
	if (map_revoke == MAP_REVOKE_POISON)
		sync_poison(addr, PAGE_SIZE);
}

/* Poisons a page unless it is poisoned. A page is poisoned as a whole, so one byte is checked. */
static NO_COVERAGE void poison_unless_poisoned(unsigned char *addr)
{
	if (!sync_is_poisoned(addr))
		sync_poison(addr, PAGE_SIZE);
}

static void window_unpoison_page_if_enabled(void *addr)
{
	if (map_revoke == MAP_REVOKE_POISON)
		sync_unpoison(addr, PAGE_SIZE);
}

/*
 * Poisons the two pages next to @addr. A poisoned page of a window remains poisoned until it is
 * mapped itself. Before the first page and after the last page of a window are guard pages.
 */
static NO_COVERAGE void poison_adjacent_pages(unsigned char *addr)
{
	if (map_revoke != MAP_REVOKE_POISON)
		return;
	poison_unless_poisoned(addr - PAGE_SIZE);
	poison_unless_poisoned(addr + PAGE_SIZE);
}

static NO_SANITIZE_THREAD SYNC_UNCHECKED NO_COVERAGE void *window_map_and_show(struct alias_set *set,
									       unsigned int i,
									       const struct page *page)
{
	unsigned char *window = alias_place_address(set, i);
	unsigned char *addr = window + (size_t)(page - arena_pages) * PAGE_SIZE;

	if (unlikely(!(set->used_places & 1u << i)))
		alias_map_file_and_shadow(window, ARENA_SIZE, arena_pages, PROT_READ | PROT_WRITE);
	if (set->last_pages[i] != page)
		poison_adjacent_pages(addr);
	set->last_pages[i] = page;
	window_unpoison_page_if_enabled(addr);
	return addr;
}

/* Each window maps the whole arena, so the offset in a window is the offset in the arena. */
static void *window_canonical(const struct alias_set *set, unsigned int i, size_t offset)
{
	(void)set;
	(void)i;
	return offset < ARENA_SIZE ? arena_frames + offset : NULL;
}

static void window_remap(struct alias_set *set, unsigned int i)
{
	alias_remap_file_and_shadow(alias_place_address(set, i), ARENA_SIZE, arena_pages,
				    PROT_READ | PROT_WRITE);
}

const struct alias_place_kind alias_window = {
	.stride = ARENA_SIZE + PAGE_SIZE,
	.map_and_show = window_map_and_show,
	.hide = window_poison_page_if_enabled,
	.show = window_unpoison_page_if_enabled,
	.canonical = window_canonical,
	.remap = window_remap,
};
