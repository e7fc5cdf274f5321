/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads that read bytes while others write them. A reader finds any mixture of what writers
 * wrote, but each byte is one that some writer wrote there. The scenarios:
 *
 *   overlap  writes and reads common bytes of one page: a data race on purpose (R3)
 *   user     copies user memory whose owner writes meanwhile; an extra reference keeps a page after
 *            the drop (use pattern 7, R8, R9)
 *
 * The interleavings to find:
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
 *   4. A byte of user memory that is read twice, or read back from the page: a length or a value
 *      that was checked is not the one that is used. (Found as 1.)
 *   5. The drop is not the last one, but frees:
 *        A: gets a reference, puts the page into an entry, drops its own
 *                                           B: takes it out, finds a freed page
 *   6. B, which has the last reference, does not see what A wrote before its drop.
 *
 * One race can hide another one. So each pair of a writing and a reading operation of overlap has
 * its own region of the page. With ThreadSanitizer overlap succeeds only if a race between two of
 * its threads was reported in each region, and none outside of the page: everything else, the
 * library included, has no races.
 *
 * Some hundred operations find 3. No bug in the library is known to cause 1., 2. and 6.: run two
 * seconds as a quick test, and minutes with every --copy after a change in how src/page copies.
 */
#include <pthread.h>

#include "harness/detect/tsan.h"
#include "stress/tagged.h"

/*
 * Values. Bits 0-4: the writer, from 1 (several share a number if there are more than 31); bits
 * 5-6: the generation; bit 7: even parity. The value is XORed with a mask of even parity that
 * depends on the offset, so that a byte is legal at few others.
 */
#define WRITER_MASK 31u
#define GENERATIONS 4
#define PARITY_BIT  0x80u

static unsigned char add_parity_bit(unsigned int value_bits)
{
	value_bits &= PARITY_BIT - 1;
	return (unsigned char)(__builtin_parity(value_bits) ? value_bits | PARITY_BIT : value_bits);
}

static unsigned char get_value_mask(size_t off)
{
	return add_parity_bit((unsigned int)stress_hash(off));
}

static unsigned int get_writer_number(unsigned int writer)
{
	return writer % WRITER_MASK + 1;
}

static void fill_with_values(unsigned char *bytes, unsigned int writer,
			     const struct stress_record *range)
{
	unsigned int code = get_writer_number(writer) | range->byte_value % GENERATIONS << 5;

	for (size_t i = 0; i < range->len; i++)
		bytes[i] = add_parity_bit(code) ^ get_value_mask(range->off + i);
	if (stress_has_bug("thin-air"))
		bytes[range->len - 1] ^= PARITY_BIT;
}

/* Checks that each byte at @off was written by a writer of @first_writer to @last_writer. */
static void check_bytes(struct stress_thread *self, const unsigned char *bytes, size_t off,
			size_t len, unsigned int first_writer, unsigned int last_writer)
{
	for (size_t i = 0; i < len; i++) {
		unsigned int code = bytes[i] ^ get_value_mask(off + i), writer = code & WRITER_MASK;
		bool is_parity_odd = __builtin_parity(code);

		if (!is_parity_odd && writer >= first_writer && writer <= last_writer)
			continue;
		stress_fail(self,
			    "byte out of thin air: page+0x%zx, read by thread %u: expected what a "
			    "writer of %u to %u writes there, found 0x%02x (as of writer %u, "
			    "generation %u, parity %s)",
			    off + i, self->thread_index, first_writer, last_writer, bytes[i],
			    writer, code >> 5 & (GENERATIONS - 1),
			    is_parity_odd ? "wrong" : "right");
		return;
	}
}

/* ---- overlap ---- */

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
static const struct stress_race_region regions[] = {
	{ "write and read", WRITE, READ },
	{ "write and load", WRITE, LOAD },
	{ "zero and read", ZERO, READ },
	{ "zero and load", ZERO, LOAD },
	{ "store and read", STORE, READ },
	{ "store and load", STORE, LOAD },
	{ .name = NULL },
};
#define N_REGIONS (sizeof(regions) / sizeof(regions[0]) - 1)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long counter_outside;

/*
 * ThreadSanitizer identifies memory by its address, and a mapping may have another address than the
 * page (R4). So the access is also reported at the canonical address.
 */
static void access_by_mapping(const struct stress_record *range, unsigned char *bytes)
{
	void *page = page_map_local(current_run.page);
	volatile unsigned char *mapped = (unsigned char *)page + range->off;
	void *canonical = page_canonical((const void *)mapped);
	bool is_write = range->operation == STORE;

	for (size_t i = 0; i < range->len; i++) {
		if (is_write)
			mapped[i] = bytes[i];
		else
			bytes[i] = mapped[i];
	}
	if (canonical != (const void *)mapped)
		(is_write ? tsan_record_write : tsan_record_read)(canonical, range->len);
	page_unmap_local(page);
}

/* Zero is not what a writer writes, but the page starts with zeros, and ZERO writes them. */
static void check_nonzero_bytes(struct stress_thread *self, const unsigned char *bytes, size_t off,
				size_t len)
{
	unsigned int writers = (current_run.thread_count + 1) / 2; /* threads 0, 2, 4 ... */

	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			check_bytes(self, bytes + i, off + i, 1, 1, writers);
}

static void access_range(struct stress_thread *self, const struct stress_record *range)
{
	unsigned char bytes[BLOCK_MAX];

	if (range->operation == WRITE || range->operation == STORE)
		fill_with_values(bytes, self->thread_index / 2, range);
	if (range->operation == WRITE)
		stress_write_page(self, current_run.page, bytes, range->off, range->len);
	else if (range->operation == ZERO)
		stress_zero_page(self, current_run.page, range->off, range->len);
	else if (range->operation == READ)
		stress_read_page(self, current_run.page, bytes, range->off, range->len);
	else
		access_by_mapping(range, bytes);
	if (range->operation == READ || range->operation == LOAD)
		check_nonzero_bytes(self, bytes, range->off, range->len);
}

static size_t pick_region(struct stress_thread *self, unsigned int operation)
{
	size_t region;

	do {
		region = stress_pick_number(self, STRESS_REGIONS);
	} while (region < N_REGIONS && regions[region].write_operation != operation &&
		 regions[region].read_operation != operation);
	return region;
}

static void pick_range(struct stress_thread *self, struct stress_record *range)
{
	size_t window = stress_pick_number(self, 2) ? HOT_BYTES : STRESS_REGION_SIZE;

	range->len = 1 + stress_pick_number(self, BLOCK_MAX);
	range->off = pick_region(self, range->operation) * STRESS_REGION_SIZE +
		     stress_pick_number(self, window - range->len + 1);
	range->byte_value = (unsigned char)stress_pick_number(self, GENERATIONS);
}

/* After enough reports of a race only values matter, and ThreadSanitizer watches few operations. */
static void access_picked_range(struct stress_thread *self)
{
	struct stress_record *range = stress_get_current_record(self);
	bool is_call = range->operation != STORE && range->operation != LOAD;
	bool is_locked = stress_has_bug("locked") || (stress_has_bug("locked-calls") && is_call);
	bool is_watched;

	pick_range(self, range);
	is_watched = is_locked || !stress_has_enough_races(range->off) ||
		     self->operation_count % WATCHED_ONE_IN == 0;
	if (stress_has_bug("outside"))
		counter_outside++;
	if (is_locked)
		pthread_mutex_lock(&mutex);
	if (!is_watched)
		tsan_ignore_begin();
	access_range(self, range);
	if (!is_watched)
		tsan_ignore_end();
	if (is_locked)
		pthread_mutex_unlock(&mutex);
}

static void check_final_bytes(struct stress_thread *first)
{
	unsigned char bytes[PAGE_SIZE];

	stress_read_page(first, current_run.page, bytes, 0, PAGE_SIZE);
	check_nonzero_bytes(first, bytes, 0, PAGE_SIZE);
}

#define OPERATION(name_, page_call_, threads_) \
	{ name_, 1, .run = access_picked_range, .page_call = page_call_, .threads = threads_ }

const struct stress_scenario stress_overlap = {
	.threads_min = 2,
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.race_regions = regions,
	.operations = {
		[WRITE] = OPERATION("write", "write_raw", EVEN_THREADS),
		[ZERO] = OPERATION("zero", "fill_zero", EVEN_THREADS),
		[STORE] = OPERATION("store", NULL, EVEN_THREADS),
		[READ] = OPERATION("read", "read_raw", ODD_THREADS),
		[LOAD] = OPERATION("load", NULL, ODD_THREADS),
	},
	.finish = check_final_bytes,
};

/* ---- user ---- */

/* A page of user memory of each thread, which all threads read. */
static _Alignas(PAGE_SIZE) unsigned char user_memory[STRESS_THREADS_MAX][PAGE_SIZE];

static void fill_user_memory(struct stress_thread *self)
{
	const struct stress_record whole_page = { .len = PAGE_SIZE };

	fill_with_values(user_memory[self->thread_index], self->thread_index, &whole_page);
}

/* Picks bytes of the user memory of a thread. */
static const struct stress_record *pick_user_range(struct stress_thread *self, unsigned int owner)
{
	size_t off = stress_pick_number(self, PAGE_SIZE),
	       len = 1 + stress_pick_number(self, PAGE_SIZE - off);

	stress_record_access(self, owner, off, len,
			     (unsigned char)stress_pick_number(self, GENERATIONS));
	return stress_get_current_record(self);
}

static void overwrite_memory(struct stress_thread *self)
{
	const struct stress_record *range = pick_user_range(self, self->thread_index);

	fill_with_values(user_memory[self->thread_index] + range->off, self->thread_index, range);
}

static void copy_user_memory(struct stress_thread *self)
{
	unsigned int owner = stress_pick_number(self, current_run.thread_count);
	const struct stress_record *range = pick_user_range(self, owner);
	struct page *page = stress_alloc_page(self, GFP_KERNEL);
	struct user_slice_reader reader;
	unsigned char bytes[PAGE_SIZE];
	int error;

	if (!page)
		return;
	user_slice_reader_init(&reader, user_slice_new(user_memory[owner], PAGE_SIZE));
	stress_expect(self, "user_slice_skip", user_slice_skip(&reader, range->off), 0);
	error = page_copy_from_user_slice(page, &reader, range->off, range->len);
	if (!stress_count_if_refused_copy(self, error)) {
		stress_expect(self, "page_copy_from_user_slice", error, 0);
		stress_read_page(self, page, bytes, range->off, range->len);
		check_bytes(self, bytes, range->off, range->len, get_writer_number(owner),
			    get_writer_number(owner));
	}
	stress_free_page(self, page);
}

static void send_page(struct stress_thread *self)
{
	struct page *page = tagged_alloc_page(self), *previous_page;

	if (!page)
		return;
	if (!stress_has_bug("no-get"))
		page_get(page);
	previous_page = entries_exchange_page(self, page);
	page_free(page);
	tagged_free_page(self, previous_page);
}

static void receive_page(struct stress_thread *self)
{
	tagged_free_page(self, entries_exchange_page(self, NULL));
}

const struct stress_scenario stress_user = {
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.operations = {
		{ "scribble", 3, .run = overwrite_memory },
		{ "copy", 3, .run = copy_user_memory },
		{ "send", 1, .run = send_page },
		{ "receive", 1, .run = receive_page },
	},
	.prepare_thread = fill_user_memory,
	.finish = entries_free_pages,
};
