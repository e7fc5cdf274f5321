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
 * One race can hide another one. So each pair of a writing and a reading operation has its own
 * region of the page. With ThreadSanitizer the test succeeds only if a race between two of its
 * threads was reported in each region, and none outside of the page: everything else, the library
 * included, has no races.
 *
 * Some hundred operations find 3. No bug in the library is known to cause 1. and 2.: run two
 * seconds as a quick test, and minutes after a change in how src/page copies.
 */
#include <pthread.h>

#include "harness/detect/tsan.h"
#include "stress/stress.h"

#define BLOCK_MAX 64

/*
 * An operation chooses its range among the first bytes of its region half of the time: there the
 * ranges of two threads overlap more often.
 */
#define HOT_BYTES 128

/* Of so many operations ThreadSanitizer watches one, after enough reports of the region's race. */
#define WATCHED_ONE_IN 64

enum { WRITE, ZERO, STORE, READ, LOAD };

/* All operations share the regions after these. */
static const struct region {
	unsigned int write, read;
} regions[] = {
	{ WRITE, READ }, { WRITE, LOAD }, { ZERO, READ },
	{ ZERO, LOAD },  { STORE, READ }, { STORE, LOAD },
};
#define N_REGIONS (sizeof(regions) / sizeof(regions[0]))

static const char *const region_names[] = {
	"write and read",
	"write and load",
	"zero and read",
	"zero and load",
	"store and read",
	"store and load",
	NULL,
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long counter_outside;

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

static unsigned char add_parity_bit(unsigned int x)
{
	x &= PARITY_BIT - 1;
	return (unsigned char)(is_parity_odd(x) ? x | PARITY_BIT : x);
}

static unsigned char value_mask_at(size_t off)
{
	return add_parity_bit((unsigned int)stress_hash(off));
}

static unsigned char make_value(unsigned int writer, unsigned int generation, size_t off)
{
	unsigned int number = writer % WRITER_MASK + 1;

	return add_parity_bit(number | generation % GENERATIONS << 5) ^ value_mask_at(off);
}

/* Threads 0, 2, 4 ... write. */
static bool is_legal_value(unsigned int writers, unsigned char value, size_t off)
{
	unsigned int code = value ^ value_mask_at(off);
	unsigned int number = code & WRITER_MASK;

	return !value || (!is_parity_odd(code) && number >= 1 && number <= writers);
}

static void check_bytes(struct stress_thread *self, const unsigned char *bytes, size_t off,
			size_t len)
{
	unsigned int writers = (current_run.thread_count + 1) / 2;

	for (size_t i = 0; i < len; i++) {
		unsigned int code = bytes[i] ^ value_mask_at(off + i);

		if (is_legal_value(writers, bytes[i], off + i))
			continue;
		stress_fail(self,
			    "byte out of thin air: page+0x%zx: expected 0 or what one of %u "
			    "writers writes there, found 0x%02x (as of writer %d, generation %u, parity %s)",
			    off + i, writers, bytes[i], (int)(code & WRITER_MASK) - 1,
			    code >> 5 & (GENERATIONS - 1), is_parity_odd(code) ? "wrong" : "right");
	}
}

/* ---- operations on a range ---- */

static void fill_with_values(struct stress_thread *self, unsigned char *bytes,
			     const struct stress_record *range)
{
	for (size_t i = 0; i < range->len; i++)
		bytes[i] = make_value(self->thread_index / 2, range->byte_value, range->off + i);
	if (stress_has_bug("thin-air"))
		bytes[range->len - 1] ^= PARITY_BIT;
}

static void write_range(struct stress_thread *self, const struct stress_record *range)
{
	unsigned char bytes[BLOCK_MAX];

	fill_with_values(self, bytes, range);
	stress_write(self, current_run.page, bytes, range->off, range->len);
}

static void zero_range(struct stress_thread *self, const struct stress_record *range)
{
	stress_zero(self, current_run.page, range->off, range->len);
}

/*
 * ThreadSanitizer identifies memory by its address, and a mapping may have another address than the
 * page (R4). So the access is also reported at the canonical address.
 */
static void report_at_canonical(const volatile unsigned char *mapped, size_t len,
				void (*report)(const void *addr, size_t len))
{
	void *canonical = page_canonical((const void *)mapped);

	if (canonical != (const void *)mapped)
		report(canonical, len);
}

static void store_range(struct stress_thread *self, const struct stress_record *range)
{
	volatile unsigned char *mapped = page_map_local(current_run.page);
	unsigned char bytes[BLOCK_MAX];

	fill_with_values(self, bytes, range);
	for (size_t i = 0; i < range->len; i++)
		mapped[range->off + i] = bytes[i];
	report_at_canonical(mapped + range->off, range->len, tsan_record_write);
	page_unmap_local((const void *)mapped);
}

static void read_range(struct stress_thread *self, const struct stress_record *range)
{
	unsigned char bytes[BLOCK_MAX];

	stress_read(self, current_run.page, bytes, range->off, range->len);
	check_bytes(self, bytes, range->off, range->len);
}

static void load_range(struct stress_thread *self, const struct stress_record *range)
{
	const volatile unsigned char *mapped = page_map_local(current_run.page);
	unsigned char bytes[BLOCK_MAX];

	for (size_t i = 0; i < range->len; i++)
		bytes[i] = mapped[range->off + i];
	report_at_canonical(mapped + range->off, range->len, tsan_record_read);
	page_unmap_local((const void *)mapped);
	check_bytes(self, bytes, range->off, range->len);
}

static void (*const functions[])(struct stress_thread *self, const struct stress_record *range) = {
	[WRITE] = write_range, [ZERO] = zero_range, [STORE] = store_range,
	[READ] = read_range,   [LOAD] = load_range,
};

/* ---- the choice of a range ---- */

static size_t pick_region(struct stress_thread *self, unsigned int operation)
{
	size_t region;

	do {
		region = stress_random(self, STRESS_REGIONS);
	} while (region < N_REGIONS && regions[region].write != operation &&
		 regions[region].read != operation);
	return region;
}

static void pick_range(struct stress_thread *self, struct stress_record *range)
{
	size_t window = stress_random(self, 2) ? HOT_BYTES : STRESS_REGION_SIZE;

	range->len = 1 + stress_random(self, BLOCK_MAX);
	range->off = pick_region(self, range->operation) * STRESS_REGION_SIZE +
		     stress_random(self, window - range->len + 1);
	if (range->operation == WRITE || range->operation == STORE)
		range->byte_value = (unsigned char)stress_random(self, GENERATIONS);
}

static bool must_take_lock(unsigned int operation)
{
	return stress_has_bug("locked") ||
	       (stress_has_bug("locked-calls") && operation != STORE && operation != LOAD);
}

/* After enough reports of a race only values matter, and ThreadSanitizer watches few operations. */
static void access_picked_range(struct stress_thread *self)
{
	struct stress_record *range = stress_current_record(self);
	bool is_locked = must_take_lock(range->operation), is_watched;

	pick_range(self, range);
	is_watched = is_locked || !stress_has_enough_races(range->off) ||
		     self->operation_count % WATCHED_ONE_IN == 0;
	if (stress_has_bug("outside"))
		counter_outside++;
	if (is_locked)
		pthread_mutex_lock(&mutex);
	if (!is_watched)
		tsan_ignore_begin();
	functions[range->operation](self, range);
	if (!is_watched)
		tsan_ignore_end();
	if (is_locked)
		pthread_mutex_unlock(&mutex);
}

static void check_final_bytes(struct stress_thread *first)
{
	unsigned char bytes[PAGE_SIZE];

	stress_read(first, current_run.page, bytes, 0, PAGE_SIZE);
	check_bytes(first, bytes, 0, PAGE_SIZE);
}

const struct stress_scenario stress_overlap = {
	.threads_min = 2,
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.race_regions = region_names,
	.operations = {
		[WRITE] = { "write", 1, .run = access_picked_range,
			   .page_call = "write_raw", .threads = EVEN_THREADS },
		[ZERO] = { "zero", 1, .run = access_picked_range,
			   .page_call = "fill_zero", .threads = EVEN_THREADS },
		[STORE] = { "store", 1, .run = access_picked_range,
			   .threads = EVEN_THREADS },
		[READ] = { "read", 1, .run = access_picked_range,
			   .page_call = "read_raw", .threads = ODD_THREADS },
		[LOAD] = { "load", 1, .run = access_picked_range,
			   .threads = ODD_THREADS },
	},
	.finish = check_final_bytes,
};
