/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A mapping backend selects the address of a mapping, and makes the address invalid at unmap.
 * Before the library calls a backend, the library checks that the page is allocated and that the task has a
 * free mapping. The library also checks the order and the owner of mappings (task.h).
 */
#pragma once

#include "page/page.h"

struct page_map_ops {
	const char *name;
	bool needs_file; /* the arena must be a file */

	/* Called once, when the arena was created. Return: false if the backend can map no page. */
	bool (*arena_made)(void);

	/*
	 * map() returns the address of byte 0, which is valid for PAGE_SIZE bytes until unmap(). @task owns
	 * the mapping. The thread that calls map() or unmap() runs or deletes @task.
	 */
	void *(*map)(struct page_task *task, struct page *page);
	void (*unmap)(struct page_task *task, void *addr);

	/* switch_out() hides the mappings of @task; switch_in() shows the mappings of allocated pages. */
	void (*switch_out)(struct page_task *task);
	void (*switch_in)(struct page_task *task);

	/* Called when the last reference of @page was dropped: makes all mappings of @page invalid. */
	void (*page_freed)(struct page *page);
	/* Called when @task ends, after the unmap of all its mappings. */
	void (*task_deleted)(struct page_task *task);

	/* Return: the canonical address of the byte at @addr; NULL if no page was ever mapped at @addr. */
	void *(*canonical)(const void *addr);
};

/* The direct backend: a mapping has the page's own address, like the kernel's low memory. */
extern const struct page_map_ops page_map_direct;

/* The alias backend: each mapping has a new address, which is invalid after unmap. */
extern const struct page_map_ops page_map_alias;

/* The selected backend. The library writes this variable once, before the first allocation. */
extern const struct page_map_ops *map_backend;

/*
 * Selects the backend before the first allocation; the selection cannot change later.
 * Return: true if the arena must be a file.
 */
bool map_select_backend_needs_file(void);

/* How the alias backend makes an address invalid: see page_map_revoke_set(). */
enum map_revoke { MAP_REVOKE_POISON, MAP_REVOKE_PROTECT, MAP_REVOKE_NONE };
extern enum map_revoke map_revoke;
