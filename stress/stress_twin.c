/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Copies between two pages at the same offset, with two nested mappings; a copy of PAGE_SIZE + 1
 * bytes is -EINVAL (use pattern 10). Stripes of both pages belong to the threads in turn. The
 *  interleavings
 * to find:
 *
 *   1. A copy that is one byte too long, or in the wrong direction:
 *        A: copy its [13, 26) of x to y         B: write byte 26 of y, reads that of x
 *   2. A copy of the whole page instead of a part: all neighbours get old bytes.
 *   3. Copies in both directions at once between the same pages, by unrelated threads:
 *        A: map x, map y, copy                  B: map y, map x, copy
 *      Neither waits for the other, and neither sees the other's mapping.
 *
 * Hundreds of operations find a planted bug; run a minute after a change in page_copy().
 */
#include <errno.h>
#include <string.h>

#include "stress/tagged.h"
#include "stress/stress.h"

#define STRIPE 13
#define PLACES (PAGE_SIZE / STRIPE)

enum { HEALTHY, RANGE, WHOLE, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[RANGE] = { "range", "a copy is one byte too long", false },
	[WHOLE] = { "whole", "a copy takes what is around it along", false },
	[BUSTED] = { NULL, NULL, false },
};

static struct page *twins[2];

/* The tags of a thread's stripes; one thread may have all of them. */
static struct owner {
	_Alignas(STRESS_CACHE_LINE) uint64_t tags[2][PLACES];
	uint64_t generation;
} owners[STRESS_THREADS_MAX];

static size_t pick(struct stress_thread *self, unsigned int which)
{
	unsigned int threads = self->run->threads;
	size_t own = (PLACES - self->index + threads - 1) / threads;
	size_t place = stress_thread_random(self, own) * threads + self->index;

	stress_set_op(self, which, place * STRIPE, STRIPE, 0);
	return place;
}

static void write_place(struct stress_thread *self, unsigned int which, size_t place)
{
	struct owner *owner = &owners[self->index];
	unsigned char bytes[STRIPE];

	owner->tags[which][place] = tagged_make_tag(self->index, ++owner->generation);
	tagged_fill(bytes, owner->tags[which][place], place * STRIPE, STRIPE);
	stress_expect_ok(self, "page_write_raw",
			 page_write_raw(twins[which], bytes, place * STRIPE, STRIPE));
}

static void check_place(struct stress_thread *self, unsigned int which, size_t place)
{
	uint64_t tag = owners[self->index].tags[which][place];
	unsigned char bytes[STRIPE];

	stress_expect_ok(self, "page_read_raw",
			 page_read_raw(twins[which], bytes, place * STRIPE, STRIPE));
	if (!tagged_check(self, which ? "second page" : "first page", bytes, tag, place * STRIPE,
			 STRIPE))
		write_place(self, which, place);
}

static void start(struct stress_thread *first)
{
	for (unsigned int which = 0; which < 2; which++) {
		twins[which] = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
		for (size_t place = 0; place < PLACES; place++)
			write_place(stress_thread(place % first->run->threads), which, place);
	}
}

/* Returns the length of a copy, which a planted bug changes. */
static size_t length(const struct stress_thread *self, size_t place)
{
	size_t left = PAGE_SIZE - place * STRIPE;
	size_t len = STRIPE;

	if (self->run->busted == RANGE)
		len++;
	if (self->run->busted == WHOLE)
		len = 512;
	return len < left ? len : left;
}

static void write(struct stress_thread *self)
{
	unsigned int which = (unsigned int)stress_thread_random(self, 2);
	size_t place = pick(self, which);

	write_place(self, which, place);
	check_place(self, which, place);
}

static void copy_by_call(struct stress_thread *self, unsigned int to, size_t place)
{
	size_t off = place * STRIPE;

	stress_expect_ok(self, "page_copy",
			 page_copy(twins[to], off, twins[!to], off, length(self, place)));
}

static void copy_mapped(struct stress_thread *self, unsigned int to, size_t place)
{
	unsigned char *dst = page_map_local(twins[to]);
	unsigned char *src = page_map_local(twins[!to]);

	memcpy(dst + place * STRIPE, src + place * STRIPE, length(self, place));
	page_unmap_local(src);
	page_unmap_local(dst);
}

static void copy_some(struct stress_thread *self,
		      void (*copy)(struct stress_thread *self, unsigned int to, size_t place))
{
	unsigned int to = (unsigned int)stress_thread_random(self, 2);
	size_t place = pick(self, to);

	copy(self, to, place);
	owners[self->index].tags[to][place] = owners[self->index].tags[!to][place];
	check_place(self, to, place);
	check_place(self, !to, place);
}

static void copy_raw(struct stress_thread *self)
{
	copy_some(self, copy_by_call);
}

static void copy_nested(struct stress_thread *self)
{
	copy_some(self, copy_mapped);
}

static void too_long(struct stress_thread *self)
{
	size_t place = pick(self, 0);

	stress_expect(self, "page_copy(PAGE_SIZE + 1)",
		      page_copy(twins[0], 0, twins[1], 0, PAGE_SIZE + 1), -EINVAL);
	stress_expect(self, "page_copy(1, PAGE_SIZE)",
		      page_copy(twins[0], 1, twins[1], 1, PAGE_SIZE), -EINVAL);
	check_place(self, 0, place);
}

static void finish(struct stress_thread *first)
{
	for (unsigned int which = 0; which < 2; which++) {
		for (size_t place = 0; place < PLACES; place++)
			check_place(stress_thread(place % first->run->threads), which, place);
		page_free(twins[which]);
	}
}

static const struct stress_kind kinds[] = {
	{ "write", 2, write, NULL },
	{ "copy", 3, copy_raw, NULL },
	{ "nested", 3, copy_nested, NULL },
	{ "too-long", 1, too_long, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_twin",
	.about = "Stripes are copied between two pages at the same offset, both ways at once.",
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
