/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Nested mappings: copies from page to page by the smallest of three limits, in steps of 512 bytes,
 * through several mappings at once (use pattern 8, R5, R6). Each step's place in a page belongs to
 * one thread, its neighbours to others. The interleavings to find:
 *
 *   1. A step that uses the wrong limit:
 *        A: copy 513 bytes to its [512, 1024)   B: write byte 1024, reads A's
 *   2. The mapping that ends is another thread's or another depth's:
 *        A: map x, map y                        B: map x
 *        A: unmap y, unmap x                    B: its address is gone, or shows y
 *   3. Mappings end in the wrong order, or a slot is reused too early: the next mapping shows the
 *      page of the previous one.
 *
 * Hundreds of operations find a planted bug; for 2. and 3. run minutes with the alias backend.
 */
#include <string.h>

#include "stress/tagged.h"
#include "stress/stress.h"

#define STEP	  512
#define STEPS	  (PAGE_SIZE / STEP)
#define SETS_MAX  (STRESS_THREADS_MAX / STEPS)
#define DEPTH_MAX PAGE_TASK_MAPPINGS

enum { HEALTHY, RANGE, ORDER, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[RANGE] = { "range", "a step is one byte too long", false },
	[ORDER] = { "order", "mappings end in the wrong order", false },
	[BUSTED] = { NULL, NULL, false },
};

/* Eight threads share a set: each owns the place of one step in every page. */
static struct page *sets[SETS_MAX][DEPTH_MAX];

static struct owner {
	_Alignas(STRESS_CACHE_LINE) uint64_t tags[DEPTH_MAX];
	uint64_t generation;
} owners[STRESS_THREADS_MAX];

static struct page **set_of(const struct stress_thread *self)
{
	return sets[self->index / STEPS];
}

static size_t step_offset(const struct stress_thread *self)
{
	return self->index % STEPS * STEP;
}

static void write_step(struct stress_thread *self, unsigned int nth)
{
	struct owner *owner = &owners[self->index];
	unsigned char bytes[STEP];

	owner->tags[nth] = tagged_make_tag(self->index, ++owner->generation);
	tagged_fill(bytes, owner->tags[nth], 0, STEP);
	stress_expect_ok(self, "page_write_raw",
			 page_write_raw(set_of(self)[nth], bytes, step_offset(self), STEP));
}

/* Each difference is reported once. */
static void check_step(struct stress_thread *self, unsigned char *step, unsigned int nth)
{
	uint64_t tag = owners[self->index].tags[nth];
	unsigned char bytes[STEP];

	memcpy(bytes, step, STEP);
	if (!tagged_check(self, "a step", bytes, tag, 0, STEP))
		tagged_fill(step, tag, 0, STEP);
}

static void start(struct stress_thread *first)
{
	for (unsigned int i = 0; i * STEPS < first->run->threads; i++)
		for (unsigned int j = 0; j < DEPTH_MAX; j++)
			sets[i][j] = stress_alloc_or_exit(GFP_KERNEL);
	for (unsigned int i = 0; i < first->run->threads; i++)
		for (unsigned int j = 0; j < DEPTH_MAX; j++)
			write_step(stress_thread(i), j);
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Two nested mappings. */
static void copy(struct stress_thread *self)
{
	unsigned int to = (unsigned int)stress_thread_random(self, DEPTH_MAX);
	unsigned int from = (to + 1 + (unsigned int)stress_thread_random(self, DEPTH_MAX - 1)) % DEPTH_MAX;
	size_t place = step_offset(self);
	size_t len = smallest(PAGE_SIZE - place, STEP, PAGE_SIZE);
	unsigned char *dst, *src;

	stress_set_op(self, to, place, len, 0);
	if (self->run->busted == RANGE && place + len < PAGE_SIZE)
		len++;
	dst = page_map_local(set_of(self)[to]);
	src = page_map_local(set_of(self)[from]);
	memcpy(dst + place, src + place, len);
	page_unmap_local(src);
	page_unmap_local(dst);
	owners[self->index].tags[to] = owners[self->index].tags[from];
}

static void end_all(struct stress_thread *self, unsigned char *const mapped[], unsigned int depth)
{
	if (self->run->busted == ORDER && depth > 1)
		page_unmap_local(mapped[0]);
	while (depth--)
		page_unmap_local(mapped[depth]);
}

/* Maps as deep as possible, then reads through all mappings. */
static void nest(struct stress_thread *self)
{
	unsigned int depth = 1 + (unsigned int)stress_thread_random(self, DEPTH_MAX);
	unsigned int first = (unsigned int)stress_thread_random(self, DEPTH_MAX);
	unsigned char *mapped[DEPTH_MAX];

	stress_set_op(self, first, step_offset(self), STEP, (unsigned char)depth);
	for (unsigned int i = 0; i < depth; i++)
		mapped[i] = page_map_local(set_of(self)[(first + i) % DEPTH_MAX]);
	for (unsigned int i = 0; i < depth; i++)
		check_step(self, mapped[i] + step_offset(self), (first + i) % DEPTH_MAX);
	end_all(self, mapped, depth);
}

static void write(struct stress_thread *self)
{
	unsigned int nth = (unsigned int)stress_thread_random(self, DEPTH_MAX);

	stress_set_op(self, nth, step_offset(self), STEP, 0);
	write_step(self, nth);
}

static void finish(struct stress_thread *first)
{
	unsigned char bytes[PAGE_SIZE];

	for (unsigned int i = 0; i < first->run->threads; i++)
		for (unsigned int j = 0; j < DEPTH_MAX; j++) {
			struct stress_thread *owner = stress_thread(i);

			page_read_raw(set_of(owner)[j], bytes, step_offset(owner), STEP);
			check_step(owner, bytes, j);
		}
	for (unsigned int i = 0; i * STEPS < first->run->threads; i++)
		for (unsigned int j = 0; j < DEPTH_MAX; j++)
			page_free(sets[i][j]);
}

static const struct stress_kind kinds[] = {
	{ "write", 2, write, NULL },
	{ "copy", 3, copy, NULL },
	{ "nest", 2, nest, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_nested",
	.about = "Nested mappings, copies from one to the other in steps that threads own.",
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
