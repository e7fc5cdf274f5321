/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests internals of the alias backend, which page.h does not promise. */
#include "tests/page_test.h"

#include <sys/syscall.h>
#include <sys/uio.h>

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
	ok(!page_canonical(slot - 1) && !page_canonical(slot + alias_place_kind->stride - PAGE_SIZE) &&
		   !page_canonical(slot + alias_place_kind->stride - 1),
	   "the guards of a slot have no canonical address");
	ok(!page_canonical(slot + 9 * alias_place_kind->stride), "an unused slot has no canonical address");
	test_ends_of_set(task->aliases);
	ok(page_canonical(page_canonical(addr)) == page_canonical(addr),
	   "a canonical address is its own canonical address");
	page_unmap_local(addr);
	switch_back_and_delete(task);
}

/* Maps pages[1], and increments a byte of the page through the mapping. */
static void map_and_unmap_repeatedly(unsigned int times)
{
	while (times--) {
		unsigned char *addr = page_map_local(pages[1]);

		addr[9]++;
		page_unmap_local(addr);
	}
}

/* Tests that the first slot is reused only after each other free slot was used once. */
static void test_slot_order(void)
{
	struct page_task *task = switch_to_new_task();
	unsigned char *first, *last, *next, byte_count = 0;

	first = page_map_local(pages[0]);
	page_unmap_local(first);
	map_and_unmap_repeatedly(ALIAS_PLACES - 2);
	last = page_map_local(pages[0]);
	map_and_unmap_repeatedly(ALIAS_PLACES - 1);
	next = page_map_local(pages[0]);
	ok(next == first && next != last, "slots are used in turn");
	next[5] = 5;
	ok(last[5] == 5, "a reused slot shows the page that is mapped there now");
	page_read_raw(pages[1], &byte_count, 9, 1);
	ok(byte_count == 2 * ALIAS_PLACES - 3, "a slot shows the same page again");
	ok(!page_canonical(find_slot_of_first_page(first) - 1),
	   "before the first slot there is no canonical address");
	page_unmap_local(next);
	page_unmap_local(last);
	switch_back_and_delete(task);
}

/* Return: true if the system can read the byte at @addr. */
static bool is_readable(const unsigned char *addr)
{
	unsigned char byte;
	struct iovec to = { &byte, 1 }, from = { (void *)(uintptr_t)addr, 1 };

	return syscall(SYS_process_vm_readv, (long)getpid(), &to, 1ul, &from, 1ul, 0ul) == 1;
}

/* The set of a task that was deleted while it was switched out, and the addresses of its mappings. */
struct released_set {
	struct alias_set *set;
	unsigned char *addrs[PAGE_TASK_MAPPINGS];
};

static struct released_set get_set_of_deleted_task(void)
{
	struct page_task *task = switch_to_new_task();
	struct released_set released;

	for (unsigned int i = 0; i < PAGE_TASK_MAPPINGS; i++)
		released.addrs[i] = page_map_local(pages[0]);
	released.set = task->aliases;
	page_task_switch_out(task);
	switch_back_and_delete(task);
	return released;
}

static bool has_readable_address(const struct released_set *released)
{
	for (unsigned int i = 0; i < PAGE_TASK_MAPPINGS; i++)
		if (is_readable(released->addrs[i]))
			return true;
	return false;
}

/* Tests that a mapping in a reused set shows its page, although the deleted task mapped the same page there.
 */
static void test_mapping_in_reused_set(const struct alias_set *set)
{
	struct page_task *task = switch_to_new_task();
	unsigned char *addr = page_map_local(pages[0]), byte = 0;

	addr[11] = 11;
	page_read_raw(pages[0], &byte, 11, 1);
	ok(task->aliases == set && byte == 11, "a reused set shows the page that is mapped there now");
	page_unmap_local(addr);
	switch_back_and_delete(task);
}

/* Tests guarantee 5 of map_alias.c: sets are reused, so a program can create tasks without end. */
static void test_reuse_of_sets(void)
{
	struct released_set first = get_set_of_deleted_task(), second = get_set_of_deleted_task();
	const struct alias_set *set = second.set;

	ok(first.set && set == first.set, "the set of a deleted task is reused");
	ok(!set->is_in_use && !set->used_places && !set->live_places && !set->live_count && !set->is_hidden,
	   "the set of a deleted task is empty");
	ok(!has_readable_address(&second), "the addresses of a deleted task are inaccessible");
	test_mapping_in_reused_set(set);
}

static void *map_and_keep_set(void *set)
{
	page_map_local(pages[0]);
	*(struct alias_set **)set = page_task_current()->aliases;
	return NULL;
}

static void test_set_of_ended_thread(void)
{
	struct alias_set *first = NULL, *second = NULL;

	run_thread_and_wait(map_and_keep_set, &first);
	run_thread_and_wait(map_and_keep_set, &second);
	ok(first && first == second, "the set of a thread that ended is reused");
}

static unsigned int set_count;

static void count_set(struct alias_set *set)
{
	(void)set;
	set_count++;
}

/* Runs after the other tests, in which only one task at a time had mappings. */
static void test_number_of_sets(void)
{
	alias_for_each_set_unlocked(count_set);
	ok(set_count == 1, "all calls of one task use one set, got %u sets", set_count);
}

/* ---- MemorySanitizer's shadow memory ---- */

#ifdef SYNC_MSAN
/*
 * Tests guarantee 4 of map_alias.c in the process that creates the arena. In a child of fork(), the library
 * maps the shadow memory again.
 */
static void test_shadow_of_mapping(void)
{
	struct page *page = page_alloc(GFP_KERNEL);
	unsigned char *addr = page_map_local(page);

	ok(!__msan_test_shadow(addr, PAGE_SIZE), "a byte of a new page is uninitialised through its mapping");
	addr[0] = 1;
	ok(__msan_test_shadow(page_canonical(addr), PAGE_SIZE) == 1,
	   "a byte that was stored through a mapping is initialised in the page");
	page_unmap_local(addr);
	page_free(page);
}
#else
ACTION(test_shadow_of_mapping, (void)0)
#endif

/* ---- poisoned pages of windows ---- */

#define ROUNDS 3

/* Return: true if the page at @addr is accessible, and the adjacent pages are not. */
static bool only_page_is_accessible(const unsigned char *addr)
{
	return !sync_is_poisoned(addr) && sync_is_poisoned(addr - 1) && sync_is_poisoned(addr + PAGE_SIZE);
}

/*
 * Each place maps the first page of @mapped, then the second page, and so on. Return: true if each mapping is
 * accessible, and its adjacent pages and all earlier mappings are not.
 */
static bool places_show_only_mapped_page(struct page *const mapped[ROUNDS])
{
	const unsigned char *removed[ROUNDS * ALIAS_PLACES];
	bool good = true;

	for (unsigned int i = 0; i < ROUNDS * ALIAS_PLACES; i++) {
		removed[i] = page_map_local(mapped[i / ALIAS_PLACES]);
		good &= only_page_is_accessible(removed[i]);
		for (unsigned int j = 0; j < i; j++)
			good &= sync_is_poisoned(removed[j]);
		page_unmap_local(removed[i]);
	}
	return good;
}

/* A new task maps @mapped in windows that are mapped anew, so no page of the windows is poisoned before. */
static void test_windows_of_new_task(struct page *const mapped[ROUNDS], const char *first_frame)
{
	struct page_task *task = switch_to_new_task();

	/* [P70] [P71] [P80] */
	ok(places_show_only_mapped_page(mapped),
	   "a window that is used again shows only the page that is mapped there now; %s", first_frame);
	switch_back_and_delete(task);
}

/* No two of the mapped pages are adjacent, so a window must poison the pages next to each page. */
static void test_poisoned_pages_of_windows(void)
{
	struct page *more[ROUNDS];

	if (!SYNC_POISONS || map_revoke != MAP_REVOKE_POISON)
		return;
	for (unsigned int i = 0; i < ROUNDS; i++)
		more[i] = alloc_zeroed_page();
	test_windows_of_new_task((struct page *const[]){ pages[3], pages[0], more[2] },
				 "the first frame is mapped");
	page_free(pages[0]);
	pages[0] = alloc_zeroed_page();
	test_windows_of_new_task((struct page *const[]){ pages[3], pages[1], more[2] },
				 "the first frame is free");
	for (unsigned int i = 0; i < ROUNDS; i++)
		page_free(more[i]);
}

/* A frame that was allocated so often that the number of its allocations needs more than 16 bits. */
static void test_often_allocated_frame(void)
{
	struct page_task *task = switch_to_new_task();
	uint32_t generation = pages[1]->generation;
	unsigned char *addr;

	pages[1]->generation = 0x10005;
	addr = page_map_local(pages[1]);
	page_task_switch_out(task);
	page_task_switch_in(task);
	ok(is_readable(addr), "the mapping of a page whose frame was allocated 65541 times is shown again");
	page_unmap_local(addr);
	pages[1]->generation = generation;
	switch_back_and_delete(task);
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

/* "poison" needs AddressSanitizer, and addresses of 64 bits. */
#define CAN_POISON (SYNC_POISONS && sizeof(void *) > 4)

/* Refused choices leave the earlier choice. */
static void choose_each_revocation(void)
{
	bool is_set = !page_map_revoke_set("protect") && map_revoke == MAP_REVOKE_PROTECT;

	is_set &= !page_map_revoke_set("poison") == CAN_POISON;
	is_set &= map_revoke == (CAN_POISON ? MAP_REVOKE_POISON : MAP_REVOKE_PROTECT);
	if (sizeof(void *) > 4)
		is_set &= !page_map_revoke_set("none") && map_revoke == MAP_REVOKE_NONE;
	if (!is_set)
		abort();
}

static void require_default_revocation(void)
{
	if (map_revoke != (CAN_POISON ? MAP_REVOKE_POISON : MAP_REVOKE_PROTECT))
		abort();
}

static const struct child_case first_page_cases[] = {
	{ use_descriptor_zero_as_arena_file, RETURNS, "the arena's file may be descriptor 0" },
	/* [P80] [P81] [P82] [P86] [P87] */
	{ choose_each_revocation, RETURNS, "each revocation can be chosen" },
}, default_cases[] = {
	/* [P84] */
	{ require_default_revocation, RETURNS, "the default revocation is `poison` with AddressSanitizer" },
};

static void run_alias_tests(void)
{
	if (!backend_is("alias"))
		return;
	CHECK_CHILDREN(first_page_cases);
	if (!strcmp(tap_prefix, "alias: "))
		CHECK_CHILDREN(default_cases);
	allocate_test_pages();
	test_addresses_without_canonical();
	test_slot_order();
	test_reuse_of_sets();
	test_set_of_ended_thread();
	test_often_allocated_frame();
	test_shadow_of_mapping();
	test_poisoned_pages_of_windows();
	test_number_of_sets();
}

UNIT_TEST_IN_MAP_MODES(test_page_alias, run_alias_tests)
