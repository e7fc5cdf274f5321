/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The reuse of frames, with one thread and with many. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/isolate.h"
#include "page/page.h"
#include "tests/page_test.h"

/* gcc and clang announce AddressSanitizer differently. */
#if defined(__SANITIZE_ADDRESS__)
#define SEES_POISON
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEES_POISON
#endif
#endif

/* ---- one thread ---- */

#ifdef SEES_POISON
static const volatile unsigned char *last;

static void read_beyond(void)
{
	(void)last[1];
}

/* The frame after the first page was never allocated. */
static void test_never_allocated(void)
{
	struct page *page = page_alloc(GFP_KERNEL);
	unsigned char *addr = page_map_local(page);

	last = addr + PAGE_SIZE - 1;
	ok(ends_abnormally(read_beyond), "what never lived cannot be read");
	page_unmap_local(addr);
	page_free(page);
}
#else
static void test_never_allocated(void)
{
}
#endif

static void test_quarantine(void)
{
	struct page *first = page_alloc(GFP_KERNEL);
	unsigned int later;

	page_free(first);
	for (later = 0; later < 1000; later++) {
		struct page *page = page_alloc(GFP_KERNEL);

		page_free(page);
		if (page == first)
			break;
	}
	ok(later >= 64, "a frame comes back after 64 later ones at the soonest");
	ok(later < 1000, "but it comes back");
}

/* Allocates many more pages than the arena has frames: none may be lost. */
static void test_many_allocations(void)
{
	unsigned long count = 0;
	struct page *page;

	while (count < 200000 && (page = page_alloc(GFP_KERNEL))) {
		page_free(page);
		count++;
	}
	ok(count == 200000, "a freed frame can be allocated again, 200,000 times");
}

static void test_exhaustion(void)
{
	static struct page *pages[1 << 17];
	size_t count = 0;

	errno = 0;
	while (count < 1 << 17 && (pages[count] = page_alloc(GFP_KERNEL)))
		count++;
	ok(count < 1 << 17 && errno == ENOMEM, "an exhausted arena gives NULL and ENOMEM");
	ok(!page_alloc(GFP_KERNEL | __GFP_NOFAIL), "also with __GFP_NOFAIL, never an abort");
	ok(!page_buffer_alloc(2 * PAGE_SIZE), "nor are there two beside each other");
	while (count)
		page_free(pages[--count]);
	pages[0] = page_alloc(GFP_KERNEL);
	ok(pages[0], "freed pages are there again");
	page_free(pages[0]);
}

/* ---- threads at the same time ---- */

static pthread_barrier_t all_there;

/* Pages on their way from one thread to another, so that mostly another thread frees them. */
static _Atomic(struct page *) passed_on[8];

static void *alloc_once(void *arg)
{
	page_free(page_alloc(GFP_KERNEL));
	return arg;
}

/* If two threads get the same page, it contains the other thread's bytes. */
static void *alloc_and_look(void *arg)
{
	unsigned char mine = *(unsigned char *)arg, seen[64], wrote[64];
	unsigned long foreign = 0;

	memset(wrote, mine, sizeof(wrote));
	alloc_once(NULL);
	pthread_barrier_wait(&all_there);
	for (unsigned int i = share(150000); i && !foreign; i--) {
		struct page *page = page_alloc(GFP_KERNEL);

		if (!page)
			return arg;
		page_write_raw(page, wrote, 0, sizeof(wrote));
		page_read_raw(page, seen, 0, sizeof(seen));
		foreign += memcmp(wrote, seen, sizeof(seen)) != 0;
		page_free(atomic_exchange(&passed_on[i % 8], page));
	}
	return foreign ? arg : NULL;
}

/* Threads start and end; a later one may share per-thread data of the library with this one. */
static void others_pass(int count)
{
	pthread_t thread;

	while (count--) {
		if (pthread_create(&thread, NULL, alloc_once, NULL))
			abort();
		pthread_join(thread, NULL);
	}
}

static void run_allocators(void *others)
{
	static unsigned char names[4] = { 1, 2, 3, 4 };
	pthread_t threads[4];
	bool wrong = false;

	pthread_barrier_init(&all_there, NULL, 4);
	for (size_t i = 0; i < 4; i++) {
		if (pthread_create(&threads[i], NULL, alloc_and_look, &names[i]))
			abort();
		others_pass(*(int *)others);
	}
	for (size_t i = 0; i < 4; i++) {
		void *result;

		pthread_join(threads[i], &result);
		wrong |= result != NULL;
	}
	_exit(wrong);
}

static void test_allocators(void)
{
	static int others[] = { 0, 31 };
	struct isolated child;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		ok(isolate(run_allocators, &others[i], 25, &child) && !child.hung &&
			   !child.signal && !child.exit_code,
		   "threads that allocate at the same time get pages of their own, %d between two",
		   others[i]);
}

/* ---- frames that ended threads kept ---- */

enum { FRAMES = 1 << 16 }; /* more than there are */

/* Frees the pages that it receives, until it receives NULL. */
static void *free_all(void *arg)
{
	_Atomic(struct page *) *hand = arg;
	struct page *page;

	for (;;) {
		while (!(page = atomic_load(hand)))
			sched_yield();
		if ((void *)page == arg)
			return NULL;
		page_free(page);
		atomic_store(hand, NULL);
	}
}

enum { FEW = 300 };

/* Return: the number of different pages so far, at most FEW. */
static unsigned int different(const struct page *page)
{
	static const struct page *known[FEW];
	unsigned int i = 0;

	while (i < FEW && known[i] && known[i] != page)
		i++;
	if (i < FEW)
		known[i] = page;
	while (i < FEW && known[i])
		i++;
	return i;
}

/*
 * One thread allocates, another one frees. Return: the number of different pages; FEW: that many or
 * more, or none.
 */
static unsigned int pass_pages(unsigned int count)
{
	static _Atomic(struct page *) hand;
	unsigned int seen = 0;
	pthread_t freer;

	if (pthread_create(&freer, NULL, free_all, &hand))
		abort();
	while (count--) {
		struct page *page = page_alloc(GFP_KERNEL);

		if (!page)
			return FEW;
		seen = different(page);
		atomic_store(&hand, page);
		while (atomic_load(&hand))
			sched_yield();
	}
	atomic_store(&hand, (struct page *)(void *)&hand);
	pthread_join(freer, NULL);
	return seen;
}

static void test_pages_come_back(void)
{
	ok(pass_pages(share(1000)) < FEW, "one allocates, another one frees: the same few pages");
}

enum { ALLOCATIONS = 200 };

static void *allocate_and_free(void *names)
{
	const struct page **lived = names;

	for (unsigned int i = 0; i < ALLOCATIONS; i++) {
		struct page *page = page_alloc(GFP_KERNEL);

		lived[i] = page;
		page_free(page);
	}
	return NULL;
}

/* With a common list the threads would wait for each other, and get each other's frames. */
static void test_frames_of_their_own(void)
{
	static const struct page *lived[2][ALLOCATIONS];
	unsigned int shared = 0;
	pthread_t thread;

	for (unsigned int i = 0; i < 2; i++) {
		if (pthread_create(&thread, NULL, allocate_and_free, lived[i]))
			abort();
		pthread_join(thread, NULL);
	}
	for (unsigned int i = 0; i < ALLOCATIONS; i++)
		for (unsigned int j = 0; j < ALLOCATIONS; j++)
			shared += lived[0][i] == lived[1][j];
	ok(lived[0][0] && lived[1][0] && !shared,
	   "threads that begin one after the other have frames of their own, %u shared", shared);
}

static struct page *many[FRAMES];

static void *take_all(void *count)
{
	size_t n = 0;

	while (n < FRAMES && (many[n] = page_alloc(GFP_KERNEL)))
		n++;
	*(size_t *)count = n;
	while (n)
		page_free(many[--n]);
	return NULL;
}

/* All frames except those in a quarantine come back. */
static void test_pages_of_others(void)
{
	size_t theirs = 0, mine = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, take_all, &theirs))
		abort();
	pthread_join(thread, NULL);
	take_all(&mine);
	ok(theirs > 1000 && mine + 200 > theirs,
	   "frames that an ended thread kept can be allocated by others: %zu of %zu", mine, theirs);
}

UNIT_TEST(test_page_frames)
{
	test_never_allocated();
	test_quarantine();
	test_many_allocations();
	test_allocators();
	test_pages_come_back();
	test_frames_of_their_own();
	test_pages_of_others();
	test_exhaustion();
}
