/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * bench_scale: measure whether a second thread doubles the work.
 *
 * Independent threads allocate and free, map and unmap, and copy pages of their own. Runs with one
 * thread and with one thread for each CPU alternate. The main rate is by CPU time of the threads, so
 * other load changes little: contention, waiting and yielding use CPU time. Prints samples of
 * ROUNDS rounds for bench.py.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/figure.h"
#include "page/page.h"

#define ROUNDS 21
#define THREADS_MAX 64
#define BATCH 200
#define TURN_SECONDS 0.05 /* much longer than a time slice of the scheduler */
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void alloc_and_free(struct page *own)
{
	(void)own;
	page_free(page_alloc(GFP_KERNEL));
}

static void map_and_unmap(struct page *own)
{
	page_unmap_local(page_map_local(own));
}

static void read_bytes(struct page *own)
{
	unsigned char bytes[64];

	page_read_raw(own, bytes, 0, sizeof(bytes));
	__asm__ volatile("" : : "r"(bytes) : "memory");
}

static const struct operation {
	const char *name;
	void (*run)(struct page *own);
} operations[] = {
	{ "allocate and free", alloc_and_free },
	{ "map and unmap", map_and_unmap },
	{ "read 64 bytes", read_bytes },
};

static const struct operation *operation;
static pthread_barrier_t ready;

struct operation_rates {
	double by_cpu, by_clock; /* operations per second */
};

static double get_seconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *run_thread(void *arg)
{
	struct page *own = page_alloc(GFP_KERNEL);
	struct operation_rates *rates = arg;
	double cpu_start, clock_start, seconds, count = 0;

	pthread_barrier_wait(&ready);
	cpu_start = get_seconds(CLOCK_THREAD_CPUTIME_ID);
	clock_start = get_seconds(CLOCK_MONOTONIC);
	do {
		for (unsigned int i = 0; i < BATCH; i++)
			operation->run(own);
		count += BATCH;
		seconds = get_seconds(CLOCK_MONOTONIC) - clock_start;
	} while (seconds < TURN_SECONDS);
	rates->by_clock = count / seconds;
	rates->by_cpu = count / (get_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_start);
	page_free(own);
	return NULL;
}

/* Measure @count threads together. */
static struct operation_rates measure_threads(unsigned int count)
{
	struct operation_rates thread_rates[THREADS_MAX], total = { 0 };
	pthread_t handles[THREADS_MAX];

	pthread_barrier_init(&ready, NULL, count);
	for (unsigned int i = 0; i < count; i++)
		if (pthread_create(&handles[i], NULL, run_thread, &thread_rates[i]))
			abort();
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(handles[i], NULL);
		total.by_cpu += thread_rates[i].by_cpu;
		total.by_clock += thread_rates[i].by_clock;
	}
	pthread_barrier_destroy(&ready);
	return total;
}

static void print_sample(const char *what, const char *unit, const char *aim, const double *values,
			 size_t count)
{
	char name[80];

	snprintf(name, sizeof(name), "%s, %s", operation->name, what);
	figure_print_sample(name, unit, aim, values, count);
}

static void compare_thread_counts(unsigned int threads, size_t rounds)
{
	double one_thread_rates[FIGURE_ROUNDS_MAX], cpu_ratios[FIGURE_ROUNDS_MAX],
		clock_ratios[FIGURE_ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++) {
		struct operation_rates one_thread = measure_threads(1),
				       all_threads = measure_threads(threads);

		one_thread_rates[i] = one_thread.by_cpu / 1e6;
		cpu_ratios[i] = all_threads.by_cpu / one_thread.by_cpu;
		clock_ratios[i] = all_threads.by_clock / one_thread.by_clock;
	}
	print_sample("1 thread", "M/s", "", one_thread_rates, rounds);
	/* More than two threads compete for shared caches, so there is no threshold. */
	print_sample("all CPUs : 1 thread, by CPU time", "times", threads == 2 ? ">= 1.8" : "",
		     cpu_ratios, rounds);
	print_sample("all CPUs : 1 thread, by the clock", "times", "", clock_ratios, rounds);
}

int main(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int threads = cpus < 2 ? 2 : (unsigned int)cpus;
	const char *wanted = getenv("PAGE_MAP");

	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	page_free(page_alloc(GFP_KERNEL)); /* selects the backend */
	if (wanted && strcmp(wanted, page_map_backend())) {
		printf("{\"name\": \"pages of one's own\", \"skipped\": \"the backend is %s\"}\n",
		       page_map_backend());
		return 0;
	}
	for (size_t i = 0; i < COUNT(operations); i++) {
		operation = &operations[i];
		compare_thread_counts(threads, figure_read_round_count(ROUNDS));
		fflush(stdout);
	}
	return 0;
}
