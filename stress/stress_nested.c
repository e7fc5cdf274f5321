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
 * Hundreds of operations find an injected bug; for 2. and 3. run minutes with the alias backend.
 */
#include <string.h>

#include "stress/places.h"

#define STEP      512
#define DEPTH_MAX PAGE_TASK_MAPPINGS

enum { NO_BUG, RANGE, ORDER };

static void prepare_run(struct stress_thread *first)
{
	places_create(first->run, STEP, DEPTH_MAX);
}

static size_t min_of_three(size_t a, size_t b, size_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Copies through two nested mappings. */
static void copy_step(struct stress_thread *self)
{
	unsigned int to = stress_random(self, DEPTH_MAX);
	unsigned int from = (to + 1 + stress_random(self, DEPTH_MAX - 1)) % DEPTH_MAX;
	size_t place = places_pick(self), off = places_offset(place);
	size_t len = min_of_three(PAGE_SIZE - off, STEP, PAGE_SIZE);
	unsigned char *target, *source;

	stress_record_range(self, to, off, len, 0);
	if (self->run->bug_number == RANGE && off + len < PAGE_SIZE)
		len++;
	target = page_map_local(places_page(place, to));
	source = page_map_local(places_page(place, from));
	memcpy(target + off, source + off, len);
	page_unmap_local(source);
	page_unmap_local(target);
	places_set_copied(place, to, from);
}

/* Maps several copies of a place, then reads through all mappings. */
static void map_nested(struct stress_thread *self)
{
	unsigned int depth = 1 + stress_random(self, DEPTH_MAX);
	unsigned int first = stress_random(self, DEPTH_MAX);
	size_t place = places_pick(self);
	unsigned char *mapped[DEPTH_MAX];

	stress_record_range(self, first, places_offset(place), STEP, (unsigned char)depth);
	for (unsigned int i = 0; i < depth; i++)
		mapped[i] = page_map_local(places_page(place, (first + i) % DEPTH_MAX));
	for (unsigned int i = 0; i < depth; i++)
		places_check_mapped(self, mapped[i], place, (first + i) % DEPTH_MAX);
	if (self->run->bug_number == ORDER && depth > 1)
		page_unmap_local(mapped[0]);
	while (depth--)
		page_unmap_local(mapped[depth]);
}

static void write_step(struct stress_thread *self)
{
	unsigned int copy = stress_random(self, DEPTH_MAX);
	size_t place = places_pick(self);

	stress_record_range(self, copy, places_offset(place), STEP, 0);
	places_write(self, place, copy);
}

const struct stress_pattern stress_nested = {
	.name = "nested",
	.summary = "copy between nested mappings, in steps that one thread owns",
	.threads_min = 1,
	.operations = {
		{ "write", 2, .run = write_step },
		{ "copy", 3, .run = copy_step },
		{ "nest", 2, .run = map_nested },
	},
	.bugs = {
		{ "range", .effect = "a step is one byte too long" },
		{ "order", .effect = "a thread unmaps pages in the wrong order" },
	},
	.prepare = prepare_run,
	.finish = places_destroy,
};
