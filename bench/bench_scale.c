/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * bench_scale: measure whether a second thread doubles the work.
 *
 * Independent threads allocate and free, map and unmap, and copy pages of their own. Runs with one
 * thread and with one thread for each CPU alternate. The main rate is by CPU time of the threads, so
 * other load changes little: contention, waiting and yielding use CPU time. The rate by wall time is
 * valid on an idle machine; the last figure is the number of CPUs that the threads got. Prints samples of
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

#define ROUNDS	     21
#define THREADS_MAX  64
#define BATCH	     200
#define TURN_SECONDS 0.05 /* much longer than a time slice of the scheduler */
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void alloc_free(struct page *own)
{
	(void)own;
	page_free(page_alloc(GFP_KERNEL));
}

static void map_unmap(struct page *own)
{
	page_unmap_local(page_map_local(own));
}

static void copy(struct page *own)
{
	unsigned char bytes[64];

	page_read_raw(own, bytes, 0, sizeof(bytes));
	__asm__ volatile("" : : "r"(bytes) : "memory");
}

static const struct work {
	const char *name;
	void (*once)(struct page *own);
} works[] = {
	{ "allocate and free", alloc_free },
	{ "map and unmap", map_unmap },
	{ "read 64 bytes", copy },
};

static const struct work *work;
static pthread_barrier_t ready;

/* The work of one thread, or of all threads in a round. */
struct done {
	double ops, cpu, wall; /* seconds */
	double by_cpu, by_wall; /* operations per second */
};

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *thread(void *arg)
{
	struct page *own = page_alloc(GFP_KERNEL);
	struct done *done = arg;
	double cpu, wall;

	pthread_barrier_wait(&ready);
	cpu = now(CLOCK_THREAD_CPUTIME_ID);
	wall = now(CLOCK_MONOTONIC);
	do {
		for (unsigned int i = 0; i < BATCH; i++)
			work->once(own);
		done->ops += BATCH;
		done->wall = now(CLOCK_MONOTONIC) - wall;
	} while (done->wall < TURN_SECONDS);
	done->cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
	page_free(own);
	return NULL;
}

/* Measure the work of @count threads together. */
static struct done turn(unsigned int count)
{
	struct done done[THREADS_MAX] = { { 0 } }, all = { 0 };
	pthread_t handles[THREADS_MAX];

	pthread_barrier_init(&ready, NULL, count);
	for (unsigned int i = 0; i < count; i++)
		if (pthread_create(&handles[i], NULL, thread, &done[i]))
			abort();
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(handles[i], NULL);
		all.by_cpu += done[i].ops / done[i].cpu;
		all.by_wall += done[i].ops / done[i].wall;
		all.cpu += done[i].cpu;
	}
	pthread_barrier_destroy(&ready);
	return all;
}

static void print(const char *what, const char *unit, const char *aim, const double *values,
		  size_t count)
{
	char name[80];

	snprintf(name, sizeof(name), "%s, %s", work->name, what);
	figure(name, unit, aim, values, count);
}

static void measure(unsigned int threads, size_t rounds)
{
	double by_cpu[FIGURE_ROUNDS_MAX], by_wall[FIGURE_ROUNDS_MAX], ones[FIGURE_ROUNDS_MAX],
		at_once[FIGURE_ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++) {
		struct done one = turn(1), all = turn(threads);

		ones[i] = one.by_cpu / 1e6;
		by_cpu[i] = all.by_cpu / one.by_cpu;
		by_wall[i] = all.by_wall / one.by_wall;
		at_once[i] = all.cpu / TURN_SECONDS;
	}
	print("1 thread", "M/s", "", ones, rounds);
	/* More than two threads compete for shared caches, so there is no threshold. */
	print("all CPUs : 1 thread, by CPU time", "times", threads == 2 ? ">= 1.8" : "",
	      by_cpu, rounds);
	print("all CPUs : 1 thread, by the clock", "times", "", by_wall, rounds);
	print("CPUs that were free", "", "", at_once, rounds);
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
	for (size_t i = 0; i < COUNT(works); i++) {
		work = &works[i];
		measure(threads, figure_rounds(ROUNDS));
		fflush(stdout);
	}
	return 0;
}
