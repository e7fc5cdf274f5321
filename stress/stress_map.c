/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Mapping churn: all threads map and unmap shared pages as fast as they can, one at a time, nested,
 * and with tasks that are left and resumed (R4, R5, R6). Each thread has 8 bytes in each page. The
 * interleavings to find:
 *
 *   1. Two mappings get one address:
 *        A: map x                               B: map y at the same address
 *        A: reads its bytes of x, finds those of y
 *   2. A mapping ends with another one's:
 *        A: map x, map y                        B: map x, unmap: A's x is gone
 *   3. A task resumes with other mappings than it had:
 *        A: map x, leave; map y; come back: the newest is x again
 *   4. A store through one mapping changes the neighbour's bytes:
 *        A: store 8 bytes at 8                  B: store 8 bytes at 16
 *
 * No bug in the library is known to cause 1. to 3.: run minutes with the alias backend and
 * --delays.
 */
#include <stdlib.h>
#include <string.h>

#include "stress/stress.h"

#define PAGES 8
#define WORD  sizeof(uint64_t)

enum { HEALTHY, FOREIGN, LEAK, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[FOREIGN] = { "foreign", "a store goes to the neighbour's bytes as well", false },
	[LEAK] = { "leak", "a mapping is forgotten now and then", false },
	[BUSTED] = { NULL, NULL, false },
};

static struct page *pages[PAGES];

static struct owner {
	_Alignas(STRESS_CACHE_LINE) uint64_t expected[PAGES];
	uint64_t generation;
	struct page_task *task; /* a second task to switch to */
} owners[STRESS_THREADS_MAX];

static void start(struct stress_thread *first)
{
	for (unsigned int i = 0; i < PAGES; i++)
		pages[i] = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
	for (unsigned int i = 0; i < first->run->threads; i++) {
		owners[i].task = page_task_new("second");
		if (!owners[i].task)
			abort();
	}
}

static size_t pick(struct stress_thread *self)
{
	size_t nth = stress_thread_random(self, PAGES);

	stress_set_op(self, nth, self->index * WORD, WORD, 0);
	return nth;
}

static void check(struct stress_thread *self, const volatile uint64_t *mapped, size_t nth)
{
	uint64_t found = mapped[self->index], expected = owners[self->index].expected[nth];

	if (found == expected)
		return;
	stress_fail(self, "page %zu+0x%zx of thread %u: expected 0x%llx, found 0x%llx", nth,
		    self->index * WORD, self->index, (unsigned long long)expected,
		    (unsigned long long)found);
	owners[self->index].expected[nth] = found;
}

static void store(struct stress_thread *self, volatile uint64_t *mapped, size_t nth)
{
	struct owner *owner = &owners[self->index];
	uint64_t value = stress_hash((uint64_t)self->index << 32 | ++owner->generation) ^ nth;

	owner->expected[nth] = value;
	mapped[self->index] = value;
	if (self->run->busted == FOREIGN)
		mapped[(self->index + 1) % self->run->threads] = value;
}

static void map_one(struct stress_thread *self)
{
	size_t nth = pick(self);
	uint64_t *mapped = page_map_local(pages[nth]);

	check(self, mapped, nth);
	store(self, mapped, nth);
	check(self, mapped, nth);
	if (self->run->busted == LEAK && !stress_thread_random(self, 16))
		return;
	page_unmap_local(mapped);
}

static void map_nested(struct stress_thread *self)
{
	unsigned int depth = 1 + (unsigned int)stress_thread_random(self, PAGE_TASK_MAPPINGS);
	uint64_t *mapped[PAGE_TASK_MAPPINGS];
	size_t nths[PAGE_TASK_MAPPINGS];

	for (unsigned int i = 0; i < depth; i++) {
		nths[i] = pick(self);
		mapped[i] = page_map_local(pages[nths[i]]);
		store(self, mapped[i], nths[i]);
	}
	for (unsigned int i = 0; i < depth; i++)
		check(self, mapped[i], nths[i]);
	while (depth--)
		page_unmap_local(mapped[depth]);
}

/* Maps with both tasks in turn; each must find its own mappings again. */
static void switch_tasks(struct stress_thread *self)
{
	struct page_task *second = owners[self->index].task;
	size_t x = pick(self), y = pick(self);
	uint64_t *mine = page_map_local(pages[x]), *other;

	page_task_switch_out(NULL);
	page_task_switch_in(second);
	other = page_map_local(pages[y]);
	store(self, other, y);
	page_task_switch_out(second);
	page_task_switch_in(NULL);
	check(self, mine, x);
	page_unmap_local(mine);
	page_task_switch_out(NULL);
	page_task_switch_in(second);
	check(self, other, y);
	page_unmap_local(other);
	page_task_switch_out(second);
	page_task_switch_in(NULL);
}

static void finish(struct stress_thread *first)
{
	for (unsigned int nth = 0; nth < PAGES; nth++) {
		uint64_t *mapped = page_map_local(pages[nth]);

		for (unsigned int i = 0; i < first->run->threads; i++)
			check(stress_thread(i), mapped, nth);
		page_unmap_local(mapped);
		page_free(pages[nth]);
	}
	for (unsigned int i = 0; i < first->run->threads; i++)
		stress_expect_count(first, "mappings that a task did not end",
				    page_task_delete(owners[i].task), 0);
}

static const struct stress_kind kinds[] = {
	{ "alone", 6, map_one, NULL },
	{ "deep", 2, map_nested, NULL },
	{ "leave", 1, switch_tasks, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_map",
	.about = "Pages are mapped and unmapped as fast as threads and tasks can.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.start = start,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
