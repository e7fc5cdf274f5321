/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The page library by its header alone, in every flavour. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/detector.h"
#include "harness/isolate.h"
#include "page/page.h"
#include "tests/page_test.h"

static unsigned char buffer[PAGE_SIZE + 2];

static void test_align(void)
{
	size_t aligned = 7;

	ok(page_align(0, &aligned) && aligned == 0, "0 is aligned");
	ok(page_align(1, &aligned) && aligned == PAGE_SIZE, "1 goes up");
	ok(page_align(PAGE_SIZE, &aligned) && aligned == PAGE_SIZE, "PAGE_SIZE stays");
	ok(page_align(SIZE_MAX - PAGE_SIZE + 1, &aligned) && aligned == SIZE_MAX - PAGE_SIZE + 1,
	   "the last multiple stays");
	aligned = 7;
	ok(!page_align(SIZE_MAX - PAGE_SIZE + 2, &aligned) && aligned == 7,
	   "beyond it there is none, and nothing is written");
}

static void test_flags(void)
{
	static const gfp_t bad[] = { 0, __GFP_ZERO, GFP_KERNEL | GFP_NOIO, GFP_KERNEL | 0x100,
				     GFP_ATOMIC | 0x80000000u };
	static const gfp_t good[] = { GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_NOIO,
				      GFP_KERNEL | __GFP_ZERO | __GFP_HIGHMEM | __GFP_NOFAIL |
					      __GFP_NOWARN };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		ok(!page_alloc(bad[i]) && errno == EINVAL, "flags 0x%x are refused", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct page *page = page_alloc(good[i]);

		ok(page, "flags 0x%x are taken", good[i]);
		page_free(page);
	}
}

static void test_lifetime(void)
{
	struct page *page = page_alloc(GFP_KERNEL);

	ok(page_ref_count(page) == 1 && page_nid(page) == 0, "a page begins with one reference");
	page_get(page);
	ok(page_ref_count(page) == 2, "page_get adds one");
	page_free(page);
	ok(page_ref_count(page) == 1, "page_free drops one");
	page_free(page);
	page_free(NULL);
	ok(true, "page_free(NULL) does nothing");
}

struct range {
	size_t off, len;
	bool good;
};

static const struct range ranges[] = {
	{ 0, 0, true },
	{ 0, PAGE_SIZE, true },
	{ PAGE_SIZE, 0, true },
	{ PAGE_SIZE - 1, 1, true },
	{ PAGE_SIZE, 1, false },
	{ 1, PAGE_SIZE, false },
	{ PAGE_SIZE + 1, 0, false },
	{ 0, PAGE_SIZE + 1, false },
	{ SIZE_MAX, 1, false },
	{ 1, SIZE_MAX, false },
	{ SIZE_MAX, SIZE_MAX, false },
	{ SIZE_MAX - 15, 32, false },
	{ SIZE_UPPER, 1, false },
	{ 0, SIZE_UPPER + 1, false },
	{ SIZE_TOP, 1, false },
	{ SIZE_TOP, SIZE_TOP, false },
};

static unsigned int called;

static int count_call(void *ptr, void *ctx)
{
	(void)ptr;
	(void)ctx;
	called++;
	return 42;
}

static void test_bounds(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct range *r = &ranges[i];
		int expected = r->good ? 0 : -EINVAL;

		called = 0;
		ok(page_read_raw(page, buffer, r->off, r->len) == expected &&
			   page_write_raw(page, buffer, r->off, r->len) == expected &&
			   page_fill_zero(page, r->off, r->len) == expected,
		   "off 0x%zx len 0x%zx is %s", r->off, r->len, r->good ? "good" : "-EINVAL");
		ok(page_with_pointer(page, r->off, r->len, count_call, NULL) ==
				   (r->good ? 42 : -EINVAL) &&
			   called == r->good,
		   "... and its callback is%s called", r->good ? "" : " not");
	}
	page_free(page);
}

static bool all_bytes(const unsigned char *bytes, unsigned char value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* Writes [off, off + len) with @write and looks at every byte of the page. */
static bool touches_exactly(struct page *page, size_t off, size_t len, bool zero)
{
	memset(buffer, 0x11, PAGE_SIZE);
	page_write_raw(page, buffer, 0, PAGE_SIZE);
	memset(buffer, 0x22, len);
	if (zero)
		page_fill_zero(page, off, len);
	else
		page_write_raw(page, buffer, off, len);
	page_read_raw(page, buffer, 0, PAGE_SIZE);
	return all_bytes(buffer, 0x11, off) && all_bytes(buffer + off, zero ? 0 : 0x22, len) &&
	       all_bytes(buffer + off + len, 0x11, PAGE_SIZE - off - len);
}

static void test_bytes(void)
{
	static const size_t lens[] = { 0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 511, 4080 };
	struct page *page = page_alloc(GFP_KERNEL);
	bool exact = true;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (size_t off = 0; off < 16; off++)
			exact &= touches_exactly(page, off, lens[i], false) &&
				 touches_exactly(page, off, lens[i], true);
	ok(exact, "writing and zeroing touch the range and no byte beside it");
	memset(buffer, 0x33, sizeof(buffer));
	page_fill_zero(page, 0, PAGE_SIZE);
	page_read_raw(page, buffer + 1, 10, 100);
	ok(buffer[0] == 0x33 && all_bytes(buffer + 1, 0, 100) && buffer[101] == 0x33,
	   "reading fills the buffer and no byte beside it");
	page_free(page);
}

static int byte_at(void *ptr, void *ctx)
{
	*(void **)ctx = ptr;
	return *(unsigned char *)ptr;
}

static void test_mapping(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	unsigned char *addr, seven = 7;
	void *seen;

	page_write_raw(page, &seven, 100, 1);
	addr = page_map_local(page);
	ok(addr[100] == 7, "a mapping shows the page");
	addr[101] = 8;
	page_unmap_local(addr + 4095);
	page_read_raw(page, buffer, 101, 1);
	ok(buffer[0] == 8, "and writes to it");
	ok(page_with_mapped(page, byte_at, &seen) == 0, "with_mapped hands out byte 0");
	ok(page_with_pointer(page, 100, 1, byte_at, &seen) == 7, "with_pointer the first byte");
	page_free(page);
}

/* MemorySanitizer's, where it is: what follows looks at bytes that have no value. */
void __msan_unpoison(const volatile void *addr, size_t len) __attribute__((weak));

/* R7: what an owner left never shows, also when the frame comes back. */
static void test_fresh(void)
{
	static const char secret[] = "what the last owner knew";
	bool shows = false, zero = true;

	for (unsigned int round = 0; round < 1000; round++) {
		struct page *page = page_alloc(round % 2 ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO);

		page_read_raw(page, buffer, 0, PAGE_SIZE);
		if (__msan_unpoison)
			__msan_unpoison(buffer, PAGE_SIZE);
		shows |= memmem(buffer, PAGE_SIZE, secret, sizeof(secret)) != NULL;
		zero &= round % 2 || all_bytes(buffer, 0, PAGE_SIZE);
		page_write_raw(page, secret, 64, sizeof(secret));
		page_free(page);
	}
	ok(!shows, "what the last owner of a frame wrote never shows");
	ok(zero, "a zeroed page is zero, whatever the frame held");
}

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

/* Many more lives than the arena has frames: none may be lost. */
static void test_many_lives(void)
{
	unsigned long lives = 0;
	struct page *page;

	while (lives < 200000 && (page = page_alloc(GFP_KERNEL))) {
		page_free(page);
		lives++;
	}
	ok(lives == 200000, "a frame that was given back is there again, 200,000 times");
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

static pthread_barrier_t all_there;

/* Pages on their way from one thread to another: who frees one has seldom allocated it. */
static _Atomic(struct page *) passed_on[8];

static void *alloc_once(void *arg)
{
	page_free(page_alloc(GFP_KERNEL));
	return arg;
}

/* A page that two threads were given at the same time holds the other's bytes. */
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

/* Threads come and go: one of the many after may share what the library keeps for one. */
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

/* ---- threads and what they leave behind ---- */

enum { FRAMES = 1 << 16 }; /* more than there are */

/* Frees what it is handed, until it is handed nothing. */
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

/* Return: how many different ones have been asked for, at most FEW. */
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

/* One allocates, another one frees. Return: different pages that were seen; FEW: or more, or none. */
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

static void test_pages_come_home(void)
{
	ok(pass_pages(share(1000)) < FEW, "one allocates, another one frees: the same few pages");
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

/* All but what a quarantine holds back. */
static void test_pages_of_others(void)
{
	size_t theirs = 0, mine = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, take_all, &theirs))
		abort();
	pthread_join(thread, NULL);
	take_all(&mine);
	ok(theirs > 1000 && mine + 200 > theirs,
	   "what a thread leaves behind is there for others: %zu of %zu", mine, theirs);
}

/* ---- misuse: the process must die of the named rule ---- */

static void use_dead(void *ctx)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);

	page_free(page);
	switch (*(const int *)ctx) {
	case 0:
		page_get(page);
		break;
	case 1:
		page_free(page);
		break;
	case 2:
		page_read_raw(page, buffer, 0, 8);
		break;
	case 3:
		page_write_raw(page, buffer, PAGE_SIZE, 0);
		break;
	case 4:
		page_map_local(page);
		break;
	default:
		page_nid(page);
	}
}

static void unmap_nothing(void *ctx)
{
	page_unmap_local(ctx);
}

static void dies_of(enum rule rule, void (*fn)(void *ctx), void *ctx, const char *name)
{
	static struct isolated child;
	char line[200];
	bool isolated = isolate(fn, ctx, 60, &child);

	if (!ok(isolated && !child.hung && (child.signal || child.exit_code) &&
			detector_rule(child.output, line, sizeof(line)) == rule,
		"%s: %s", rule_name(rule), name))
		printf("# signal %d, exit status %d: %s\n", child.signal, child.exit_code, line);
}

static void test_misuse(void)
{
	static const char *const names[] = { "page_get", "page_free", "page_read_raw",
					     "page_write_raw of nothing", "page_map_local",
					     "page_nid" };

	for (int i = 0; i < 6; i++)
		dies_of(RULE_use_after_free, use_dead, &i, names[i]);
	dies_of(RULE_foreign_map, unmap_nothing, buffer, "page_unmap_local of no page");
}

static void test_dead_bounds(void)
{
	struct page *page = page_alloc(GFP_KERNEL);

	page_free(page);
	ok(page_read_raw(page, buffer, PAGE_SIZE, 1) == -EINVAL,
	   "bad bounds of a dead page are -EINVAL: it is not looked at");
}

int main(void)
{
	test_align();
	test_flags();
	test_lifetime();
	test_bounds();
	test_bytes();
	test_mapping();
	test_fresh();
	test_quarantine();
	test_many_lives();
	test_allocators();
	test_pages_come_home();
	test_pages_of_others();
	test_exhaustion();
	test_misuse();
	test_dead_bounds();
	return done();
}
