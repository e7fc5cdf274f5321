/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * report_bugs NAME: makes the error NAME, for a sanitizer to report. test_report.sh compiles report_bugs.c in
 * a directory src/page, with each compiler and sanitizer. With FUZZ_TARGET, report_bugs.c is a libFuzzer
 * target, and the input is NAME.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Defines the error @name, which consists of one statement. */
#define BUG(name, statement)   \
	static void name(void) \
	{                      \
		statement;     \
	}

BUG(end_process, exit(0))
BUG(leak_heap, heap = NULL)
BUG(overflow_in_memset, memset(heap, 1, 11 * (size_t)one))
BUG(overflow_sum, sink = 0x7fffffff + one)
BUG(read_past_end, page_read(heap + 10 * one))
BUG(shift_too_far, sink = 1 << (one + 32))

static void use_after_free(void)
{
	free(heap);
	page_read(heap);
}

static void free_twice(void)
{
	char *again = heap;

	free(heap);
	__asm__ volatile("" : "+r"(again));
	free(again);
}

static void free_inner_pointer(void)
{
	char *inside = heap + one;

	__asm__ volatile("" : "+r"(inside));
	free(inside);
}

static void read_wild_pointer(void)
{
	char *nowhere = (char *)8;

	__asm__ volatile("" : "+r"(nowhere));
	page_read(nowhere);
}

static void branch_on_uninitialised(void)
{
	if (heap[3])
		puts("not zero");
}

static void print_rule_and_abort(void)
{
	fprintf(stderr, "BUG: page: unmap-order: 0x1 is not the newest\n");
	abort();
}

static void *write_in_thread(void *nothing)
{
	page_write(1);
	return nothing;
}

static void race_two_threads(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, write_in_thread, NULL);
	page_poke(2);
	pthread_join(thread, NULL);
}

#ifdef FIBERS
void *__tsan_create_fiber(unsigned int flags);
void __tsan_switch_to_fiber(void *fiber, unsigned int flags);

static void race_two_fibers(void)
{
	void *first = __tsan_create_fiber(0), *second = __tsan_create_fiber(0);

	__tsan_switch_to_fiber(first, 1);
	page_write(1);
	__tsan_switch_to_fiber(second, 1);
	page_poke(2);
}
#endif

static void hang_forever(void)
{
	for (;;)
		usleep(1000);
}

static void allocate_too_much(void)
{
	volatile char *much = malloc((size_t)200 << 20);

	much[0] = 1;
}

static const struct {
	const char *name;
	void (*make)(void);
} bugs[] = {
	{ "abort", abort },
	{ "bad-free", free_inner_pointer },
	{ "double-free", free_twice },
	{ "exit", end_process },
#ifdef FIBERS
	{ "fibers", race_two_fibers },
#endif
	{ "hang", hang_forever },
	{ "intercepted", overflow_in_memset },
	{ "leak", leak_heap },
	{ "memory", allocate_too_much },
	{ "ours", print_rule_and_abort },
	{ "overflow", read_past_end },
	{ "race", race_two_threads },
	{ "shift", shift_too_far },
	{ "sum", overflow_sum },
	{ "uninitialised", branch_on_uninitialised },
	{ "use-after-free", use_after_free },
	{ "wild", read_wild_pointer },
};

static void run_bug(const char *name)
{
	for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++)
		if (!strcmp(name, bugs[i].name))
			bugs[i].make();
}

#ifdef FUZZ_TARGET
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[20];

	snprintf(name, sizeof(name), "%.*s", (int)size, (const char *)data);
	run_bug(name);
	return 0;
}
#else
int main(int argc, char **argv)
{
	heap = malloc(10);
	run_bug(argc > 1 ? argv[1] : "");
	return 0;
}
#endif
