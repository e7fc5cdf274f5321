/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Copies between two pages at the same offset, with two nested mappings; a copy of PAGE_SIZE + 1
 * bytes is -EINVAL (use pattern 10). Places of 13 bytes in both pages belong to the threads in
 * turn. The interleavings to find:
 *
 *   1. A copy that is one byte too long, or in the wrong direction:
 *        A: copy its [13, 26) of x to y         B: write byte 26 of y, reads that of x
 *   2. A copy of the whole page instead of a part: all neighbours get old bytes.
 *   3. Copies in both directions at once between the same pages, by unrelated threads:
 *        A: map x, map y, copy                  B: map y, map x, copy
 *      Neither waits for the other, and neither sees the other's mapping.
 *
 * Hundreds of operations find an injected bug; run a minute after a change in page_copy().
 */
#include <errno.h>
#include <string.h>

#include "stress/places.h"

#define PLACE_SIZE 13

enum { NO_BUG, RANGE, WHOLE };

static void prepare_run(struct stress_thread *first)
{
	places_create(first->run, PLACE_SIZE, 2);
}

static size_t pick_place(struct stress_thread *self, unsigned int copy)
{
	size_t place = places_pick(self);

	stress_record_range(self, copy, places_offset(place), PLACE_SIZE, 0);
	return place;
}

static void write_place(struct stress_thread *self)
{
	unsigned int copy = stress_random(self, 2);
	size_t place = pick_place(self, copy);

	places_write(self, place, copy);
	places_check(self, place, copy);
}

/* Return: the length of a copy, which an injected bug changes. */
static size_t choose_copy_length(const struct stress_thread *self, size_t off)
{
	size_t left = PAGE_SIZE - off, len = PLACE_SIZE;

	if (self->run->bug_number == RANGE)
		len++;
	if (self->run->bug_number == WHOLE)
		len = 512;
	return len < left ? len : left;
}

static void copy_by_call(struct stress_thread *self, struct page *to, struct page *from, size_t off)
{
	stress_expect_ok(self, "page_copy",
			 page_copy(to, off, from, off, choose_copy_length(self, off)));
}

static void copy_by_mapping(struct stress_thread *self, struct page *to, struct page *from,
			    size_t off)
{
	unsigned char *target = page_map_local(to);
	unsigned char *source = page_map_local(from);

	memcpy(target + off, source + off, choose_copy_length(self, off));
	page_unmap_local(source);
	page_unmap_local(target);
}

static void copy_place(struct stress_thread *self,
		       void (*copy)(struct stress_thread *self, struct page *to, struct page *from,
				    size_t off))
{
	unsigned int to = stress_random(self, 2);
	size_t place = pick_place(self, to);

	copy(self, places_page(place, to), places_page(place, !to), places_offset(place));
	places_set_copied(place, to, !to);
	places_check(self, place, to);
	places_check(self, place, !to);
}

static void copy_place_by_call(struct stress_thread *self)
{
	copy_place(self, copy_by_call);
}

static void copy_place_by_mapping(struct stress_thread *self)
{
	copy_place(self, copy_by_mapping);
}

static void copy_beyond_page_end(struct stress_thread *self)
{
	size_t place = pick_place(self, 0);
	struct page *to = places_page(place, 0), *from = places_page(place, 1);

	stress_expect(self, "page_copy(PAGE_SIZE + 1)", page_copy(to, 0, from, 0, PAGE_SIZE + 1),
		      -EINVAL);
	stress_expect(self, "page_copy(1, PAGE_SIZE)", page_copy(to, 1, from, 1, PAGE_SIZE),
		      -EINVAL);
	places_check(self, place, 0);
}

const struct stress_pattern stress_twin = {
	.name = "twin",
	.summary = "copy between two pages at the same offset, in both directions at once",
	.threads_min = 1,
	.operations = {
		{ "write", 2, .run = write_place },
		{ "copy", 3, .run = copy_place_by_call },
		{ "nested", 3, .run = copy_place_by_mapping },
		{ "too-long", 1, .run = copy_beyond_page_end },
	},
	.bugs = {
		{ "range", .effect = "a copy is one byte too long" },
		{ "whole", .effect = "a copy also copies the bytes around its range" },
	},
	.prepare = prepare_run,
	.finish = places_destroy,
};
