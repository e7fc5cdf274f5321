/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Mapping churn: all threads map and unmap shared pages as fast as they can, one at a time, nested,
 * and with tasks that are switched out and in (R4, R5, R6). Each thread has 8 bytes in each page.
 * The interleavings to find:
 *
 *   1. Two mappings get one address:
 *        A: map x                               B: map y at the same address
 *        A: reads its bytes of x, finds those of y
 *   2. A mapping ends with another one's:
 *        A: map x, map y                        B: map x, unmap: A's x is gone
 *   3. A task resumes with other mappings than it had:
 *        A: map x, switch; map y; switch back: the newest is x again
 *   4. A store through one mapping changes the neighbour's bytes:
 *        A: store 8 bytes at 8                  B: store 8 bytes at 16
 *
 * No bug in the library is known to cause 1. to 3.: run minutes with the alias backend and
 * --delays.
 */
#include <stdlib.h>

#include "stress/tagged.h"

#define PAGES 8
#define WORD  sizeof(uint64_t)

enum { NO_BUG, FOREIGN, LEAK };

static struct page *pages[PAGES];

static struct owner {
	_Alignas(STRESS_CACHE_LINE) uint64_t expected[PAGES];
	struct page_task *second_task;
} owners[STRESS_THREADS_MAX];

static void prepare_run(struct stress_thread *first)
{
	for (unsigned int i = 0; i < PAGES; i++)
		pages[i] = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
	for (unsigned int i = 0; i < first->run->thread_count; i++) {
		owners[i].second_task = page_task_new("second");
		if (!owners[i].second_task)
			abort();
	}
}

static size_t pick_page_number(struct stress_thread *self)
{
	size_t nth = stress_random(self, PAGES);

	stress_record_range(self, nth, self->thread_index * WORD, WORD, 0);
	return nth;
}

static void check_word(struct stress_thread *self, const volatile uint64_t *mapped, size_t nth)
{
	uint64_t found = mapped[self->thread_index],
		 expected = owners[self->thread_index].expected[nth];

	if (found == expected)
		return;
	stress_fail(self, "page %zu+0x%zx of thread %u: expected 0x%llx, found 0x%llx", nth,
		    self->thread_index * WORD, self->thread_index, (unsigned long long)expected,
		    (unsigned long long)found);
	owners[self->thread_index].expected[nth] = found;
}

static void store_word(struct stress_thread *self, volatile uint64_t *mapped, size_t nth)
{
	uint64_t value = stress_hash(tagged_next_tag(self)) ^ nth;

	owners[self->thread_index].expected[nth] = value;
	mapped[self->thread_index] = value;
	if (self->run->bug_number == FOREIGN)
		mapped[(self->thread_index + 1) % self->run->thread_count] = value;
}

static void map_one_page(struct stress_thread *self)
{
	size_t nth = pick_page_number(self);
	uint64_t *mapped = page_map_local(pages[nth]);

	check_word(self, mapped, nth);
	store_word(self, mapped, nth);
	check_word(self, mapped, nth);
	if (self->run->bug_number == LEAK && !stress_random(self, 16))
		return;
	page_unmap_local(mapped);
}

static void map_nested(struct stress_thread *self)
{
	unsigned int depth = 1 + stress_random(self, PAGE_TASK_MAPPINGS);
	uint64_t *mapped[PAGE_TASK_MAPPINGS];
	size_t page_numbers[PAGE_TASK_MAPPINGS];

	for (unsigned int i = 0; i < depth; i++) {
		page_numbers[i] = pick_page_number(self);
		mapped[i] = page_map_local(pages[page_numbers[i]]);
		store_word(self, mapped[i], page_numbers[i]);
	}
	for (unsigned int i = 0; i < depth; i++)
		check_word(self, mapped[i], page_numbers[i]);
	while (depth--)
		page_unmap_local(mapped[depth]);
}

/* NULL is the thread's own task. */
static void switch_task(struct page_task *from, struct page_task *to)
{
	page_task_switch_out(from);
	page_task_switch_in(to);
}

/* Maps with both tasks in turn; each must find its own mappings again. */
static void map_in_tasks(struct stress_thread *self)
{
	struct page_task *second = owners[self->thread_index].second_task;
	size_t x = pick_page_number(self), y = pick_page_number(self);
	uint64_t *own = page_map_local(pages[x]), *other;

	switch_task(NULL, second);
	other = page_map_local(pages[y]);
	store_word(self, other, y);
	switch_task(second, NULL);
	check_word(self, own, x);
	page_unmap_local(own);
	switch_task(NULL, second);
	check_word(self, other, y);
	page_unmap_local(other);
	switch_task(second, NULL);
}

static void finish_pattern(struct stress_thread *first)
{
	for (unsigned int nth = 0; nth < PAGES; nth++) {
		uint64_t *mapped = page_map_local(pages[nth]);

		for (unsigned int i = 0; i < first->run->thread_count; i++)
			check_word(stress_get_thread(i), mapped, nth);
		page_unmap_local(mapped);
		page_free(pages[nth]);
	}
	for (unsigned int i = 0; i < first->run->thread_count; i++)
		stress_expect_count(first, "mappings that a task did not end",
				    page_task_delete(owners[i].second_task), 0);
}

const struct stress_pattern stress_map = {
	.name = "map",
	.summary = "map and unmap pages in many tasks, as fast as possible",
	.threads_min = 1,
	.operations = {
		{ "alone", 6, .run = map_one_page },
		{ "deep", 2, .run = map_nested },
		{ "leave", 1, .run = map_in_tasks },
	},
	.bugs = {
		{ "foreign", .effect = "a store also writes bytes of another thread" },
		{ "leak", .effect = "a thread sometimes does not unmap a page" },
	},
	.prepare = prepare_run,
	.finish = finish_pattern,
};
