/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Guarantees (R4, R5, R6):
 *
 *   1. Two mappings never have the same address at the same time. A task uses the address of a removed
 *      mapping again only after the task made other mappings.
 *   2. The bytes before and after a mapped page are invalid.
 *   3. The address of a mapping becomes invalid at unmap, when the page is freed, and while the task is
 *      switched out. If the page of a mapping is freed while the task is switched out, the address remains
 *      invalid when the task is switched in.
 *   4. The library accesses a byte at its canonical address, so ThreadSanitizer observes one
 *      address for each byte. MemorySanitizer's shadow of an alias is the shadow of the page:
 *      the same memory is mapped twice.
 *   5. Only one task uses a set of places, so to map and to unmap a page takes no lock. When a task ends, a
 *      new task may get the set, in which no page is mapped.
 *
 * All threads of a process share one address space. So, while a task runs, the backend does not detect that
 * another thread accesses a mapping of this task.
 */
#include "page/map.h"

#include "page/alias.h"

const struct alias_place_kind *alias_place_kind = &alias_slot;

static bool alias_arena_made(void)
{
	alias_place_kind = map_revoke == MAP_REVOKE_PROTECT ? &alias_slot : &alias_window;
	if (!alias_create_msan_shadow_files())
		return false;
	alias_copy_files_at_fork();
	return true;
}

/* Return: the next free place. A place is always free: a set has more places than its task has mappings. */
static inline SYNC_UNCHECKED NO_COVERAGE unsigned int pick_free_place(const struct alias_set *set)
{
	uint32_t free = ~set->live_places;
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
		set = task->aliases = alias_set_acquire_or_abort();
	i = pick_free_place(set);
	addr = alias_place_kind->map_and_show(set, i, page);
	set->live_places |= 1u << i;
	set->used_places |= 1u << i;
	set->next_place = (i + 1) % ALIAS_PLACES;
	set->place_order[set->live_count++] = (uint8_t)i;
	return addr;
}

static NO_SANITIZE_THREAD SYNC_UNCHECKED void alias_unmap(struct page_task *task, void *addr)
{
	struct alias_set *set = task->aliases;

	alias_place_kind->hide(addr);
	set->live_places &= ~(1u << set->place_order[--set->live_count]);
}

static NO_SANITIZE_THREAD void alias_switch_out(struct page_task *task)
{
	task->aliases->is_hidden = true;
	for (unsigned int i = 0; i < task->depth; i++)
		alias_place_kind->hide(task->live[i].addr);
}

static NO_SANITIZE_THREAD void alias_switch_in(struct page_task *task)
{
	task->aliases->is_hidden = false;
	for (unsigned int i = 0; i < task->depth; i++)
		if (mapping_page_is_live(&task->live[i]))
			alias_place_kind->show(task->live[i].addr);
}

static NO_COVERAGE void hide_mapping(void *addr)
{
	alias_place_kind->hide(addr);
}

static void alias_hide_freed_page(struct page *page)
{
	task_for_each_mapping(page, hide_mapping);
}

static void alias_task_deleted(struct page_task *task)
{
	if (task->aliases)
		alias_set_unmap_and_release(task->aliases);
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
	if (!set || !(set->used_places & 1u << place))
		return NULL;
	return alias_place_kind->canonical(set, place, offset);
}

const struct page_map_ops page_map_alias = {
	.name = "alias",
	.needs_file = true,
	.arena_made = alias_arena_made,
	.map = alias_map,
	.unmap = alias_unmap,
	.switch_out = alias_switch_out,
	.switch_in = alias_switch_in,
	.page_freed = alias_hide_freed_page,
	.task_deleted = alias_task_deleted,
	.canonical = alias_canonical,
};
