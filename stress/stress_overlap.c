/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads that write and read common bytes of one page: a data race on purpose (R3). A reader finds
 * any mixture of what writers wrote, but each byte is one that some writer wrote there. The
 * interleavings to find:
 *
 *   1. A byte that no thread wrote, half of one value and half of another:
 *        A: write byte 0                    B: write byte 0
 *                       C: read byte 0, finds what neither wrote
 *   2. A byte of another offset, from a copy that went to the wrong place for a moment:
 *        A: write [8, 16)
 *                       C: read byte 0, finds what A writes to byte 8
 *   3. A race that ThreadSanitizer does not report: the library took a lock, or copied without
 *      instrumentation, and now hides its callers' bugs:
 *        A: write [0, 8)                    B: write [4, 12), in no order
 *
 * One race can hide another one. So each pair of a writing and a reading kind has its own region of
 * the page. With ThreadSanitizer the test succeeds only if a race between two of its threads was
 * reported in each region, and none outside of the page: everything else, the library included, has
 * no races.
 *
 * Some hundred operations find 3. No bug in the library is known to cause 1. and 2.: run two
 * seconds as a quick test, and minutes after a change in how src/page copies.
 */
#include "stress/stress.h"

#include <pthread.h>

#include "harness/detect/tsan.h"

#define BLOCK_MAX 64

/* Half of a region's operations are in its first bytes, so that threads interact. */
#define HOT_BYTES 128

#define WATCHED_ONE_IN 64

enum { HEALTHY, THIN_AIR, LOCKED, LOCKED_CALLS, OUTSIDE, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[THIN_AIR] = { "thin-air", "writers write a byte that is no writer's", false },
	[LOCKED] = { "locked", "a mutex around each access: there is no race", true },
	[LOCKED_CALLS] = { "locked-calls", "a mutex in the page's calls only", true },
	[OUTSIDE] = { "outside", "threads race on a counter beside the page", true },
	[BUSTED] = { NULL, NULL, false },
};

enum { WRITE, ZERO, STORE, READ, LOAD, KINDS };
#define WRITER_KINDS (STORE + 1)
#define READER_KINDS (KINDS - READ)

/* All kinds of operations share the remaining regions. */
static const struct region {
	unsigned int write, read;
} regions[] = {
	{ WRITE, READ }, { WRITE, LOAD }, { ZERO, READ },
	{ ZERO, LOAD },	 { STORE, READ }, { STORE, LOAD },
};
#define N_REGIONS (sizeof(regions) / sizeof(regions[0]))

static const char *const region_names[] = {
	"write and read", "write and load", "zero and read", "zero and load",
	"store and read", "store and load", NULL,
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long outside;

/*
 * Values. Bits 0-4: the writer, from 1 (several share a number if there are more than 31); bits
 * 5-6: the generation; bit 7: even parity. The value is XORed with a mask of even parity that
 * depends on the offset, so that a byte is legal at few others. Zero is always legal: the page
 * starts with zeros, and ZERO writes them.
 */
#define WRITER_MASK 31u
#define GENERATIONS 4
#define PARITY_BIT  0x80u

static bool is_parity_odd(unsigned int x)
{
	return __builtin_parity(x);
}

static unsigned char add_parity(unsigned int x)
{
	x &= PARITY_BIT - 1;
	return (unsigned char)(is_parity_odd(x) ? x | PARITY_BIT : x);
}

static unsigned char mask_of(size_t off)
{
	return add_parity((unsigned int)stress_hash(off));
}

static unsigned char value_of(unsigned int writer, unsigned int generation, size_t off)
{
	unsigned int number = writer % WRITER_MASK + 1;

	return add_parity(number | generation % GENERATIONS << 5) ^ mask_of(off);
}

/* Threads 0, 2, 4 ... write, the others read. */
static bool is_writer(const struct stress_thread *self)
{
	return self->index % 2 == 0;
}

static bool is_legal(const struct stress_run *run, unsigned char value, size_t off)
{
	unsigned int writers = (run->threads + 1) / 2;
	unsigned int code = value ^ mask_of(off);
	unsigned int number = code & WRITER_MASK;

	return !value || (!is_parity_odd(code) && number >= 1 && number <= writers);
}

static void check(struct stress_thread *self, const unsigned char *bytes, size_t off, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned int code = bytes[i] ^ mask_of(off + i);

		if (is_legal(self->run, bytes[i], off + i))
			continue;
		stress_fail(self,
			    "byte out of thin air: page+0x%zx was expected to hold 0 or what one "
			    "of %u writers writes there, found 0x%02x (as of writer %d, "
			    "generation %u, parity %s)",
			    off + i, (self->run->threads + 1) / 2, bytes[i],
			    (int)(code & WRITER_MASK) - 1, code >> 5 & (GENERATIONS - 1),
			    is_parity_odd(code) ? "wrong" : "right");
	}
}

/* Operations */

static void fill(struct stress_thread *self, unsigned char *bytes, const struct stress_op *op)
{
	unsigned int writer = self->index / 2;

	for (size_t i = 0; i < op->len; i++)
		bytes[i] = value_of(writer, op->value, op->off + i);
	if (self->run->busted == THIN_AIR)
		bytes[op->len - 1] ^= PARITY_BIT;
}

static void write_some(struct stress_thread *self, const struct stress_op *op)
{
	unsigned char bytes[BLOCK_MAX];

	fill(self, bytes, op);
	stress_expect_ok(self, "page_write_raw",
			 page_write_raw(self->run->page, bytes, op->off, op->len));
}

static void zero_some(struct stress_thread *self, const struct stress_op *op)
{
	stress_expect_ok(self, "page_fill_zero",
			 page_fill_zero(self->run->page, op->off, op->len));
}

/*
 * ThreadSanitizer identifies memory by its address, and a mapping may have another address than the
 * page (R4). So the access is also reported at the canonical address.
 */
static void report_at_canonical(const volatile unsigned char *at, size_t len,
				void (*print_state)(const void *addr, size_t len))
{
	void *home = page_canonical((const void *)at);

	if (home != (const void *)at)
		print_state(home, len);
}

static void store_some(struct stress_thread *self, const struct stress_op *op)
{
	volatile unsigned char *page = page_map_local(self->run->page);
	unsigned char bytes[BLOCK_MAX];

	fill(self, bytes, op);
	for (size_t i = 0; i < op->len; i++)
		page[op->off + i] = bytes[i];
	report_at_canonical(page + op->off, op->len, tsan_write);
	page_unmap_local((const void *)page);
}

static void read_some(struct stress_thread *self, const struct stress_op *op)
{
	unsigned char bytes[BLOCK_MAX];

	stress_expect_ok(self, "page_read_raw",
			 page_read_raw(self->run->page, bytes, op->off, op->len));
	check(self, bytes, op->off, op->len);
}

static void load_some(struct stress_thread *self, const struct stress_op *op)
{
	const volatile unsigned char *page = page_map_local(self->run->page);
	unsigned char bytes[BLOCK_MAX];

	for (size_t i = 0; i < op->len; i++)
		bytes[i] = page[op->off + i];
	report_at_canonical(page + op->off, op->len, tsan_read);
	page_unmap_local((const void *)page);
	check(self, bytes, op->off, op->len);
}

static void (*const operations[KINDS])(struct stress_thread *self, const struct stress_op *op) = {
	[WRITE] = write_some, [ZERO] = zero_some, [STORE] = store_some,
	[READ] = read_some,   [LOAD] = load_some,
};

static unsigned int pick_kind(struct stress_thread *self, size_t region)
{
	if (region < N_REGIONS)
		return is_writer(self) ? regions[region].write : regions[region].read;
	if (is_writer(self))
		return (unsigned int)stress_random(&self->random, WRITER_KINDS);
	return READ + (unsigned int)stress_random(&self->random, READER_KINDS);
}

static struct stress_op pick(struct stress_thread *self)
{
	size_t window = stress_random(&self->random, 2) ? HOT_BYTES : STRESS_REGION_SIZE;
	size_t region = stress_random(&self->random, STRESS_REGIONS);
	struct stress_op op = { .len = 1 + stress_random(&self->random, BLOCK_MAX) };

	op.off = region * STRESS_REGION_SIZE + stress_random(&self->random, window - op.len + 1);
	op.kind = pick_kind(self, region);
	if (op.kind == WRITE || op.kind == STORE)
		op.value = (unsigned char)stress_random(&self->random, GENERATIONS);
	return op;
}

static bool is_locked(const struct stress_thread *self, const struct stress_op *op)
{
	if (self->run->busted == LOCKED_CALLS)
		return op->kind != STORE && op->kind != LOAD;
	return self->run->busted == LOCKED;
}

static void operate_locked(struct stress_thread *self, const struct stress_op *op)
{
	pthread_mutex_lock(&mutex);
	operations[op->kind](self, op);
	pthread_mutex_unlock(&mutex);
}

static void operate_unwatched(struct stress_thread *self, const struct stress_op *op)
{
	tsan_pause();
	operations[op->kind](self, op);
	tsan_resume();
}

/* After enough reports of a race only values matter, and few operations are still watched. */
static void operate(struct stress_thread *self)
{
	struct stress_op op = pick(self);

	stress_begin_op(self, &op);
	if (self->run->busted == OUTSIDE)
		outside++;
	if (is_locked(self, &op))
		operate_locked(self, &op);
	else if (stress_has_enough_races(op.off) && self->ops % WATCHED_ONE_IN)
		operate_unwatched(self, &op);
	else
		operations[op.kind](self, &op);
}

static void work(struct stress_thread *self)
{
	while (stress_continue(self))
		operate(self);
}

/* The final bytes must be legal, too. */
static void finish(struct stress_thread *first)
{
	unsigned char bytes[PAGE_SIZE];

	stress_expect_ok(first, "page_read_raw",
			 page_read_raw(first->run->page, bytes, 0, PAGE_SIZE));
	check(first, bytes, 0, PAGE_SIZE);
}

static const struct stress_kind kinds[KINDS + 1] = {
	[WRITE] = { .name = "write", .call = "write_raw" },
	[ZERO] = { .name = "zero", .call = "fill_zero" },
	[STORE] = { .name = "store" },
	[READ] = { .name = "read", .call = "read_raw" },
	[LOAD] = { .name = "load" },
};

static const struct stress_pattern pattern = {
	.name = "stress_overlap",
	.about = "Threads race on common bytes of one page; each byte must be some writer's.",
	.threads_min = 2,
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.race_regions = region_names,
	.kinds = kinds,
	.busted = busted,
	.work = work,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
