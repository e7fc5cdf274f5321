/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "numbered_pages.h"

#include <linux/gfp.h>
#include <linux/mm.h>

#include "device.h"
#include "page_calls.h"

void numbered_pages_init(struct numbered_pages *pages)
{
	spin_lock_init(&pages->lock);
}

struct page *numbered_pages_find(struct numbered_pages *pages, u32 number)
{
	return number < PAGES_MAX ? READ_ONCE(pages->pages[number].page) : NULL;
}

/* Return: a number that no live page has, or a negative errno. */
static int add_page(struct numbered_pages *pages, struct page *page)
{
	int number = -ENOSPC;

	spin_lock(&pages->lock);
	for (unsigned int i = 0; i < PAGES_MAX && number < 0; i++) {
		unsigned int candidate = (pages->next + i) % PAGES_MAX;

		if (!pages->pages[candidate].held_references)
			number = candidate;
	}
	if (number >= 0) {
		pages->next = number + 1;
		pages->pages[number] = (struct numbered_page){ .page = page, .held_references = 1 };
	}
	spin_unlock(&pages->lock);
	return number;
}

static void add_to_held_references(struct numbered_pages *pages, u32 number, int change)
{
	spin_lock(&pages->lock);
	pages->pages[number].held_references += change;
	spin_unlock(&pages->lock);
}

static gfp_t gfp_of_flags(u64 flags)
{
	gfp_t gfp = flags & DEVICE_GFP_ATOMIC ? GFP_ATOMIC :
		    flags & DEVICE_GFP_NOWAIT ? GFP_NOWAIT :
		    flags & DEVICE_GFP_NOIO   ? GFP_NOIO :
						GFP_KERNEL;

	if (flags & DEVICE_GFP_ZERO)
		gfp |= __GFP_ZERO;
	if (flags & DEVICE_GFP_HIGHMEM)
		gfp |= __GFP_HIGHMEM;
	if (flags & DEVICE_GFP_NOFAIL)
		gfp |= __GFP_NOFAIL;
	return gfp;
}

long numbered_pages_allocate(struct numbered_pages *pages, u64 flags)
{
	struct page *page = alloc_page(gfp_of_flags(flags));
	int number;

	if (!page)
		return -ENOMEM;
	number = add_page(pages, page);
	if (number < 0)
		__free_page(page);
	return number;
}

void numbered_pages_get(struct numbered_pages *pages, u32 number)
{
	page_call_get(numbered_pages_find(pages, number));
	add_to_held_references(pages, number, 1);
}

void numbered_pages_free(struct numbered_pages *pages, u32 number)
{
	struct page *page = numbered_pages_find(pages, number);

	add_to_held_references(pages, number, -1);
	__free_page(page);
}

void numbered_pages_free_all(struct numbered_pages *pages)
{
	for (unsigned int i = 0; i < PAGES_MAX; i++)
		while (pages->pages[i].held_references-- > 0)
			__free_page(pages->pages[i].page);
}
