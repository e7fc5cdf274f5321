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
 * The run consists of rounds. In each round a layout divides the page into blocks, which belong to
 * the threads in turn, and every thread writes its own. Then each works on its bytes and checks
 * what it reads. Then, while no thread writes, each checks all its bytes. Barriers separate these
 * phases. So a wrong write is found at once, or at the end of the round unless the owner wrote the
 * byte again.
 *
 * An injected bug is found within a hundred operations of a thread. Run two seconds as a quick
 * test, and a minute after a change in src/page. Use more threads than CPUs: for 2. A must lose its
 * CPU between load and store.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "harness/util/random.h"
#include "stress/stress.h"

#define ROUND_OPERATIONS 256

/* "Interleaved in one cache line": blocks that do not fill half of it. */
#define BLOCK_MAX 24

/* The injected read-modify-write is made in so many of a thread's spans, so that threads meet. */
#define RMW_SPANS 4

/* Threads that the value of a byte distinguishes. */
#define OWNER_VALUES 15

enum { NO_BUG, RANGE, RMW, PEEK };

struct span {
	size_t off, len;
};

/* What one thread knows of the page; no other thread reads it. */
static struct owner {
	_Alignas(STRESS_CACHE_LINE) struct span spans[PAGE_SIZE];
	size_t span_count;
	unsigned char expected[PAGE_SIZE]; /* of own bytes; the others are unused */
	unsigned char found[PAGE_SIZE + 1];
	unsigned int generation;
	unsigned int round;
} owners[STRESS_THREADS_MAX];

/*
 * One barrier for each phase. ThreadSanitizer releases when a thread arrives and acquires when it
 * leaves. With a single barrier a thread that leaves late would acquire what a fast thread did up
 * to its next arrival, and races of this phase would be hidden.
 */
enum { ROUND_BEGINS, BYTES_OWNED, ROUND_ENDED, BARRIERS };
static pthread_barrier_t barriers[BARRIERS];

/* Whether the run is over. Written before a round's first barrier, read after it. */
static atomic_bool is_over[2];

/* Neighbours have different values, and so have 16 writes in a row; 0 is what "zero" writes. */
static unsigned char make_value(unsigned int thread, unsigned int generation)
{
	return (unsigned char)((thread % OWNER_VALUES + 1) << 4 | generation % 16);
}

/* ---- layouts: the length of block number @nth, of which @left bytes of the page are left ---- */

/* One block of any size for each thread; the last gets the rest of the page. */
static size_t adjacent_length(unsigned int threads, size_t nth, size_t left, uint64_t *random)
{
	size_t after = threads - nth - 1, most = 2 * (left / (after + 1)) - 1;

	if (!after)
		return left;
	return 1 + random_below(random, most < left - after ? most : left - after);
}

static size_t single_byte(unsigned int threads, size_t nth, size_t left, uint64_t *random)
{
	(void)threads, (void)nth, (void)left, (void)random;
	return 1;
}

/* Blocks that are small enough for every thread to get one. */
static size_t small_length(unsigned int threads, size_t nth, size_t left, uint64_t *random)
{
	size_t fair = PAGE_SIZE / threads;
	size_t len = 1 + random_below(random, fair < BLOCK_MAX ? fair : BLOCK_MAX);

	(void)nth;
	return len < left ? len : left;
}

static const struct layout {
	const char *name;
	size_t (*block_length)(unsigned int threads, size_t nth, size_t left, uint64_t *random);
} layouts[] = {
	{ "adjacent ranges", adjacent_length },
	{ "every nth byte", single_byte },
	{ "small blocks", small_length },
};

static const struct layout *layout_of_round(const struct stress_run *run, unsigned int round)
{
	return &layouts[(run->seed + round) % (sizeof(layouts) / sizeof(layouts[0]))];
}

/* Each thread computes all blocks in the same way, and keeps its own. */
static void divide_page(const struct stress_thread *self, struct owner *owner)
{
	const struct stress_run *run = self->run;
	const struct layout *layout = layout_of_round(run, owner->round);
	uint64_t random = stress_hash(run->seed ^ stress_hash(owner->round));

	owner->span_count = 0;
	for (size_t nth = 0, off = 0, len; off < PAGE_SIZE; nth++, off += len) {
		len = layout->block_length(run->thread_count, nth, PAGE_SIZE - off, &random);
		if ((nth + owner->round) % run->thread_count == self->index)
			owner->spans[owner->span_count++] = (struct span) { off, len };
	}
}

/* ---- checks ---- */

static void report_byte(struct stress_thread *self, size_t off, unsigned char found)
{
	struct owner *owner = &owners[self->index];
	char writer[64] = "no thread";

	if (found / 16)
		snprintf(writer, sizeof(writer), "thread %u%s in generation %u", found / 16u - 1,
			 self->run->thread_count > OWNER_VALUES ? " (modulo 15)" : "", found % 16u);
	else if (!found)
		snprintf(writer, sizeof(writer), "a zeroing");
	stress_fail(self,
		    "foreign byte: page+0x%zx belongs to thread %u in round %u (%s): "
		    "expected 0x%02x, found 0x%02x, which %s writes",
		    off, self->index, owner->round, layout_of_round(self->run, owner->round)->name,
		    owner->expected[off], found, writer);
	owner->expected[off] = found; /* each difference is reported once */
}

static void compare(struct stress_thread *self, struct span span)
{
	const struct owner *owner = &owners[self->index];

	if (!memcmp(owner->found, owner->expected + span.off, span.len))
		return;
	for (size_t i = 0; i < span.len; i++)
		if (owner->found[i] != owner->expected[span.off + i])
			report_byte(self, span.off + i, owner->found[i]);
}

/* Return: 1 if there is a byte after @span, which belongs to another thread. */
static size_t neighbour_byte(struct span span)
{
	return span.off + span.len < PAGE_SIZE ? 1 : 0;
}

static void check_by_call(struct stress_thread *self, struct span span)
{
	size_t excess = self->run->bug == PEEK ? neighbour_byte(span) : 0;
	unsigned char *found = owners[self->index].found;

	stress_read(self, self->run->page, found, span.off, span.len + excess);
	compare(self, span);
}

/* Volatile, and one byte at a time, so that the compiler keeps the accesses. */
static void check_by_mapping(struct stress_thread *self, struct span span)
{
	const volatile unsigned char *mapped = page_map_local(self->run->page);
	struct owner *owner = &owners[self->index];

	for (size_t i = 0; i < span.len; i++)
		owner->found[i] = mapped[span.off + i];
	page_unmap_local((const void *)mapped);
	compare(self, span);
}

static void check_either_way(struct stress_thread *self, struct span span)
{
	(stress_random(self, 2) ? check_by_mapping : check_by_call)(self, span);
}

/* ---- operations ---- */

static unsigned char expect_new_value(struct stress_thread *self, struct span span)
{
	struct owner *owner = &owners[self->index];
	unsigned char value = make_value(self->index, ++owner->generation);

	memset(owner->expected + span.off, value, span.len);
	return value;
}

static void write_span(struct stress_thread *self, struct span span)
{
	size_t excess = self->run->bug == RANGE ? neighbour_byte(span) : 0;
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
		if (self->run->bug == RMW)
			store_by_rmw(mapped, off, value);
		else
			bytes[off] = value;
	}
	page_unmap_local(mapped);
}

/*
 * Return: a part of one own span. An injected bug gets what it needs: the end of a span, or few
 * spans that are close to each other.
 */
static struct span pick(struct stress_thread *self)
{
	const struct owner *owner = &owners[self->index];
	bool few = self->run->bug == RMW && owner->span_count > RMW_SPANS;
	struct span span = owner->spans[stress_random(self, few ? RMW_SPANS : owner->span_count)];
	size_t skip = stress_random(self, span.len), len = 1 + stress_random(self, span.len - skip);

	if (self->run->bug == RANGE || self->run->bug == PEEK)
		len = span.len - skip;
	stress_record_range(self, 0, span.off + skip, len,
			    make_value(self->index, owner->generation + 1));
	return (struct span) { span.off + skip, len };
}

static void write_own(struct stress_thread *self)
{
	struct span span = pick(self);

	write_span(self, span);
	check_either_way(self, span);
}

static void zero_own(struct stress_thread *self)
{
	struct span span = pick(self);

	memset(owners[self->index].expected + span.off, 0, span.len);
	stress_zero(self, self->run->page, span.off, span.len);
	check_either_way(self, span);
}

static void store_own(struct stress_thread *self)
{
	struct span span = pick(self);

	store_span(self, span);
	check_either_way(self, span);
}

static void read_own(struct stress_thread *self)
{
	check_by_call(self, pick(self));
}

static void load_own(struct stress_thread *self)
{
	check_by_mapping(self, pick(self));
}

/* ---- rounds ---- */

/* Thread 0 decides, so that no thread waits at a barrier which another one has left. */
static bool begin_round(struct stress_thread *self, unsigned int round)
{
	atomic_bool *over = &is_over[round % 2];

	if (!self->index)
		atomic_store_explicit(over, !stress_continue(self), memory_order_relaxed);
	pthread_barrier_wait(&barriers[ROUND_BEGINS]);
	return !atomic_load_explicit(over, memory_order_relaxed);
}

static void for_each_span(struct stress_thread *self,
			  void (*fn)(struct stress_thread *self, struct span span))
{
	const struct owner *owner = &owners[self->index];

	for (size_t i = 0; i < owner->span_count; i++)
		fn(self, owner->spans[i]);
}

/* Each thread makes the same number of operations; only the limit stops it. */
static void run_operations(struct stress_thread *self)
{
	uint64_t limit = self->run->operation_limit;
	uint64_t end = self->operation_count + ROUND_OPERATIONS;

	if (limit && limit < end)
		end = limit;
	while (self->operation_count < end)
		stress_run_operation(self);
}

static void run_rounds(struct stress_thread *self)
{
	struct owner *owner = &owners[self->index];

	for (; begin_round(self, owner->round); owner->round++) {
		divide_page(self, owner);
		for_each_span(self, write_span);
		pthread_barrier_wait(&barriers[BYTES_OWNED]);
		run_operations(self);
		pthread_barrier_wait(&barriers[ROUND_ENDED]);
		for_each_span(self, check_by_call);
	}
}

static void start(struct stress_thread *first)
{
	for (int i = 0; i < BARRIERS; i++)
		pthread_barrier_init(&barriers[i], NULL, first->run->thread_count);
}

const struct stress_pattern stress_disjoint = {
	.name = "disjoint",
	.summary = "threads own disjoint bytes of one page; no thread may touch another one's",
	.threads_min = 1,
	.gfp = GFP_KERNEL, /* not zeroed: a read before the first write returns undefined bytes (R7)
			    */
	.operations = {
		{ "write", 1, .run = write_own, .page_call = "write_raw" },
		{ "zero", 1, .run = zero_own, .page_call = "fill_zero" },
		{ "store", 1, .run = store_own },
		{ "read", 1, .run = read_own, .page_call = "read_raw" },
		{ "load", 1, .run = load_own },
	},
	.bugs = {
		{ "range", .effect = "writes go one byte into the neighbour's" },
		{ "rmw", .effect = "stores read and write back the 8 bytes around" },
		{ "peek", .effect = "reads go one byte into the neighbour's", .needs_tsan = true },
	},
	.start = start,
	.run_thread = run_rounds,
};
