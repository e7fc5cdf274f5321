/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Internals of the alias backend: page.h promises none of this. */
#include "tests/page_test.h"

#include "page/alias.h"
#include "page/map.h"

static struct page *pages[2];

/* Returns the start of the slot in which pages[0] is mapped at @addr. */
static unsigned char *slot_of(unsigned char *addr)
{
	if (alias_way == &alias_slot)
		return addr;
	return addr - (size_t)(pages[0] - arena_pages) * PAGE_SIZE;
}

static bool in_set(const struct alias_set *set, const unsigned char *addr)
{
	unsigned int place;
	size_t offset;

	return alias_set_find(addr, &place, &offset) == set;
}

/* Memory next to a set may be another set or the arena, but not this set. */
static void test_ends_of_set(struct alias_set *set)
{
	unsigned char *first = alias_place(set, 0), *end = alias_place(set, ALIAS_PLACES);

	ok(in_set(set, first) && in_set(set, end - 1) && !in_set(set, first - 1) &&
		   !in_set(set, end) && !in_set(set, (unsigned char *)set - 1),
	   "%s: a set ends where its places do", mode_name);
}

/* Neither the guards of a slot nor an unused slot have a canonical address. */
static void test_no_canonical_address(void)
{
	struct page_task *task = page_task_new("new");
	unsigned char *addr, *place;

	page_task_switch_in(task);
	addr = page_map_local(pages[0]);
	place = slot_of(addr);
	ok(!page_canonical(place - 1) && !page_canonical(place + alias_way->stride - 1),
	   "%s: no home for a guard", mode_name);
	ok(!page_canonical(place + 9 * alias_way->stride), "%s: nor where nothing was mapped yet",
	   mode_name);
	test_ends_of_set(task->aliases);
	ok(page_canonical(page_canonical(addr)) == page_canonical(addr), "%s: home is at home", mode_name);
	page_unmap_local(addr);
	page_task_switch_in(NULL);
	page_task_delete(task);
}

static void map_times(unsigned int times)
{
	while (times--)
		page_unmap_local(page_map_local(pages[1]));
}

/* The first slot is used again when all slots after the newest are in use. */
static void test_slot_order(void)
{
	struct page_task *task = page_task_new("turns");
	unsigned char *first, *last, *next;

	page_task_switch_in(task);
	first = page_map_local(pages[0]);
	page_unmap_local(first);
	map_times(ALIAS_PLACES - 2);
	last = page_map_local(pages[0]);
	map_times(ALIAS_PLACES - 1);
	next = page_map_local(pages[0]);
	ok(next == first && next != last, "%s: places come in turn", mode_name);
	next[5] = 5;
	ok(last[5] == 5, "%s: and show what is mapped there now", mode_name);
	ok(!page_canonical(slot_of(first) - 1), "%s: before the first there is none", mode_name);
	page_unmap_local(next);
	page_unmap_local(last);
	page_task_switch_in(NULL);
	page_task_delete(task);
}

static unsigned char *former; /* an address of a freed page */

static void touch_former(void)
{
	volatile unsigned char *byte = former;

	*byte = 1;
}

/* Allocates another page with the frame of @page. */
static struct page *reuse_frame(struct page *page)
{
	struct page *next;

	while ((next = page_alloc(GFP_KERNEL | __GFP_ZERO)) != page)
		page_free(next);
	return next;
}

/*
 * While a task was away, its page was freed and the frame reused: the task must not see the
 * new page.
 */
static void test_former_page(void)
{
	struct page_task *task = page_task_new("away");
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);

	if (map_revoke == MAP_REVOKE_NONE) {
		page_free(page);
		page_task_delete(task);
		return;
	}
	page_task_switch_in(task);
	former = page_map_local(page);
	page_task_switch_out(task);
	page_free(page);
	page = reuse_frame(page);
	page_task_switch_in(task);
	ok(ends_abnormally(touch_former), "%s: a mapping does not show the next life of its frame",
	   mode_name);
	page_task_switch_in(NULL);
	page_task_delete(task);
	page_free(page);
}

static struct alias_set *set_of_a_new_task(void)
{
	struct page_task *task = page_task_new("short");
	struct alias_set *set;

	page_task_switch_in(task);
	page_map_local(pages[0]);
	set = task->aliases;
	page_task_switch_in(NULL);
	page_task_delete(task);
	return set;
}

/* Guarantee 5: otherwise a program that creates many tasks would run out of addresses. */
static void test_sets_go_on(void)
{
	struct alias_set *first = set_of_a_new_task(), *second = set_of_a_new_task();

	ok(first && second == first, "%s: the places of a task go to the next", mode_name);
	ok(!second->taken && !second->made && !second->live && !second->depth && !second->away,
	   "%s: with nothing in them", mode_name);
}

/* Without aliases a page has one address. */
static void test_direct(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	void *addr = page_map_local(page);

	ok(page_canonical(addr) == addr, "%s: a page is mapped at its home", mode_name);
	page_unmap_local(addr);
	page_free(page);
}

/* Without standard input the arena's file may be descriptor 0. */
static void file_zero(void)
{
	unsigned char *addr;

	close(STDIN_FILENO);
	pages[0] = page_alloc(GFP_KERNEL | __GFP_ZERO);
	if (!pages[0] || arena_file() != 0)
		abort();
	addr = page_map_local(pages[0]);
	addr[7] = 7;
	page_unmap_local(addr);
}

static void checks(void)
{
	if (!backend_is("alias")) {
		test_direct();
		return;
	}
	ok(!ends_abnormally(file_zero), "%s: no standard input, and pages all the same", mode_name);
	for (size_t i = 0; i < COUNT(pages); i++)
		pages[i] = page_alloc(GFP_KERNEL | __GFP_ZERO);
	test_no_canonical_address();
	test_slot_order();
	test_former_page();
	test_sets_go_on();
	for (size_t i = 0; i < COUNT(pages); i++)
		page_free(pages[i]);
}

UNIT_TEST(test_page_alias)
{
	run_in_map_modes(checks);
}
