/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A slot is a place that maps one page, between two guard pages. At unmap, the slot becomes inaccessible,
 * but still maps the page. If the next mapping in the slot is of the same page, mprotect() makes the slot
 * accessible again, and accesses cause no page fault.
 */
#include "page/alias.h"

#include <sys/mman.h>

static NO_COVERAGE void set_protection(void *addr, int prot)
{
	if (unlikely(mprotect(addr, PAGE_SIZE, prot)))
		alias_abort_with_errno("mprotect of a page");
}

static void slot_hide(void *addr)
{
	set_protection(addr, PROT_NONE);
}

static void slot_show(void *addr)
{
	set_protection(addr, PROT_READ | PROT_WRITE);
}

static NO_SANITIZE_THREAD NO_COVERAGE void *slot_map_and_show(struct alias_set *set, unsigned int i,
							      const struct page *page)
{
	void *addr = alias_place_address(set, i);

	if (set->last_pages[i] == page)
		set_protection(addr, PROT_READ | PROT_WRITE);
	else
		alias_map_file_and_shadow(addr, PAGE_SIZE, page, PROT_READ | PROT_WRITE);
	set->last_pages[i] = page;
	return addr;
}

static NO_SANITIZE_THREAD void *slot_canonical(const struct alias_set *set, unsigned int i, size_t offset)
{
	const struct page *page = set->last_pages[i];

	return offset < PAGE_SIZE ? (unsigned char *)arena_address(page) + offset : NULL;
}

static void slot_remap_hidden(struct alias_set *set, unsigned int i)
{
	alias_remap_file_and_shadow(alias_place_address(set, i), PAGE_SIZE, set->last_pages[i], PROT_NONE);
}

const struct alias_place_kind alias_slot = {
	.stride = 2 * PAGE_SIZE,
	.map_and_show = slot_map_and_show,
	.hide = slot_hide,
	.show = slot_show,
	.canonical = slot_canonical,
	.remap = slot_remap_hidden,
};
