/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Mappings: order, owner, depth, tasks, and the validity of addresses. */
#include "tests/page_test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

static struct page *pages[4];
static struct page_task *tasks[2];

#define FOR_ALIAS (backend_is("alias") && strcmp(mode_name, "alias, none") != 0)
#define POISONED  "use-after-poison"

static void test_good(void)
{
	unsigned char *k[PAGE_TASK_MAPPINGS], *again;
	bool same = true;

	for (int i = 0; i < PAGE_TASK_MAPPINGS; i++) {
		k[i] = page_map_local(pages[i % 4]);
		k[i][i] = (unsigned char)i;
		k[i][PAGE_SIZE - 1] = 99;
	}
	ok(page_task_depth(page_task_current()) == PAGE_TASK_MAPPINGS, "%s: 16 mappings", mode_name);
	for (int i = PAGE_TASK_MAPPINGS; i-- > 0;) {
		same &= k[i % 4][i] == i && k[i % 4][PAGE_SIZE - 1] == 99;
		page_unmap_local(k[i] + i * 200);
	}
	ok(same, "%s: all mappings of a page are the same bytes", mode_name);
	again = page_map_local(pages[0]);
	ok(page_canonical(again + 5) == (unsigned char *)page_canonical(again) + 5,
	   "%s: a home for each byte", mode_name);
	ok((again == page_canonical(again)) == backend_is("direct"), "%s: mapped at home or not", mode_name);
	page_unmap_local(again + PAGE_SIZE - 1);
	ok(page_task_depth(page_task_current()) == 0, "%s: all ended", mode_name);
	ok(!page_canonical(&same), "%s: no home for a stranger", mode_name);
}

static void test_same_memory(void)
{
	unsigned char *a = page_map_local(pages[0]), *b = page_map_local(pages[0]);
	unsigned char byte = 0;

	ok((a != b) == backend_is("alias"), "%s: two mappings, %s", mode_name,
	   a == b ? "one address" : "two addresses");
	ok(page_canonical(a) == page_canonical(b), "%s: one home", mode_name);
	a[7] = 0x77;
	page_read_raw(pages[0], &byte, 7, 1);
	ok(b[7] == 0x77 && byte == 0x77, "%s: aliases and raw calls see each other", mode_name);
	page_fill_zero(pages[0], 7, 1);
	ok(!a[7] && !b[7], "%s: and back", mode_name);
	page_unmap_local(b);
	page_unmap_local(a);
}

/* An address may be reused, but not while a caller could still use it by mistake. */
static void test_fresh(void)
{
	unsigned char *seen[12];
	bool fresh = true;

	for (size_t i = 0; i < COUNT(seen); i++) {
		seen[i] = page_map_local(pages[0]);
		for (size_t j = 0; j < i; j++)
			fresh &= seen[i] != seen[j];
		page_unmap_local(seen[i]);
	}
	ok(fresh == backend_is("alias"), "%s: addresses %s", mode_name, fresh ? "change" : "stay");
}

/* ---- breaking R6 ---- */

static void wrong_order(void)
{
	void *a = page_map_local(pages[0]);

	page_map_local(pages[1]);
	page_unmap_local(a);
}

static void overflow(void)
{
	for (int i = 0; i <= PAGE_TASK_MAPPINGS; i++)
		page_map_local(pages[0]);
}

static void twice(void)
{
	void *a = page_map_local(pages[0]);

	page_unmap_local(a);
	page_unmap_local(a);
}

static void one_past(void)
{
	char *a = page_map_local(pages[0]);

	page_unmap_local(a + PAGE_SIZE);
}

static void stranger(void)
{
	int mine;

	page_map_local(pages[0]);
	page_unmap_local(&mine);
}

static void *unmap_thread(void *addr)
{
	page_unmap_local(addr);
	return NULL;
}

static void other_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, unmap_thread, page_map_local(pages[0])))
		pthread_join(thread, NULL);
}

static void other_task(void)
{
	void *addr;

	page_task_switch_in(tasks[0]);
	addr = page_map_local(pages[0]);
	page_task_switch_out(tasks[0]);
	page_task_switch_in(tasks[1]);
	page_unmap_local(addr);
}

static int keeps_one(void *addr, void *ctx)
{
	(void)addr;
	page_map_local(ctx);
	return 0;
}

static void callback_keeps_mapping(void)
{
	page_with_mapped(pages[0], keeps_one, pages[1]);
}

static void freed_map(void)
{
	page_free(pages[0]);
	page_map_local(pages[0]);
}

static void unmap_freed(void)
{
	void *addr = page_map_local(pages[0]);

	page_free(pages[0]);
	page_unmap_local(addr);
}

static bool names_both(void (*fn)(void), const char *one, const char *two)
{
	struct child_result outcome = in_child(fn);

	return strstr(outcome.stderr_text, one) && strstr(outcome.stderr_text, two);
}

static void test_misuse(void)
{
	ok(aborts_with(wrong_order, "unmap-order"), "%s: an older mapping", mode_name);
	ok(aborts_with(overflow, "map-overflow"), "%s: a 17th mapping", mode_name);
	ok(aborts_with(twice, "use-after-unmap"), "%s: unmapped twice", mode_name);
	ok(ends_abnormally(one_past), "%s: one past the end", mode_name);
	ok(aborts_with(stranger, "foreign-map"), "%s: no page's address", mode_name);
	ok(aborts_with(other_thread, "foreign-map"), "%s: another thread's", mode_name);
	ok(aborts_with(other_task, "foreign-map"), "%s: another task's", mode_name);
	ok(names_both(other_task, "by alpha", "by beta"), "%s: both tasks named", mode_name);
	ok(aborts_with(callback_keeps_mapping, "unmap-order"), "%s: a callback that keeps one", mode_name);
	ok(aborts_with_or(freed_map, "use-after-free", POISONED), "%s: mapping the dead", mode_name);
	ok(!ends_abnormally(unmap_freed), "%s: unmapping the dead is fine", mode_name);
}

/* ---- touching what may not be touched (R5) ---- */

static void touch(unsigned char *addr)
{
	unsigned char byte = *(volatile unsigned char *)addr;

	__asm__ volatile("" : : "r"(byte) : "memory");
}

static void touch_ended(void)
{
	unsigned char *addr = page_map_local(pages[0]);

	page_unmap_local(addr);
	touch(addr);
}

static void touch_after_other(void)
{
	unsigned char *addr = page_map_local(pages[0]);

	page_unmap_local(addr);
	page_map_local(pages[1]);
	touch(addr);
}

static void touch_after_end(void)
{
	unsigned char *addr = page_map_local(pages[0]);

	page_map_local(pages[1]);
	touch(addr + PAGE_SIZE);
}

static void touch_before(void)
{
	unsigned char *addr = page_map_local(pages[0]);

	touch(addr - 1);
}

static void touch_freed(void)
{
	unsigned char *addr = page_map_local(pages[0]);

	page_free(pages[0]);
	touch(addr);
}

static void touch_away(void)
{
	unsigned char *addr;

	page_task_switch_in(tasks[0]);
	addr = page_map_local(pages[0]);
	page_task_switch_out(tasks[0]);
	page_task_switch_in(tasks[1]);
	touch(addr);
}

static void touch_freed_come_back(void)
{
	unsigned char *addr;

	page_task_switch_in(tasks[0]);
	addr = page_map_local(pages[0]);
	page_task_switch_out(tasks[0]);
	page_free(pages[0]);
	page_task_switch_in(tasks[0]);
	touch(addr);
}

/* Another page uses the frame now; the mapping was not made for it. */
static void touch_reused_frame(void)
{
	struct page *again = NULL;
	unsigned char *addr;

	page_task_switch_in(tasks[0]);
	addr = page_map_local(pages[0]);
	page_task_switch_out(tasks[0]);
	page_free(pages[0]);
	while (again != pages[0]) {
		page_free(again);
		again = page_alloc(GFP_KERNEL | __GFP_ZERO);
	}
	page_task_switch_in(tasks[0]);
	touch(addr);
}

static void test_revoked(void)
{
	if (!FOR_ALIAS)
		return;
	ok(ends_abnormally(touch_ended), "%s: a mapping that ended", mode_name);
	ok(ends_abnormally(touch_after_other), "%s: that ended before another", mode_name);
	ok(ends_abnormally(touch_after_end), "%s: just after a mapping", mode_name);
	ok(ends_abnormally(touch_before), "%s: before a mapping", mode_name);
	ok(ends_abnormally(touch_freed), "%s: of a page that died", mode_name);
	ok(ends_abnormally(touch_away), "%s: of a task that is away", mode_name);
	ok(ends_abnormally(touch_freed_come_back), "%s: that died meanwhile", mode_name);
	ok(ends_abnormally(touch_reused_frame), "%s: a page whose frame was reused", mode_name);
}

/* ---- tasks ---- */

static void test_switch(void)
{
	struct page_task *self = page_task_current();
	unsigned char *a, *b, *mine = page_map_local(pages[2]);

	page_task_switch_out(NULL);
	page_task_switch_in(tasks[0]);
	ok(page_task_current() == tasks[0], "%s: switched in", mode_name);
	a = page_map_local(pages[0]);
	a[0] = 1;
	page_task_switch_out(tasks[0]);
	page_task_switch_in(tasks[1]);
	b = page_map_local(pages[0]);
	b[0]++;
	page_task_switch_out(tasks[1]);
	page_task_switch_in(tasks[0]);
	ok(a[0] == 2, "%s: mappings come back with their task", mode_name);
	page_unmap_local(a);
	page_task_switch_out(tasks[0]);
	page_task_switch_in(tasks[1]);
	page_unmap_local(b);
	page_task_switch_out(tasks[1]);
	page_task_switch_in(NULL);
	ok(page_task_current() == self, "%s: back to the thread's own", mode_name);
	mine[1] = 1;
	page_unmap_local(mine);
}

static struct page_task *hooked;

static struct page_task *hook(void)
{
	return hooked;
}

static void test_hook(void)
{
	struct page_task *self = page_task_current();
	void *addr;

	page_task_hook_set(hook);
	hooked = tasks[0];
	ok(page_task_current() == tasks[0], "%s: the hook decides", mode_name);
	addr = page_map_local(pages[0]);
	ok(page_task_depth(tasks[0]) == 1 && !page_task_depth(self), "%s: whose it is", mode_name);
	page_unmap_local(addr);
	hooked = NULL;
	ok(page_task_current() == self, "%s: or it does not", mode_name);
	page_task_hook_set(NULL);
}

/* A thread without a task: raw calls work without one. */
static void *write_without_task(void *arg)
{
	*(bool *)arg = !page_write_raw(pages[0], "x", 0, 1);
	return NULL;
}

static void *leave_own_task(void *arg)
{
	page_task_switch_out(NULL);
	*(bool *)arg = strstr(page_task_name(page_task_current()), "thread ");
	return NULL;
}

static bool in_thread(void *(*fn)(void *))
{
	pthread_t thread;
	bool good = false;

	if (pthread_create(&thread, NULL, fn, &good))
		abort();
	pthread_join(thread, NULL);
	return good;
}

static void test_new_threads(void)
{
	page_task_hook_set(hook);
	hooked = NULL;
	ok(in_thread(write_without_task), "%s: a raw call of a thread without a task", mode_name);
	page_task_hook_set(NULL);
	ok(in_thread(leave_own_task), "%s: a task of its own that it leaves first", mode_name);
}

static void *map_and_leave(void *arg)
{
	for (int i = 0; i < 3; i++)
		page_map_local(pages[i]);
	*(bool *)arg = strstr(page_task_name(page_task_current()), "thread ");
	return NULL;
}

static void test_ends(void)
{
	struct page_task *task = page_task_new("a name that is longer than a name may be");
	struct page_task *self = page_task_current();
	bool named = true;
	void *addr = NULL;

	ok(strlen(page_task_name(task)) == PAGE_TASK_NAME - 1, "%s: a long name is cut", mode_name);
	page_task_switch_in(task);
	page_map_local(pages[0]);
	page_map_local(pages[1]);
	page_task_switch_out(task);
	ok(page_task_delete(task) == 2, "%s: a task with two mappings", mode_name);
	ok(page_task_delete(NULL) == 0, "%s: no task", mode_name);
	task = page_task_new("runs");
	page_task_switch_in(task);
	ok(page_task_delete(task) == 0 && page_task_current() == self,
	   "%s: after a task that ran, the thread's own", mode_name);
	for (int i = 0; i < 20; i++)
		named &= in_thread(map_and_leave);
	ok(named, "%s: threads end with mappings", mode_name);
	addr = page_map_local(pages[0]);
	page_unmap_local(addr);
}

/* ---- fork ---- */

static unsigned char *kept, *kept_away, *kept_dead;

static void child_writes(void)
{
	if (kept[0] != 1)
		abort();
	kept[0] = 2;
	page_write_raw(pages[1], "child", 0, 5);
	if (kept[0] != 2 || kept[1] != 9)
		abort();
	page_task_switch_in(tasks[0]);
	if (kept_away[1] != 9)
		abort();
}

static void child_touches_away(void)
{
	touch(kept_away);
}

static void child_touches_freed(void)
{
	touch(kept_dead);
}

static void test_fork(void)
{
	struct page *dead = page_alloc(GFP_KERNEL);
	unsigned char bytes[5];

	page_write_raw(pages[1], "adult", 0, 5);
	page_task_switch_in(tasks[0]);
	kept_away = page_map_local(pages[0]);
	page_task_switch_out(tasks[0]);
	page_task_switch_in(NULL);
	kept_dead = page_map_local(dead);
	kept = page_map_local(pages[0]);
	kept[0] = 1;
	kept[1] = 9;
	page_free(dead);
	ok(!ends_abnormally(child_writes), "%s: a child has the mappings", mode_name);
	if (FOR_ALIAS) {
		ok(ends_abnormally(child_touches_away), "%s: but not of a task that is away",
		   mode_name);
		ok(ends_abnormally(child_touches_freed), "%s: nor of a page that died", mode_name);
	}
	page_read_raw(pages[1], bytes, 0, 5);
	ok(kept[0] == 1 && !memcmp(bytes, "adult", 5), "%s: and pages of its own", mode_name);
	page_unmap_local(kept);
	page_unmap_local(kept_dead);
	page_task_switch_in(tasks[0]);
	page_unmap_local(kept_away);
	page_task_switch_in(NULL);
}

static void test_choice(void)
{
	ok(page_map_backend_set("direct") == -EBUSY, "%s: too late to choose", mode_name);
	ok(page_map_revoke_set("none") == -EBUSY, "%s: too late for this too", mode_name);
}

static void checks(void)
{
	ok(page_map_backend_set("sideways") == -EINVAL, "%s: no such backend", mode_name);
	ok(page_map_revoke_set("politely") == -EINVAL, "%s: no such revocation", mode_name);
	for (size_t i = 0; i < COUNT(pages); i++)
		pages[i] = page_alloc(GFP_KERNEL | __GFP_ZERO);
	tasks[0] = page_task_new("alpha");
	tasks[1] = page_task_new("beta");
	test_choice();
	test_good();
	test_same_memory();
	test_fresh();
	test_misuse();
	test_revoked();
	test_switch();
	test_hook();
	test_new_threads();
	test_ends();
	test_fork();
	page_task_delete(tasks[0]);
	page_task_delete(tasks[1]);
	for (size_t i = 0; i < COUNT(pages); i++)
		page_free(pages[i]);
}

UNIT_TEST(test_page_map)
{
	run_in_map_modes(checks);
}
