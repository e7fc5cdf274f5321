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
 * The run consists of rounds. In each round a layout distributes all bytes of the page to the
 * threads, and every thread writes its own. Then each works on its bytes and checks what it reads.
 * Then, while no thread writes, each checks all its bytes. Barriers separate these phases. So a
 * wrong write is found at once, or at the end of the round unless the owner wrote the byte again.
 *
 * A planted bug is found within a hundred operations of a thread. Run two seconds as a quick test,
 * and a minute after a change in src/page. Use more threads than CPUs: for 2. A must lose its CPU
 * between load and store.
 */
#include "stress/stress.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define ROUND_OPS 256

/* "Interleaved in one cache line": blocks that do not fill half of it. */
#define BLOCK_MAX 24

/* Duration of the planted read-modify-write; the spans of a thread that it applies to. */
#define RMW_SPINS 1000
#define RMW_SPANS 4

/* Threads that the value of a byte distinguishes. */
#define OWNER_VALUES 15

enum { HEALTHY, RANGE, RMW, PEEK, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[RANGE] = { "range", "writes go one byte into the neighbour's", false },
	[RMW] = { "rmw", "stores read and write back the 8 bytes around", false },
	[PEEK] = { "peek", "reads go one byte into the neighbour's", true },
	[BUSTED] = { NULL, NULL, false },
};

enum { WRITE, ZERO, STORE, READ, LOAD, KINDS };

struct span {
	size_t off, len;
};

/* What one thread knows of the page; no other thread reads it. */
struct owner {
	_Alignas(STRESS_CACHE_LINE) struct span spans[PAGE_SIZE];
	size_t n_spans;
	unsigned char expected[PAGE_SIZE]; /* of own bytes; the others are unused */
	unsigned char found[PAGE_SIZE + 1];
	unsigned int generation;
	unsigned int round;
};

static struct owner owners[STRESS_THREADS_MAX];

/*
 * One barrier for each phase. ThreadSanitizer releases when a thread arrives and acquires when it
 * leaves. With a single barrier a thread that leaves late would acquire what a fast thread did up
 * to its next arrival, and races of this phase would be hidden.
 */
enum { DEALING, OWNED, QUIET, BARRIERS };
static pthread_barrier_t barriers[BARRIERS];

/* Is this the end? Written before a round's first barrier, read after it. */
static atomic_bool over[2];

/* Values */

/* Neighbours have different values, and so have 16 writes in a row; 0 is the value ZERO. */
static unsigned char value_of(unsigned int thread, unsigned int generation)
{
	return (unsigned char)((thread % OWNER_VALUES + 1) << 4 | generation % 16);
}

/* Layouts */

struct deal {
	struct owner *owner;
	unsigned int self, threads;
	unsigned int turn; /* the thread that starts */
	uint64_t random;   /* the same on each thread */
};

/* The @nth block goes to the next thread; only its owner stores it. */
static void deal_block(struct deal *deal, size_t nth, size_t off, size_t len)
{
	struct owner *owner = deal->owner;

	if ((nth + deal->turn) % deal->threads == deal->self)
		owner->spans[owner->n_spans++] = (struct span){ off, len };
}

/* One range of any size for each thread; together they cover the page. */
static void deal_adjacent(struct deal *deal)
{
	size_t off = 0;

	for (unsigned int i = 0; i < deal->threads; i++) {
		size_t after = deal->threads - i - 1, left = PAGE_SIZE - off;
		size_t most = 2 * (left / (after + 1)) - 1;
		size_t len = after ? 1 + stress_random(&deal->random, most) : left;

		if (len > left - after)
			len = left - after;
		deal_block(deal, i, off, len);
		off += len;
	}
}

static void deal_bytes(struct deal *deal)
{
	for (size_t off = 0; off < PAGE_SIZE; off++)
		deal_block(deal, off, off, 1);
}

/* Blocks that are small enough for every thread to get one. */
static void deal_blocks(struct deal *deal)
{
	size_t fair = PAGE_SIZE / deal->threads;
	size_t most = fair < BLOCK_MAX ? fair : BLOCK_MAX;
	size_t nth = 0;

	for (size_t off = 0, len; off < PAGE_SIZE; off += len) {
		len = 1 + stress_random(&deal->random, most);
		if (len > PAGE_SIZE - off)
			len = PAGE_SIZE - off;
		deal_block(deal, nth++, off, len);
	}
}

static const struct layout {
	const char *name;
	void (*deal)(struct deal *deal);
} layouts[] = {
	{ "adjacent ranges", deal_adjacent },
	{ "every nth byte", deal_bytes },
	{ "small blocks", deal_blocks },
};

static const struct layout *layout_of(const struct stress_run *run, unsigned int round)
{
	return &layouts[(run->seed + round) % (sizeof(layouts) / sizeof(layouts[0]))];
}

static void deal_round(const struct stress_thread *self, struct owner *owner)
{
	const struct stress_run *run = self->run;
	struct deal deal = {
		.owner = owner,
		.self = self->index,
		.threads = run->threads,
		.turn = owner->round % run->threads,
		.random = stress_hash(run->seed ^ stress_hash(owner->round)),
	};

	owner->n_spans = 0;
	layout_of(run, owner->round)->deal(&deal);
}

/* Checks */

static void foreign_byte(struct stress_thread *self, size_t off, unsigned char found)
{
	struct owner *owner = &owners[self->index];
	unsigned char expected = owner->expected[off];
	char writer[64] = "no thread";

	if (found / 16)
		snprintf(writer, sizeof(writer), "thread %u%s in generation %u", found / 16u - 1,
			 self->run->threads > OWNER_VALUES ? " (modulo 15)" : "", found % 16u);
	else if (!found)
		snprintf(writer, sizeof(writer), "a zeroing");
	stress_fail(self,
		    "foreign byte: page+0x%zx belongs to thread %u in round %u (%s): "
		    "expected 0x%02x, found 0x%02x, which %s writes",
		    off, self->index, owner->round, layout_of(self->run, owner->round)->name,
		    expected, found, writer);
	owner->expected[off] = found; /* each difference is reported once */
}

static void compare(struct stress_thread *self, const struct span *span)
{
	const struct owner *owner = &owners[self->index];

	if (!memcmp(owner->found, owner->expected + span->off, span->len))
		return;
	for (size_t i = 0; i < span->len; i++)
		if (owner->found[i] != owner->expected[span->off + i])
			foreign_byte(self, span->off + i, owner->found[i]);
}

/* Does the byte after @span belong to another thread? */
static size_t neighbour(const struct span *span)
{
	return span->off + span->len < PAGE_SIZE ? 1 : 0;
}

static void check_read(struct stress_thread *self, const struct span *span)
{
	size_t peek = self->run->busted == PEEK ? neighbour(span) : 0;
	unsigned char *found = owners[self->index].found;

	stress_expect_ok(self, "page_read_raw",
			 page_read_raw(self->run->page, found, span->off, span->len + peek));
	compare(self, span);
}

/* Volatile, and one byte at a time, so that the compiler keeps the accesses. */
static void check_load(struct stress_thread *self, const struct span *span)
{
	const volatile unsigned char *page = page_map_local(self->run->page);
	struct owner *owner = &owners[self->index];

	for (size_t i = 0; i < span->len; i++)
		owner->found[i] = page[span->off + i];
	page_unmap_local((const void *)page);
	compare(self, span);
}

/* Operations */

static unsigned char expect_new(struct stress_thread *self, const struct span *span)
{
	struct owner *owner = &owners[self->index];
	unsigned char value = value_of(self->index, ++owner->generation);

	memset(owner->expected + span->off, value, span->len);
	return value;
}

static void write_own(struct stress_thread *self, const struct span *span)
{
	size_t excess = self->run->busted == RANGE ? neighbour(span) : 0;
	unsigned char bytes[PAGE_SIZE + 1];

	memset(bytes, expect_new(self, span), span->len + excess);
	stress_expect_ok(self, "page_write_raw",
			 page_write_raw(self->run->page, bytes, span->off, span->len + excess));
}

static void zero_own(struct stress_thread *self, const struct span *span)
{
	memset(owners[self->index].expected + span->off, 0, span->len);
	stress_expect_ok(self, "page_fill_zero",
			 page_fill_zero(self->run->page, span->off, span->len));
}

/* The planted bug; other threads get time to run between load and store. */
static void store_by_rmw(unsigned char *page, size_t off, unsigned char value)
{
	volatile uint64_t *word = (uint64_t *)(page + (off & ~(size_t)7));
	uint64_t copy = *word;

	((unsigned char *)&copy)[off & 7] = value;
	sched_yield();
	for (volatile unsigned int i = 0; i < RMW_SPINS; i++)
		;
	*word = copy;
}

static void store_own(struct stress_thread *self, const struct span *span)
{
	unsigned char *page = page_map_local(self->run->page);
	volatile unsigned char *bytes = page;
	unsigned char value = expect_new(self, span);

	for (size_t off = span->off; off < span->off + span->len; off++) {
		if (self->run->busted == RMW)
			store_by_rmw(page, off, value);
		else
			bytes[off] = value;
	}
	page_unmap_local(page);
}

static void (*const operations[KINDS])(struct stress_thread *self, const struct span *span) = {
	[WRITE] = write_own, [ZERO] = zero_own,	 [STORE] = store_own,
	[READ] = check_read, [LOAD] = check_load,
};

/*
 * Returns a part of one own span. A planted bug gets what it needs: the end of a span, or few spans
 * that are close to each other.
 */
static struct span pick(struct stress_thread *self)
{
	const struct owner *owner = &owners[self->index];
	bool few = self->run->busted == RMW && owner->n_spans > RMW_SPANS;
	size_t nth = stress_random(&self->random, few ? RMW_SPANS : owner->n_spans);
	struct span span = owner->spans[nth];
	size_t skip = stress_random(&self->random, span.len);
	size_t len = 1 + stress_random(&self->random, span.len - skip);

	if (self->run->busted == RANGE || self->run->busted == PEEK)
		len = span.len - skip;
	return (struct span){ span.off + skip, len };
}

static void operate(struct stress_thread *self)
{
	const struct owner *owner = &owners[self->index];
	struct span span = pick(self);
	unsigned int kind = (unsigned int)stress_random(&self->random, KINDS);
	bool by_pointer = stress_random(&self->random, 2);
	struct stress_op op = { .kind = kind, .off = span.off, .len = span.len };

	if (kind == WRITE || kind == STORE)
		op.value = value_of(self->index, owner->generation + 1);
	stress_begin_op(self, &op);
	operations[kind](self, &span);
	if (kind == READ || kind == LOAD)
		return;
	if (by_pointer)
		check_load(self, &span);
	else
		check_read(self, &span);
}

/* Rounds */

/* Thread 0 decides, so that no thread waits at a barrier which another one has left. */
static bool next_round(struct stress_thread *self, unsigned int round)
{
	atomic_bool *end = &over[round % 2];

	if (!self->index)
		atomic_store_explicit(end, !stress_continue(self), memory_order_relaxed);
	pthread_barrier_wait(&barriers[DEALING]);
	return !atomic_load_explicit(end, memory_order_relaxed);
}

static void for_each_span(struct stress_thread *self,
			  void (*fn)(struct stress_thread *self, const struct span *span))
{
	const struct owner *owner = &owners[self->index];

	for (size_t i = 0; i < owner->n_spans; i++)
		fn(self, &owner->spans[i]);
}

/* Each thread makes the same number of operations; only the limit stops it. */
static void operate_a_round(struct stress_thread *self)
{
	uint64_t limit = self->run->ops;
	uint64_t end = self->ops + ROUND_OPS;

	if (limit && limit < end)
		end = limit;
	while (self->ops < end)
		operate(self);
}

static void work(struct stress_thread *self)
{
	struct owner *owner = &owners[self->index];

	for (; next_round(self, owner->round); owner->round++) {
		deal_round(self, owner);
		for_each_span(self, write_own);
		pthread_barrier_wait(&barriers[OWNED]);
		operate_a_round(self);
		pthread_barrier_wait(&barriers[QUIET]);
		for_each_span(self, check_read);
	}
}

static void start(struct stress_thread *first)
{
	for (int i = 0; i < BARRIERS; i++)
		pthread_barrier_init(&barriers[i], NULL, first->run->threads);
}

static const struct stress_kind kinds[KINDS + 1] = {
	[WRITE] = { .name = "write", .call = "write_raw" },
	[ZERO] = { .name = "zero", .call = "fill_zero" },
	[STORE] = { .name = "store" },
	[READ] = { .name = "read", .call = "read_raw" },
	[LOAD] = { .name = "load" },
};

static const struct stress_pattern pattern = {
	.name = "stress_disjoint",
	.about = "Threads own disjoint bytes of one page; no thread may touch another one's.",
	.threads_min = 1,
	.gfp = GFP_KERNEL, /* not zeroed: a read before the first write returns undefined bytes (R7) */
	.kinds = kinds,
	.busted = busted,
	.start = start,
	.work = work,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
