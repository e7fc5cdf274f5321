/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * report_bugs NAME: makes one error for a sanitizer to report. test_report.sh compiles it in a
 * directory src/page, with each available compiler and sanitizer.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *heap;
static int shared;
static volatile int sink, one = 1;

static __attribute__((noinline)) void page_read(const char *at)
{
	sink = *at;
	__asm__ volatile("");
}

static __attribute__((noinline)) void page_write(int value)
{
	shared = value;
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void page_poke(int value)
{
	shared += value;
	__asm__ volatile("" ::: "memory");
}

static void use_after_free(void)
{
	free(heap);
	page_read(heap);
}

static void overflow(void)
{
	page_read(heap + 10 * one);
}

static void intercepted(void)
{
	memset(heap, 1, 11 * (size_t)one);
}

static void double_free(void)
{
	char *again = heap;

	free(heap);
	__asm__ volatile("" : "+r"(again));
	free(again);
}

static void bad_free(void)
{
	char *inside = heap + one;

	__asm__ volatile("" : "+r"(inside));
	free(inside);
}

static void wild(void)
{
	char *nowhere = (char *)8;

	__asm__ volatile("" : "+r"(nowhere));
	page_read(nowhere);
}

static void leak(void)
{
	heap = NULL;
}

static void sum(void)
{
	sink = 0x7fffffff;
	sink = sink + one;
}

static void shift(void)
{
	sink = 1 << (one + 32);
}

static void uninitialised(void)
{
	if (heap[3])
		puts("not zero");
}

static void report_of_ours(void)
{
	fprintf(stderr, "BUG: page: unmap-order: 0x1 is not the newest\n");
	abort();
}

static void *other(void *nothing)
{
	page_write(1);
	return nothing;
}

static void race(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, other, NULL);
	page_poke(2);
	pthread_join(thread, NULL);
}

#ifdef FIBERS
void *__tsan_create_fiber(unsigned int flags);
void __tsan_switch_to_fiber(void *fiber, unsigned int flags);

static void fibers(void)
{
	void *first = __tsan_create_fiber(0), *second = __tsan_create_fiber(0);

	__tsan_switch_to_fiber(first, 1);
	page_write(1);
	__tsan_switch_to_fiber(second, 1);
	page_poke(2);
}
#endif

static const struct {
	const char *name;
	void (*make)(void);
} bugs[] = {
	{ "bad-free", bad_free },
	{ "double-free", double_free },
#ifdef FIBERS
	{ "fibers", fibers },
#endif
	{ "intercepted", intercepted },
	{ "leak", leak },
	{ "ours", report_of_ours },
	{ "overflow", overflow },
	{ "race", race },
	{ "shift", shift },
	{ "sum", sum },
	{ "uninitialised", uninitialised },
	{ "use-after-free", use_after_free },
	{ "wild", wild },
};

int main(int argc, char **argv)
{
	heap = malloc(10);
	for (size_t i = 0; argc > 1 && i < sizeof(bugs) / sizeof(bugs[0]); i++)
		if (!strcmp(argv[1], bugs[i].name))
			bugs[i].make();
	return 0;
}
