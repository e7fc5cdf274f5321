/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Guarantees (R4, R5, R6):
 *
 *   1. A mapping has an address that no other mapping has while it is live, and that its
 *      task does not use again before it made other mappings.
 *   2. The bytes next to a mapped page, on either side, may not be touched.
 *   3. An address is revoked when its mapping ends, when its page is freed and while its
 *      task is switched out; a page that was freed meanwhile stays hidden when the task
 *      is switched in.
 *   4. The canonical address names the byte for tools. The library accesses that one, so
 *      ThreadSanitizer sees one address for one byte; MemorySanitizer's shadow of an
 *      alias is the shadow of the page, the same memory mapped twice as well.
 *   5. Sets of places belong to a task and are its alone: making and ending a mapping
 *      takes no lock. Sets go from a task that ended to a new one, with nothing mapped.
 *
 * What is not kept: a mapping can be reached by other threads of the process while its
 * task runs. There is one address space.
 */
#include "page/map.h"

#include "page/alias.h"

const struct alias_way *alias_way = &alias_slot;

static bool alias_arena_made(void)
{
	alias_way = map_revoke == MAP_REVOKE_PROTECT ? &alias_slot : &alias_window;
	return alias_files_make() && alias_fork_prepare();
}

/* The next free place in turn. There is one: a task has fewer mappings than places. */
static inline SYNC_UNCHECKED NO_COVERAGE unsigned int pick(const struct alias_set *set)
{
	uint32_t free = ~set->live;
	uint32_t ahead = free >> set->next_place << set->next_place;

	return (unsigned int)__builtin_ctz(ahead ? ahead : free);
}

static NO_SANITIZE_THREAD SYNC_UNCHECKED NO_COVERAGE void *alias_map(struct page_task *task,
							      struct page *page)
{
	struct alias_set *set = task->aliases;
	unsigned int i;
	void *addr;

	if (unlikely(!set))
		set = task->aliases = alias_set_take();
	i = pick(set);
	addr = alias_way->place(set, i, page);
	set->live |= 1u << i;
	set->made |= 1u << i;
	set->next_place = (i + 1) % ALIAS_PLACES;
	set->order[set->depth++] = (uint8_t)i;
	return addr;
}

static NO_SANITIZE_THREAD SYNC_UNCHECKED void alias_unmap(struct page_task *task, void *addr)
{
	struct alias_set *set = task->aliases;

	alias_way->hide(addr);
	set->live &= ~(1u << set->order[--set->depth]);
}

static NO_SANITIZE_THREAD void alias_switch_out(struct page_task *task)
{
	task->aliases->hidden = true;
	for (unsigned int i = 0; i < task->depth; i++)
		alias_way->hide(task->live[i].addr);
}

static NO_SANITIZE_THREAD void alias_switch_in(struct page_task *task)
{
	task->aliases->hidden = false;
	for (unsigned int i = 0; i < task->depth; i++)
		if (mapping_page_is_live(&task->live[i]))
			alias_way->show(task->live[i].addr);
}

static void hide(void *addr)
{
	alias_way->hide(addr);
}

static void alias_page_freed(struct page *page)
{
	task_each_mapping(page, hide);
}

static void alias_task_deleted(struct page_task *task)
{
	if (task->aliases)
		alias_set_give(task->aliases);
	task->aliases = NULL;
}

static NO_SANITIZE_THREAD void *alias_canonical(const void *addr)
{
	struct alias_set *set;
	unsigned int place;
	size_t offset;

	if (arena_contains(addr))
		return (void *)(uintptr_t)addr;
	set = alias_set_find(addr, &place, &offset);
	if (!set || !(set->made & 1u << place))
		return NULL;
	return alias_way->canonical(set, place, offset);
}

const struct page_map_ops page_map_alias = {
	.name = "alias",
	.file = true,
	.arena_made = alias_arena_made,
	.map = alias_map,
	.unmap = alias_unmap,
	.switch_out = alias_switch_out,
	.switch_in = alias_switch_in,
	.page_freed = alias_page_freed,
	.task_deleted = alias_task_deleted,
	.canonical = alias_canonical,
};
