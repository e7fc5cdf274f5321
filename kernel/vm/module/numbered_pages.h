/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The pages of an open file, by their numbers. The number of a freed page stays valid until a new page gets
 * it, so that a program can use a freed page. All functions may run in any thread of the kernel.
 */
#ifndef NUMBERED_PAGES_H
#define NUMBERED_PAGES_H

#include <linux/mm_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define PAGES_MAX 4096

struct numbered_page {
	struct page *page;   /* NULL: the number was never used */
	int held_references; /* references that numbered_pages_free_all() must drop */
};

struct numbered_pages {
	spinlock_t lock; /* protects the other members */
	struct numbered_page pages[PAGES_MAX];
	unsigned int next;
};

void numbered_pages_init(struct numbered_pages *pages);

/* Return: the page, which may be freed; NULL: no page has had the number. */
struct page *numbered_pages_find(struct numbered_pages *pages, u32 number);

/* @flags: a sum of DEVICE_GFP_... Return: the number of a new page, or a negative errno. */
long numbered_pages_allocate(struct numbered_pages *pages, u64 flags);

/* Take or drop a reference of the page that has this number. */
void numbered_pages_get(struct numbered_pages *pages, u32 number);
void numbered_pages_free(struct numbered_pages *pages, u32 number);

/* Drops all references that are left. */
void numbered_pages_free_all(struct numbered_pages *pages);

#endif
