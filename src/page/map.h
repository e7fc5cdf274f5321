/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A mapping backend: where a page that is mapped appears, and what becomes of the
 * address. task.h decides before, in the same way for all backends, whether a mapping may
 * begin or end: page live, room on the stack, order, owner.
 */
#ifndef LIBPAGE_MAP_H
#define LIBPAGE_MAP_H

#include "page/page.h"

struct page_map_ops {
	const char *name;
	bool file; /* the arena must be a file */

	/* The arena exists and is empty. Return: false: there can be no pages. */
	bool (*arena_made)(void);

	/*
	 * map() returns the address of byte 0, good for PAGE_SIZE bytes until unmap()
	 * gets it back. Both run for the task that owns the mapping, on its thread.
	 */
	void *(*map)(struct page_task *task, struct page *page);
	void (*unmap)(struct page_task *task, void *addr);

	/* Hide a task's mappings from now on; show those of pages that are live. */
	void (*switch_out)(struct page_task *task);
	void (*switch_in)(struct page_task *task);

	/* The last reference was dropped: no one may touch the page through a mapping. */
	void (*page_freed)(struct page *page);
	/* The task has no mapping any more, and will make none. */
	void (*task_deleted)(struct page_task *task);

	/* The canonical address of the byte that @addr names or once named; NULL when it never did. */
	void *(*canonical)(const void *addr);
};

/* The page's own address, like low memory: costs nothing. */
extern const struct page_map_ops page_map_direct;

/* An address of its own for each mapping, revoked when it ends. */
extern const struct page_map_ops page_map_alias;

/* The backend in use. Written once, before the first page. */
extern const struct page_map_ops *map_backend;

/*
 * Decides on a backend for good; the first page is about to be made.
 * Return: must the arena be a file?
 */
bool map_settle(void);

/* How alias mappings are revoked: see page_map_revoke_set(). */
enum map_revoke { MAP_REVOKE_POISON, MAP_REVOKE_PROTECT, MAP_REVOKE_NONE };
extern enum map_revoke map_revoke;

#endif
