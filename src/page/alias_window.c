/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A window is a place that maps the whole arena, so the address of a mapping is computed without a system
 * call. AddressSanitizer reports an access to a poisoned page of a window. A window poisons a page when the
 * page is unmapped, and when an adjacent page is mapped. The other pages stay accessible: poisoning all
 * pages of each new window would write the shadow memory of the whole arena.
 */
#include "page/alias.h"

#include <sys/mman.h>

#include "page/map.h"

/* With the method `none` of page_map_revoke_set(), all pages of a window stay accessible. */
static NO_COVERAGE void window_poison_page_if_enabled(void *addr)
{
	if (map_revoke == MAP_REVOKE_POISON)
		sync_poison(addr, PAGE_SIZE);
}

/* Poisons a page if its first byte is not poisoned; all bytes of a page have the same state. */
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
 * Poisons the page before and the page after the page at @addr. A poisoned page remains poisoned until the
 * window maps the page. The first and the last page of a window also have a neighbour: a guard page.
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
