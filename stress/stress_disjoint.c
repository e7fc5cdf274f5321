/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads that own disjoint bytes of one page. R3 lets them run in parallel, and R2 says why that
 * is safe: a call touches only its own bytes, and does not write back others. The interleavings to
 * find:
 *
 *   1. A writes one byte too many:
 *        A: write [0, 5) of its [0, 4)      B: write byte 4
 *                                           B: read byte 4, finds A's value
 *   2. A writes its byte by a read-modify-write of the word around it (some compilers did so, which
 *      was a bug in a file system):
 *        A: load bytes 0..7
 *                                           B: write byte 4
 *        A: change byte 0, store bytes 0..7: byte 4 is old again
 *                                           B: read byte 4, finds its own old value
 *   3. A reads a byte of B. No value is wrong, but it is a data race:
 *        A: read [0, 5) of its [0, 4)       B: write byte 4
 *      Only ThreadSanitizer sees it.
 *
 * The page is divided into blocks of very different sizes, which belong to the threads in turn. A
 * wrong write is found when the owner checks the byte, unless the owner wrote it again before.
 *
 * An injected bug is found within a hundred operations of a thread. Run two seconds as a quick test,
 * and a minute with several seeds after a change in src/page. Use more threads than CPUs: for 2. A
 * must lose its CPU between load and store.
 */
#include <stdio.h>
#include <string.h>

#include "harness/util/random.h"
#include "stress/stress.h"

/* "Interleaved in one cache line": blocks that do not fill half of it. */
#define SMALL_MAX 24

/* The injected read-modify-write is made in so many of a thread's blocks, so that threads meet. */
#define RMW_BLOCKS 4

/* Threads that the value of a byte distinguishes. */
#define OWNER_VALUES 15

enum { NO_BUG, RANGE, RMW, PEEK };

struct span {
	size_t off, len;
};

/* Block number N belongs to thread N % thread count. Written before the threads start. */
static struct span blocks[PAGE_SIZE];
static size_t block_count;

static unsigned char expected[PAGE_SIZE]; /* a thread uses the bytes of its own blocks */

static struct owner {
	_Alignas(STRESS_CACHE_LINE) unsigned char found[PAGE_SIZE + 1];
	unsigned int generation;
} owners[STRESS_THREADS_MAX];

/* Neighbours have different values, and so have 16 writes in a row; 0 is what "zero" writes. */
static unsigned char make_value(unsigned int thread, unsigned int generation)
{
	return (unsigned char)((thread % OWNER_VALUES + 1) << 4 | generation % 16);
}

/* ---- blocks ---- */

/* A quarter of the page has single bytes, the next one small blocks, the rest a range for each thread. */
static size_t choose_block_length(const struct stress_run *run, size_t off, uint64_t *random)
{
	size_t fair = PAGE_SIZE / 2 / run->thread_count;

	if (off < PAGE_SIZE / 4)
		return 1;
	if (off < PAGE_SIZE / 2)
		return 1 + random_below(random, SMALL_MAX);
	return 1 + fair / 2 + random_below(random, fair);
}

static void divide_page(const struct stress_run *run)
{
	uint64_t random = run->seed;
	size_t off = 0;

	for (; off < PAGE_SIZE; off += blocks[block_count++].len) {
		size_t len = choose_block_length(run, off, &random), left = PAGE_SIZE - off;

		blocks[block_count] = (struct span){ off, len < left ? len : left };
	}
}

/* ---- checks ---- */

static void report_byte(struct stress_thread *self, size_t off, unsigned char found)
{
	char writer[64] = "no thread";

	if (found / 16)
		snprintf(writer, sizeof(writer), "thread %u%s in generation %u", found / 16u - 1,
			 self->run->thread_count > OWNER_VALUES ? " (modulo 15)" : "", found % 16u);
	else if (!found)
		snprintf(writer, sizeof(writer), "a zeroing");
	stress_fail(self,
		    "foreign byte: page+0x%zx belongs to thread %u: expected 0x%02x, found 0x%02x, "
		    "which "
		    "%s writes",
		    off, self->thread_index, expected[off], found, writer);
	expected[off] = found; /* each difference is reported once */
}

static void compare_with_expected(struct stress_thread *self, struct span span)
{
	const unsigned char *found = owners[self->thread_index].found;

	for (size_t i = 0; i < span.len; i++)
		if (found[i] != expected[span.off + i])
			report_byte(self, span.off + i, found[i]);
}

/* Return: 1 if there is a byte after @span, which belongs to another thread. */
static size_t count_neighbour_bytes(struct span span)
{
	return span.off + span.len < PAGE_SIZE ? 1 : 0;
}

static void check_by_call(struct stress_thread *self, struct span span)
{
	size_t excess = self->run->bug_number == PEEK ? count_neighbour_bytes(span) : 0;

	stress_read(self, self->run->page, owners[self->thread_index].found, span.off,
		    span.len + excess);
	compare_with_expected(self, span);
}

/* Volatile, and one byte at a time, so that the compiler keeps the accesses. */
static void check_by_mapping(struct stress_thread *self, struct span span)
{
	const volatile unsigned char *mapped = page_map_local(self->run->page);

	for (size_t i = 0; i < span.len; i++)
		owners[self->thread_index].found[i] = mapped[span.off + i];
	page_unmap_local((const void *)mapped);
	compare_with_expected(self, span);
}

static void check_by_random_way(struct stress_thread *self, struct span span)
{
	(stress_random(self, 2) ? check_by_mapping : check_by_call)(self, span);
}

/* ---- operations ---- */

static unsigned char expect_new_value(struct stress_thread *self, struct span span)
{
	unsigned char value =
		make_value(self->thread_index, ++owners[self->thread_index].generation);

	memset(expected + span.off, value, span.len);
	return value;
}

static void write_span(struct stress_thread *self, struct span span)
{
	size_t excess = self->run->bug_number == RANGE ? count_neighbour_bytes(span) : 0;
	unsigned char bytes[PAGE_SIZE + 1];

	memset(bytes, expect_new_value(self, span), span.len + excess);
	stress_write(self, self->run->page, bytes, span.off, span.len + excess);
}

/* The injected bug. */
static void store_by_rmw(unsigned char *page, size_t off, unsigned char value)
{
	volatile uint64_t *word = (uint64_t *)(page + (off & ~(size_t)7));
	uint64_t changed = *word;

	((unsigned char *)&changed)[off & 7] = value;
	stress_widen_window();
	*word = changed;
}

static void store_span(struct stress_thread *self, struct span span)
{
	unsigned char *mapped = page_map_local(self->run->page);
	volatile unsigned char *bytes = mapped;
	unsigned char value = expect_new_value(self, span);

	for (size_t off = span.off; off < span.off + span.len; off++) {
		if (self->run->bug_number == RMW)
			store_by_rmw(mapped, off, value);
		else
			bytes[off] = value;
	}
	page_unmap_local(mapped);
}

/*
 * Return: a part of one own block. An injected bug gets what it needs: the end of a block, or few
 * blocks that are close to each other.
 */
static struct span pick_own_span(struct stress_thread *self)
{
	unsigned int threads = self->run->thread_count;
	size_t own = (block_count - self->thread_index + threads - 1) / threads;
	size_t nth = stress_random(self, self->run->bug_number == RMW ? RMW_BLOCKS : own);
	struct span span = blocks[nth * threads + self->thread_index];
	size_t skip = stress_random(self, span.len), len = 1 + stress_random(self, span.len - skip);

	if (self->run->bug_number == RANGE || self->run->bug_number == PEEK)
		len = span.len - skip;
	stress_record_range(
		self, 0, span.off + skip, len,
		make_value(self->thread_index, owners[self->thread_index].generation + 1));
	return (struct span){ span.off + skip, len };
}

static void write_own_span(struct stress_thread *self)
{
	struct span span = pick_own_span(self);

	write_span(self, span);
	check_by_random_way(self, span);
}

static void zero_own_span(struct stress_thread *self)
{
	struct span span = pick_own_span(self);

	memset(expected + span.off, 0, span.len);
	stress_zero(self, self->run->page, span.off, span.len);
	check_by_random_way(self, span);
}

static void store_own_span(struct stress_thread *self)
{
	struct span span = pick_own_span(self);

	store_span(self, span);
	check_by_random_way(self, span);
}

static void read_own_span(struct stress_thread *self)
{
	check_by_call(self, pick_own_span(self));
}

static void load_own_span(struct stress_thread *self)
{
	check_by_mapping(self, pick_own_span(self));
}

/* ---- start and end ---- */

static void for_each_block(void (*fn)(struct stress_thread *self, struct span span))
{
	for (size_t i = 0; i < block_count; i++)
		fn(stress_get_thread(i % stress_get_thread(0)->run->thread_count), blocks[i]);
}

static void prepare_run(struct stress_thread *first)
{
	divide_page(first->run);
	for_each_block(write_span);
}

static void finish_pattern(struct stress_thread *first)
{
	(void)first;
	for_each_block(check_by_call);
}

const struct stress_pattern stress_disjoint = {
	.name = "disjoint",
	.summary = "access adjacent bytes of one page, where each thread owns its bytes",
	.threads_min = 1,
	.gfp = GFP_KERNEL, /* not zeroed: a read before the first write returns undefined bytes (R7) */
	.operations = {
		{ "write", 1, .run = write_own_span, .page_call = "write_raw" },
		{ "zero", 1, .run = zero_own_span, .page_call = "fill_zero" },
		{ "store", 1, .run = store_own_span },
		{ "read", 1, .run = read_own_span, .page_call = "read_raw" },
		{ "load", 1, .run = load_own_span },
	},
	.bugs = {
		{ "range", .effect = "a write is one byte too long, into bytes of another thread" },
		{ "rmw", .effect = "a store reads and writes back the 8 bytes around its range" },
		{ "peek", .effect = "a read is one byte too long, into bytes of another thread", .needs_tsan = true },
	},
	.prepare = prepare_run,
	.finish = finish_pattern,
};
