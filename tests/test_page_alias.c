/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests internals of the alias backend, which page.h does not promise. */
#include "tests/page_test.h"

#include "page/alias.h"
#include "page/map.h"

/* Return: the start of the slot that contains @addr, an address in a mapping of pages[0]. */
static unsigned char *find_slot_of_first_page(unsigned char *addr)
{
	if (alias_place_kind == &alias_slot)
		return addr;
	return addr - (size_t)(pages[0] - arena_pages) * PAGE_SIZE;
}

static struct page_task *switch_to_new_task(void)
{
	struct page_task *task = page_task_new("new");

	page_task_switch_in(task);
	return task;
}

static void switch_back_and_delete(struct page_task *task)
{
	page_task_switch_in(NULL);
	page_task_delete(task);
}

static bool is_in_set(const struct alias_set *set, const unsigned char *addr)
{
	unsigned int place;
	size_t offset;

	return alias_set_find(addr, &place, &offset) == set;
}

/* Tests that addresses before and after @set are not in @set; another set or the arena may have them. */
static void test_ends_of_set(struct alias_set *set)
{
	unsigned char *first = alias_place_address(set, 0), *end = alias_place_address(set, ALIAS_PLACES);

	ok(is_in_set(set, first) && is_in_set(set, end - 1) && !is_in_set(set, first - 1) &&
		   !is_in_set(set, end) && !is_in_set(set, (unsigned char *)set - 1),
	   "a set contains its places, and nothing else");
}

static void test_addresses_without_canonical(void)
{
	struct page_task *task = switch_to_new_task();
	unsigned char *addr = page_map_local(pages[0]), *slot = find_slot_of_first_page(addr);

	/* [P108] */
	ok(!page_canonical(slot - 1) && !page_canonical(slot + alias_place_kind->stride - 1),
	   "the guards of a slot have no canonical address");
	ok(!page_canonical(slot + 9 * alias_place_kind->stride), "an unused slot has no canonical address");
	test_ends_of_set(task->aliases);
	ok(page_canonical(page_canonical(addr)) == page_canonical(addr),
	   "a canonical address is its own canonical address");
	page_unmap_local(addr);
	switch_back_and_delete(task);
}

static void map_and_unmap_repeatedly(unsigned int times)
{
	while (times--)
		page_unmap_local(page_map_local(pages[1]));
}

/* Tests that the first slot is reused only after each other free slot was used once. */
static void test_slot_order(void)
{
	struct page_task *task = switch_to_new_task();
	unsigned char *first, *last, *next;

	first = page_map_local(pages[0]);
	page_unmap_local(first);
	map_and_unmap_repeatedly(ALIAS_PLACES - 2);
	last = page_map_local(pages[0]);
	map_and_unmap_repeatedly(ALIAS_PLACES - 1);
	next = page_map_local(pages[0]);
	ok(next == first && next != last, "slots are used in turn");
	next[5] = 5;
	ok(last[5] == 5, "a reused slot shows the page that is mapped there now");
	ok(!page_canonical(find_slot_of_first_page(first) - 1),
	   "before the first slot there is no canonical address");
	page_unmap_local(next);
	page_unmap_local(last);
	switch_back_and_delete(task);
}

static struct alias_set *get_set_of_deleted_task(void)
{
	struct page_task *task = switch_to_new_task();
	struct alias_set *set;

	page_map_local(pages[0]);
	set = task->aliases;
	switch_back_and_delete(task);
	return set;
}

/* Tests guarantee 5 of map_alias.c: sets are reused, so a program can create tasks without end. */
static void test_reuse_of_sets(void)
{
	struct alias_set *first = get_set_of_deleted_task(), *second = get_set_of_deleted_task();

	ok(first && second == first, "the set of a deleted task is reused");
	ok(!second->is_in_use && !second->used_places && !second->live_places && !second->live_count &&
		   !second->is_hidden,
	   "the set of a deleted task is empty");
}

/* Tests that the arena's file may have descriptor 0, which is free if standard input is closed. */
static void use_descriptor_zero_as_arena_file(void)
{
	unsigned char *addr;

	close(STDIN_FILENO);
	pages[0] = alloc_zeroed_page();
	if (!pages[0] || arena_get_file_descriptor() != 0)
		abort();
	addr = page_map_local(pages[0]);
	addr[7] = 7;
	page_unmap_local(addr);
}

static const struct child_case file_zero_cases[] = {
	{ use_descriptor_zero_as_arena_file, RETURNS, "the arena's file may be descriptor 0" },
};

static void run_alias_tests(void)
{
	if (!backend_is("alias"))
		return;
	CHECK_CHILDREN(file_zero_cases);
	allocate_test_pages();
	test_addresses_without_canonical();
	test_slot_order();
	test_reuse_of_sets();
}

UNIT_TEST_IN_MAP_MODES(test_page_alias, run_alias_tests)
