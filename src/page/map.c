/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "page/live.h"
#include "page/range.h"
#include "page/report.h"

const struct page_map_ops *map_backend = &page_map_direct;

/* The windows of one task need ALIAS_PLACES times the address space of the arena, too much for 32 bits. */
#define ROOM_FOR_WINDOWS (sizeof(void *) > 4)
#define IF_ROOM(name)    (ROOM_FOR_WINDOWS ? (name) : "(no room)")

enum map_revoke map_revoke = SYNC_POISONS && ROOM_FOR_WINDOWS ? MAP_REVOKE_POISON : MAP_REVOKE_PROTECT;

/* ---- the choice ---- */

static const struct page_map_ops *const backends[] = { &page_map_alias, &page_map_direct };
static const char *const revokes[] = { IF_ROOM("poison"), "protect", IF_ROOM("none") };

/* True after page_map_backend_set() or page_map_revoke_set(), which override the environment variables. */
static bool backend_chosen, revoke_chosen;

static bool select_backend(const char *name)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		if (strcmp(backends[i]->name, name) != 0)
			continue;
		map_backend = backends[i];
		return true;
	}
	return false;
}

static bool select_revoke(const char *name)
{
	for (size_t i = 0; i < sizeof(revokes) / sizeof(*revokes); i++) {
		if (strcmp(revokes[i], name) != 0)
			continue;
		if (i == MAP_REVOKE_POISON && !SYNC_POISONS)
			return false;
		map_revoke = (enum map_revoke)i;
		return true;
	}
	return false;
}

int page_map_backend_set(const char *name)
{
	if (arena_creation_has_begun())
		return -EBUSY;
	if (!select_backend(name))
		return -EINVAL;
	backend_chosen = true;
	return 0;
}

int page_map_revoke_set(const char *name)
{
	if (arena_creation_has_begun())
		return -EBUSY;
	if (!select_revoke(name))
		return -EINVAL;
	revoke_chosen = true;
	return 0;
}

const char *page_map_backend(void)
{
	return map_backend->name;
}

static void select_from_environment(const char *variable, bool (*select_by_name)(const char *name))
{
	const char *value = getenv(variable);

	if (value && !select_by_name(value))
		page_bug("environment", "%s=%s means nothing in this build", variable, value);
}

bool map_select_backend_needs_file(void)
{
	if (!backend_chosen)
		select_from_environment("PAGE_MAP", select_backend);
	if (!revoke_chosen)
		select_from_environment("PAGE_MAP_REVOKE", select_revoke);
	return map_backend->needs_file;
}

/* ---- mapping ---- */

LIVE_INLINE void *map_local(struct page *page, const char *call)
{
	struct page_task *task;
	void *addr;

	page_live_or_bug(page, call);
	task = task_get_or_create_current();
	if (unlikely(!task_has_room(task)))
		task_bug_overflow(page, CALL_SITE(call));
	addr = map_backend->map(task, page);
	task_push(task, addr, page, __builtin_return_address(0));
	return addr;
}

LIVE_INLINE void unmap_local(const void *addr, const char *call)
{
	struct page_task *task = task_get_or_create_current();
	void *newest = task_pop(task, addr);

	if (unlikely(!newest))
		task_bug_unmap(addr, CALL_SITE(call));
	map_backend->unmap(task, newest);
}

void *page_map_local(struct page *page)
{
	return map_local(page, "page_map_local");
}

void page_unmap_local(const void *addr)
{
	unmap_local(addr, "page_unmap_local");
}

int page_with_mapped(struct page *page, page_mapped_fn fn, void *ctx)
{
	void *addr = map_local(page, "page_with_mapped");
	int ret = fn(addr, ctx);

	unmap_local(addr, "page_with_mapped");
	return ret;
}

int page_with_pointer(struct page *page, size_t off, size_t len, page_pointer_fn fn, void *ctx)
{
	unsigned char *addr;
	int ret;

	if (!range_is_valid(off, len))
		return -EINVAL;
	addr = map_local(page, "page_with_pointer");
	ret = fn(addr + off, ctx);
	unmap_local(addr, "page_with_pointer");
	return ret;
}

void *page_canonical(const void *addr)
{
	return map_backend->canonical(addr);
}
