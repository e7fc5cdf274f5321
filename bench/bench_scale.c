/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * bench_scale: measures whether a second thread doubles the rate of operations.
 *
 * Each thread allocates, maps or reads a page of its own. Runs with one thread alternate with runs with one
 * thread for each CPU (at least two threads). The main rate is operations per second of CPU time, because
 * other load hardly affects CPU time. Contention between the threads still lowers this rate. Prints samples
 * of ROUNDS rounds for bench.py.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/figure.h"
#include "page/page.h"

#define ROUNDS       21
#define THREADS_MAX  64
#define BATCH        200
#define TURN_SECONDS 0.05 /* much longer than a scheduler's time slice */
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void alloc_and_free(struct page *unused_page)
{
	(void)unused_page;
	page_free(page_alloc(GFP_KERNEL));
}

static void map_and_unmap(struct page *thread_page)
{
	page_unmap_local(page_map_local(thread_page));
}

static void read_64_bytes(struct page *thread_page)
{
	unsigned char copied_bytes[64];

	page_read_raw(thread_page, copied_bytes, 0, sizeof(copied_bytes));
	__asm__ volatile("" : : "r"(copied_bytes) : "memory");
}

static const struct operation {
	const char *operation_name;
	void (*run)(struct page *thread_page);
} operations[] = {
	{ "allocate and free", alloc_and_free },
	{ "map and unmap", map_and_unmap },
	{ "read 64 bytes", read_64_bytes },
};

static const struct operation *operation;
static pthread_barrier_t ready;

struct cpu_and_clock_rates {
	double by_cpu, by_clock; /* operations per second */
};

static void *measure_current_operation_in_thread(void *rates_of_thread)
{
	struct page *thread_page = page_alloc(GFP_KERNEL);
	struct cpu_and_clock_rates *rates = rates_of_thread;
	double cpu_start, clock_start, seconds, count = 0;

	pthread_barrier_wait(&ready);
	cpu_start = figure_read_seconds(CLOCK_THREAD_CPUTIME_ID);
	clock_start = figure_read_seconds(CLOCK_MONOTONIC);
	do {
		for (unsigned int i = 0; i < BATCH; i++)
			operation->run(thread_page);
		count += BATCH;
		seconds = figure_read_seconds(CLOCK_MONOTONIC) - clock_start;
	} while (seconds < TURN_SECONDS);
	rates->by_clock = count / seconds;
	rates->by_cpu = count / (figure_read_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_start);
	page_free(thread_page);
	return NULL;
}

/* Return: the sums of both rates over @thread_count threads, which run at the same time. */
static struct cpu_and_clock_rates measure_current_operation_total_rates(unsigned int thread_count)
{
	struct cpu_and_clock_rates thread_rates[THREADS_MAX], total = { 0 };
	pthread_t handles[THREADS_MAX];

	pthread_barrier_init(&ready, NULL, thread_count);
	for (unsigned int i = 0; i < thread_count; i++)
		if (pthread_create(&handles[i], NULL, measure_current_operation_in_thread, &thread_rates[i]))
			abort();
	for (unsigned int i = 0; i < thread_count; i++) {
		pthread_join(handles[i], NULL);
		total.by_cpu += thread_rates[i].by_cpu;
		total.by_clock += thread_rates[i].by_clock;
	}
	pthread_barrier_destroy(&ready);
	return total;
}

static void print_current_operation_sample(const char *rate_name, const char *unit, const char *aim,
					   const double *values, size_t value_count)
{
	char sample_name[80];

	snprintf(sample_name, sizeof(sample_name), "%s, %s", operation->operation_name, rate_name);
	figure_print_sample(sample_name, unit, aim, values, value_count);
}

static void compare_and_print_thread_counts(unsigned int thread_count, size_t round_count)
{
	double one_thread_rates[FIGURE_ROUNDS_MAX], cpu_ratios[FIGURE_ROUNDS_MAX],
		clock_ratios[FIGURE_ROUNDS_MAX];

	for (size_t i = 0; i < round_count; i++) {
		struct cpu_and_clock_rates one_thread = measure_current_operation_total_rates(1),
					   all_threads = measure_current_operation_total_rates(thread_count);

		one_thread_rates[i] = one_thread.by_cpu / 1e6;
		cpu_ratios[i] = all_threads.by_cpu / one_thread.by_cpu;
		clock_ratios[i] = all_threads.by_clock / one_thread.by_clock;
	}
	print_current_operation_sample("1 thread", "M/s", "", one_thread_rates, round_count);
	/* The ratio has a threshold for two threads only, because more threads compete for shared caches. */
	print_current_operation_sample("all CPUs : 1 thread, by CPU time", "times",
				       thread_count == 2 ? ">= 1.8" : "", cpu_ratios, round_count);
	print_current_operation_sample("all CPUs : 1 thread, by the clock", "times", "", clock_ratios,
				       round_count);
}

int main(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int thread_count = cpus < 2 ? 2 : (unsigned int)cpus;
	const char *wanted = getenv("PAGE_MAP");

	if (thread_count > THREADS_MAX)
		thread_count = THREADS_MAX;
	page_free(page_alloc(GFP_KERNEL)); /* selects the backend */
	if (wanted && strcmp(wanted, page_map_backend())) {
		printf("{\"name\": \"pages of one's own\", \"skipped\": \"the backend is %s\"}\n",
		       page_map_backend());
		return 0;
	}
	for (size_t i = 0; i < COUNT(operations); i++) {
		operation = &operations[i];
		compare_and_print_thread_counts(thread_count, figure_read_round_count(ROUNDS));
		fflush(stdout);
	}
	return 0;
}
