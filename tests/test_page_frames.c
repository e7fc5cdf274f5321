/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests that frames are reused, with one thread and with several threads. */
#include "tests/page_test.h"

#include <sched.h>
#include <stdatomic.h>

#include "harness/detect/detector.h"

/* ---- one thread ---- */

static const volatile unsigned char *last_byte;

static void read_never_allocated_frame(void)
{
	(void)last_byte[1];
}

/* The frame after that of the first page was never allocated; AddressSanitizer must report a read of it. */
static void test_never_allocated_frame(void)
{
	struct page *page = page_alloc(GFP_KERNEL);
	unsigned char *addr = page_map_local(page);

	last_byte = addr + PAGE_SIZE - 1;
	/* [P69] */
	ok(run_in_child(read_never_allocated_frame)->exit_code,
	   "AddressSanitizer reports a read from a never-allocated frame");
	page_unmap_local(addr);
	page_free(page);
}

/*
 * Fills frames that were never allocated with a byte that is not 0, by addresses that page.h does not
 * promise, so that a frame that is not cleared is not zero by luck.
 */
static void test_zero_in_never_allocated_frames(void)
{
	enum { FRAMES = 8 };
	struct page *first = page_alloc(GFP_KERNEL), *page;
	unsigned char *addr = page_map_local(first), last_bytes[2];
	bool is_zero = true;

	memset((unsigned char *)page_canonical(addr) + PAGE_SIZE, 0x5a, FRAMES * PAGE_SIZE);
	page_unmap_local(addr);
	for (int i = 0; i < FRAMES; i++) {
		page = page_alloc(GFP_KERNEL | __GFP_ZERO);
		page_read_raw(page, last_bytes, 0, 1);
		page_read_raw(page, last_bytes + 1, PAGE_SIZE - 1, 1);
		is_zero &= !last_bytes[0] && !last_bytes[1];
		page_free(page);
	}
	page_free(first);
	/* [P34] [P42] */
	ok(is_zero, "a frame that was never allocated is cleared");
}

static void test_quarantine(void)
{
	struct page *first = page_alloc(GFP_KERNEL), *page = NULL;
	unsigned int later = 0;

	page_free(first);
	while (page != first && later < 1000) {
		page = page_alloc(GFP_KERNEL);
		page_free(page);
		later++;
	}
	/* [P44] */
	ok(later > 64, "a frame is reused after 64 later ones, not earlier");
	ok(later < 1000, "a frame is reused");
}

/* Return: the number of pages that were allocated and freed; less than @count if an allocation fails. */
static unsigned long allocate_and_free_pages(unsigned long count)
{
	unsigned long done = 0;
	struct page *page;

	while (done < count && (page = page_alloc(GFP_KERNEL))) {
		page_free(page);
		done++;
	}
	return done;
}

/* Return: the memory that the process uses, in MiB. */
static unsigned long measure_memory(void)
{
	unsigned long all = 0, used = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%lu %lu", &all, &used) != 2)
		abort();
	fclose(file);
	return used * (unsigned long)sysconf(_SC_PAGESIZE) >> 20;
}

/* A sanitizer may need some memory for its own tables. */
#define FEW_MEBIBYTES 16

/* Allocates and frees more pages in total than the arena has frames, so no frame may be lost. */
static void test_allocations_beyond_frame_count(void)
{
	unsigned long before, count = allocate_and_free_pages(1000);

	before = measure_memory();
	count += allocate_and_free_pages(199000);
	/* [P8] [P56] */
	ok(count == 200000, "a freed frame can be allocated again, 200,000 times");
	/* [P17] */
	ok(measure_memory() < before + FEW_MEBIBYTES, "a page needs no memory after its free");
}

enum { MOST_FRAMES = 1 << 17 }; /* more frames than the arena has */

static struct page *all_pages[MOST_FRAMES];

/* Return: the number of pages that were allocated before an allocation failed. */
static size_t allocate_all_pages(void)
{
	size_t count = 0;

	while (count < MOST_FRAMES && (all_pages[count] = page_alloc(GFP_KERNEL)))
		count++;
	return count;
}

static void free_all_pages(size_t count)
{
	while (count)
		page_free(all_pages[--count]);
}

static void test_exhaustion(void)
{
	size_t count;

	errno = 0;
	count = allocate_all_pages();
	/* [P15] [P49] [P51] */
	ok(count < MOST_FRAMES && errno == ENOMEM, "an exhausted arena is NULL and ENOMEM");
	/* [P36] */
	ok(!page_alloc(GFP_KERNEL | __GFP_NOFAIL), "an exhausted arena is NULL also with __GFP_NOFAIL");
	/* [P205] */
	ok(!page_buffer_alloc(2 * PAGE_SIZE), "an exhausted arena has no buffer");
	free_all_pages(count);
	all_pages[0] = page_alloc(GFP_KERNEL);
	ok(all_pages[0], "after all pages are freed there are pages");
	page_free(all_pages[0]);
}

/* ---- threads at the same time ---- */

static pthread_barrier_t all_started;

/* Pages that one thread allocates, and usually another thread frees. */
static _Atomic(struct page *) passed_pages[8];

static void *allocate_and_free_page(void *arg)
{
	page_free(page_alloc(GFP_KERNEL));
	return arg;
}

/*
 * Writes @thread_byte to new pages, and reads it again. Return: NULL; @thread_byte if an allocation fails, or
 * if two threads have the same page, so that a thread reads the byte of another thread.
 */
static void *allocate_write_and_compare(void *thread_byte)
{
	unsigned char written[64], got[64];
	bool same = true;

	memset(written, *(unsigned char *)thread_byte, sizeof(written));
	allocate_and_free_page(NULL);
	pthread_barrier_wait(&all_started);
	for (unsigned int i = scale_repeat_count(150000); i && same; i--) {
		struct page *page = page_alloc(GFP_KERNEL);

		if (!page)
			return thread_byte;
		page_write_raw(page, written, 0, sizeof(written));
		page_read_raw(page, got, 0, sizeof(got));
		same = !memcmp(written, got, sizeof(got));
		page_free(atomic_exchange(&passed_pages[i % 8], page));
	}
	return same ? NULL : thread_byte;
}

static int threads_between; /* how many other threads start between two allocating threads */

/*
 * Starts 4 threads of allocate_write_and_compare(), and exits with 0 if all succeed. Between two of the 4,
 * `threads_between` other threads start and end, so that two of the 4 share a free list.
 */
static void run_allocating_threads_and_exit(void)
{
	static unsigned char thread_bytes[4] = { 1, 2, 3, 4 };
	pthread_t threads[4];
	bool failed = false;

	pthread_barrier_init(&all_started, NULL, 4);
	for (size_t i = 0; i < 4; i++) {
		threads[i] = start_thread_or_abort(allocate_write_and_compare, &thread_bytes[i]);
		for (int count = threads_between; count; count--)
			run_thread_and_wait(allocate_and_free_page, NULL);
	}
	for (size_t i = 0; i < 4; i++) {
		void *result;

		pthread_join(threads[i], &result);
		failed |= result != NULL;
	}
	_exit(failed);
}

static void test_allocating_threads(void)
{
	for (threads_between = 0; threads_between <= 31; threads_between += 31)
		/* [P16] */
		ok(!run_in_child(run_allocating_threads_and_exit)->exit_code,
		   "threads that allocate at the same time have different pages, %d threads "
		   "between two",
		   threads_between);
}

/* ---- frames of threads that ended ---- */

enum { FEW_PAGES = 300 };

/* Adds @page to a set. Return: the number of pages in the set, but at most FEW_PAGES. */
static unsigned int add_and_count_different_pages(const struct page *page)
{
	static const struct page *known[FEW_PAGES];
	static unsigned int count;

	for (unsigned int i = 0; i < count; i++)
		if (known[i] == page)
			return count;
	if (count < FEW_PAGES)
		known[count++] = page;
	return count;
}

/* The page that the thread must free, or NULL; &next_page means that the thread must end. */
static _Atomic(void *) next_page;

static void *free_pages_of_other_thread(void *unused)
{
	void *page;

	while ((page = atomic_load(&next_page)) != &next_page) {
		if (!page) {
			sched_yield();
			continue;
		}
		page_free(page);
		atomic_store(&next_page, NULL);
	}
	return unused;
}

static void test_other_thread_frees(void)
{
	pthread_t thread = start_thread_or_abort(free_pages_of_other_thread, NULL);
	unsigned int different = 0;

	for (unsigned int count = scale_repeat_count(1000); count && different < FEW_PAGES; count--) {
		struct page *page = page_alloc(GFP_KERNEL);

		different = page ? add_and_count_different_pages(page) : FEW_PAGES;
		atomic_store(&next_page, page);
		while (atomic_load(&next_page))
			sched_yield();
	}
	atomic_store(&next_page, &next_page);
	pthread_join(thread, NULL);
	/* [P8] */
	ok(different < FEW_PAGES, "if another thread frees all pages of a thread, the same few are reused");
}

enum { ALLOCATIONS = 200 };

static void *allocate_free_and_record(void *freed_pages)
{
	for (unsigned int i = 0; i < ALLOCATIONS; i++)
		page_free(((struct page **)freed_pages)[i] = page_alloc(GFP_KERNEL));
	return NULL;
}

/* Tests that consecutive threads have different free lists, as they would otherwise wait for a lock. */
static void test_consecutive_threads_share_no_frames(void)
{
	static struct page *freed_pages[2][ALLOCATIONS];
	unsigned int shared = 0;

	for (unsigned int i = 0; i < 2; i++)
		run_thread_and_wait(allocate_free_and_record, freed_pages[i]);
	for (unsigned int i = 0; i < ALLOCATIONS; i++)
		for (unsigned int j = 0; j < ALLOCATIONS; j++)
			shared += freed_pages[0][i] == freed_pages[1][j];
	ok(freed_pages[0][0] && freed_pages[1][0] && !shared,
	   "threads that start one after the other have different frames, %u shared", shared);
}

static void *allocate_and_free_all_pages(void *allocated_page_count)
{
	*(size_t *)allocated_page_count = allocate_all_pages();
	free_all_pages(*(size_t *)allocated_page_count);
	return NULL;
}

/* Tests that the frames of an ended thread can be allocated again, except those in a quarantine. */
static void test_frames_of_ended_thread(void)
{
	size_t of_thread = 0, of_main = 0;

	run_thread_and_wait(allocate_and_free_all_pages, &of_thread);
	allocate_and_free_all_pages(&of_main);
	ok(of_thread > 1000 && of_main + 200 > of_thread,
	   "frames of a thread that ended can be allocated by others: %zu of %zu", of_main, of_thread);
}

UNIT_TEST(test_page_frames)
{
	if (detector_has_asan())
		test_never_allocated_frame();
	else
		test_zero_in_never_allocated_frames();
	test_quarantine();
	test_allocations_beyond_frame_count();
	test_allocating_threads();
	test_other_thread_frees();
	test_consecutive_threads_share_no_frames();
	test_frames_of_ended_thread();
	test_exhaustion();
}
