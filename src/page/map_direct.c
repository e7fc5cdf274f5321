/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/map.h"

#include "page/task.h"

static bool direct_arena_made(void)
{
	return true;
}

static void *direct_map(struct page_task *task, struct page *page)
{
	(void)task;
	return arena_address(page);
}

static void direct_unmap(struct page_task *task, void *addr)
{
	(void)task;
	(void)addr;
}

/* Does nothing: all tasks use the same address of a page, so no address can be hidden. */
static void direct_ignore_task(struct page_task *task)
{
	(void)task;
}

/* Does nothing: the arena poisons the bytes of the page when the library frees the frame. */
static void direct_page_freed(struct page *page)
{
	(void)page;
}

static void *direct_canonical(const void *addr)
{
	return arena_contains(addr) ? (void *)(uintptr_t)addr : NULL;
}

const struct page_map_ops page_map_direct = {
	.name = "direct",
	.arena_made = direct_arena_made,
	.map = direct_map,
	.unmap = direct_unmap,
	.switch_out = direct_ignore_task,
	.switch_in = direct_ignore_task,
	.page_freed = direct_page_freed,
	.task_deleted = direct_ignore_task,
	.canonical = direct_canonical,
};
