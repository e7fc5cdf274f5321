/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads that read bytes while other threads write them. A reader may find a mixture of what several writers
 * wrote, but each byte must be one that a writer wrote at that offset. The scenarios:
 *
 *   `overlap`  writes and reads common bytes of one page: a data race on purpose (R3).
 *   `user`     copies user memory while its owner writes it. A second reference keeps a page allocated after
 *              the first reference is dropped (R8, R9).
 *
 * The errors to find (A, B and C are threads):
 *
 *   Error 1: A byte that no thread wrote, half of one value and half of another:
 *        A: write byte 0                    B: write byte 0
 *                       C: read byte 0, finds what neither A nor B wrote.
 *   Error 2: A byte of another offset, because a copy wrote to the wrong place for a moment [P2]:
 *        A: write [8, 16)
 *                       C: read byte 0, finds what A writes to byte 8.
 *   Error 3: ThreadSanitizer does not report a race, because the library takes a lock, or copies without
 *     instrumentation, and so hides bugs of its callers [P3] [P18]:
 *        A: write [0, 8)                    B: write [4, 12), in no order.
 *   Error 4: The library reads a byte of user memory twice, or reads it back from the page, so a value that
 *     was checked is not the value that is used; the check for error 1 also detects error 4 [P10].
 *   Error 5: A drop of a reference that is not the last one frees the page [P52] [P56]:
 *        A: gets a second reference, puts the page into an entry, drops the first reference
 *                                           B: takes the page out, finds a freed page.
 *   Error 6: B drops the last reference, but does not see what A wrote before A dropped its
 *     reference [P9] [P58].
 *
 * The report of one race can hide another race, so each pair of a writing and a reading operation of overlap
 * has its own region of the common page. With ThreadSanitizer, overlap succeeds only if races of
 * its threads are reported in each of these regions, and no race outside of the common page.
 *
 * A few hundred operations detect error 3. No known bug of the library causes errors 1, 2 and 6. Run for two
 * seconds as a quick test, and for minutes with every --copy after a change in how src/page copies.
 */
#include <pthread.h>

#include "harness/detect/tsan.h"
#include "stress/tagged.h"

/*
 * The value of a byte has the number of its writer in bits 0-4, a random generation in bits 5-6, and even
 * parity in bit 7. Numbers are 1 to 31; with more than 31 writers, several have the same number. The value is
 * XORed with a mask of even parity that depends on the offset, so that few other offsets permit the same
 * byte.
 */
#define WRITER_MASK 31u
#define GENERATIONS 4
#define PARITY_BIT  0x80u

/* Return: bits 0-6 of @value_bits, with a bit 7 that makes the parity even. */
static unsigned char add_parity_bit(unsigned int value_bits)
{
	value_bits &= PARITY_BIT - 1;
	return (unsigned char)(__builtin_parity(value_bits) ? value_bits | PARITY_BIT : value_bits);
}

static unsigned char compute_offset_mask(size_t off)
{
	return add_parity_bit((unsigned int)stress_hash(off));
}

static unsigned int wrap_writer_index_to_5_bit_number(unsigned int writer_index)
{
	return writer_index % WRITER_MASK + 1;
}

static void fill_with_values_of_writer(unsigned char *bytes, unsigned int writer_index,
				       const struct stress_record *range)
{
	unsigned int code = wrap_writer_index_to_5_bit_number(writer_index) | range->byte_value % GENERATIONS
										      << 5;

	for (size_t i = 0; i < range->len; i++)
		bytes[i] = add_parity_bit(code) ^ compute_offset_mask(range->off + i);
	if (stress_injects_bug("thin-air"))
		bytes[range->len - 1] ^= PARITY_BIT;
}

/* Checks that each byte is one that a writer from @first_writer to @last_writer writes at its offset. */
static void check_bytes_are_of_writers(struct stress_thread *self, const unsigned char *bytes, size_t off,
				       size_t len, unsigned int first_writer, unsigned int last_writer)
{
	for (size_t i = 0; i < len; i++) {
		unsigned int code = bytes[i] ^ compute_offset_mask(off + i), writer = code & WRITER_MASK;
		bool is_parity_odd = __builtin_parity(code);

		if (!is_parity_odd && writer >= first_writer && writer <= last_writer)
			continue;
		stress_report_failure(self,
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

/* Half of the operations access only these first bytes of a region, where ranges overlap more often. */
#define HOT_BYTES 128

/* After enough race reports in a region, ThreadSanitizer watches one in this many operations of a thread. */
#define WATCHED_ONE_IN 64

enum { WRITE, ZERO, STORE, READ, LOAD };

/* The common page begins with these regions; all operations may access the bytes after them. */
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

static pthread_mutex_t injected_mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long counter_outside_page;

/*
 * Also records the access for ThreadSanitizer at the canonical address of the bytes, because
 * ThreadSanitizer identifies memory by its address, and each mapping may have another address (R4).
 */
static void load_or_store_by_mapping(const struct stress_record *range, unsigned char *bytes)
{
	void *mapped_page = page_map_local(current_run.common_page);
	volatile unsigned char *mapped = (unsigned char *)mapped_page + range->off;
	void *canonical = page_canonical((const void *)mapped);
	bool is_write = range->operation_index == STORE;

	for (size_t i = 0; i < range->len; i++) {
		if (is_write)
			mapped[i] = bytes[i];
		else
			bytes[i] = mapped[i];
	}
	if (canonical != (const void *)mapped)
		(is_write ? tsan_record_write : tsan_record_read)(canonical, range->len);
	page_unmap_local(mapped_page);
}

/* Accepts zeros, because the page is zeroed at the start, and the operation ZERO writes zeros. */
static void check_bytes_are_zero_or_of_writers(struct stress_thread *self, const unsigned char *bytes,
					       size_t off, size_t len)
{
	unsigned int writer_count = (current_run.thread_count + 1) / 2; /* writers are threads 0, 2, 4 ... */

	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			check_bytes_are_of_writers(self, bytes + i, off + i, 1, 1, writer_count);
}

static void access_and_check_range(struct stress_thread *self, const struct stress_record *range)
{
	unsigned char bytes[BLOCK_MAX];

	if (range->operation_index == WRITE || range->operation_index == STORE)
		fill_with_values_of_writer(bytes, self->thread_index / 2, range);
	if (range->operation_index == WRITE)
		stress_write_page(self, current_run.common_page, bytes, range->off, range->len);
	else if (range->operation_index == ZERO)
		stress_zero_page(self, current_run.common_page, range->off, range->len);
	else if (range->operation_index == READ)
		stress_read_page(self, current_run.common_page, bytes, range->off, range->len);
	else
		load_or_store_by_mapping(range, bytes);
	if (range->operation_index == READ || range->operation_index == LOAD)
		check_bytes_are_zero_or_of_writers(self, bytes, range->off, range->len);
}

/* Return: the index of a random region in which the operation may access bytes. */
static size_t pick_region_index(struct stress_thread *self, unsigned int operation_index)
{
	size_t region_index;

	do {
		region_index = stress_pick_number(self, STRESS_REGIONS);
	} while (region_index < N_REGIONS && regions[region_index].write_operation != operation_index &&
		 regions[region_index].read_operation != operation_index);
	return region_index;
}

static void pick_range_of_operation(struct stress_thread *self, struct stress_record *range)
{
	size_t region_bytes = stress_pick_number(self, 2) ? HOT_BYTES : STRESS_REGION_SIZE;

	range->len = 1 + stress_pick_number(self, BLOCK_MAX);
	range->off = pick_region_index(self, range->operation_index) * STRESS_REGION_SIZE +
		     stress_pick_number(self, region_bytes - range->len + 1);
	range->byte_value = (unsigned char)stress_pick_number(self, GENERATIONS);
}

/* Runs an operation of overlap; ThreadSanitizer ignores most operations in a region with enough races. */
static void pick_and_access_range(struct stress_thread *self)
{
	struct stress_record *range = stress_get_current_record(self);
	bool is_call = range->operation_index != STORE && range->operation_index != LOAD;
	bool is_locked = stress_injects_bug("locked") || (stress_injects_bug("locked-calls") && is_call);
	bool is_watched_by_tsan;

	pick_range_of_operation(self, range);
	is_watched_by_tsan = is_locked || !stress_has_enough_races_in_region(range->off) ||
			     self->begun_operation_count % WATCHED_ONE_IN == 0;
	if (stress_injects_bug("outside"))
		counter_outside_page++;
	if (is_locked)
		pthread_mutex_lock(&injected_mutex);
	if (!is_watched_by_tsan)
		tsan_set_accesses_ignored(true);
	access_and_check_range(self, range);
	if (!is_watched_by_tsan)
		tsan_set_accesses_ignored(false);
	if (is_locked)
		pthread_mutex_unlock(&injected_mutex);
}

static void check_final_common_page(struct stress_thread *first)
{
	unsigned char bytes[PAGE_SIZE];

	stress_read_page(first, current_run.common_page, bytes, 0, PAGE_SIZE);
	check_bytes_are_zero_or_of_writers(first, bytes, 0, PAGE_SIZE);
}

#define OPERATION(name_, page_call_, threads_)                                                       \
	{                                                                                            \
		name_, 1, .run = pick_and_access_range, .page_call = page_call_, .threads = threads_ \
	}

const struct stress_scenario stress_overlap = {
	.min_thread_count = 2,
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.race_regions = regions,
	.operations = {
		[WRITE] = OPERATION("write", "write_raw", EVEN_THREADS),
		[ZERO] = OPERATION("zero", "fill_zero", EVEN_THREADS),
		[STORE] = OPERATION("store", NULL, EVEN_THREADS),
		[READ] = OPERATION("read", "read_raw", ODD_THREADS),
		[LOAD] = OPERATION("load", NULL, ODD_THREADS),
	},
	.finish = check_final_common_page,
};

/* ---- user ---- */

/* Each thread has one page of user memory, from which all threads copy bytes. */
static _Alignas(PAGE_SIZE) unsigned char user_memory[STRESS_THREADS_MAX][PAGE_SIZE];

static void fill_own_user_memory(struct stress_thread *self)
{
	const struct stress_record whole_page = { .len = PAGE_SIZE };

	fill_with_values_of_writer(user_memory[self->thread_index], self->thread_index, &whole_page);
}

/* Picks and records a random range of the user memory of the thread with index @owner. */
static const struct stress_record *pick_and_record_user_range(struct stress_thread *self, unsigned int owner)
{
	size_t off = stress_pick_number(self, PAGE_SIZE), len = 1 + stress_pick_number(self, PAGE_SIZE - off);

	stress_record_access(self, owner, off, len, (unsigned char)stress_pick_number(self, GENERATIONS));
	return stress_get_current_record(self);
}

static void overwrite_own_user_memory(struct stress_thread *self)
{
	const struct stress_record *range = pick_and_record_user_range(self, self->thread_index);

	fill_with_values_of_writer(user_memory[self->thread_index] + range->off, self->thread_index, range);
}

static void copy_and_check_user_memory(struct stress_thread *self)
{
	unsigned int owner = stress_pick_number(self, current_run.thread_count);
	const struct stress_record *range = pick_and_record_user_range(self, owner);
	struct page *page = stress_alloc_page(self, GFP_KERNEL);
	struct user_slice_reader reader;
	unsigned char bytes[PAGE_SIZE];
	int error;

	if (!page)
		return;
	user_slice_reader_init(&reader, user_slice_new(user_memory[owner], PAGE_SIZE));
	stress_expect_equal(self, "user_slice_skip", user_slice_skip(&reader, range->off), 0);
	error = page_copy_from_user_slice(page, &reader, range->off, range->len);
	if (!stress_count_if_refused_copy(self, error)) {
		stress_expect_equal(self, "page_copy_from_user_slice", error, 0);
		stress_read_page(self, page, bytes, range->off, range->len);
		check_bytes_are_of_writers(self, bytes, range->off, range->len,
					   wrap_writer_index_to_5_bit_number(owner),
					   wrap_writer_index_to_5_bit_number(owner));
	}
	stress_free_page(self, page);
}

static void put_new_page_and_free_previous(struct stress_thread *self)
{
	struct page *page = tagged_alloc_and_write_page(self), *previous_page;

	if (!page)
		return;
	if (!stress_injects_bug("no-get"))
		page_get(page);
	previous_page = entries_exchange_random_entry(self, page);
	page_free(page);
	tagged_check_and_free_page(self, previous_page);
}

static void take_and_free_entry_page(struct stress_thread *self)
{
	tagged_check_and_free_page(self, entries_exchange_random_entry(self, NULL));
}

const struct stress_scenario stress_user = {
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.operations = {
		{ "scribble", 3, .run = overwrite_own_user_memory },
		{ "copy", 3, .run = copy_and_check_user_memory },
		{ "send", 1, .run = put_new_page_and_free_previous },
		{ "receive", 1, .run = take_and_free_entry_page },
	},
	.prepare_thread = fill_own_user_memory,
	.finish = entries_check_and_free_pages,
};
