/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Real threads on one page, in the manner of the kernel's torture tests.
 *
 * A pattern is one file: a table of its kinds of operation, the ways to break it
 * on purpose, and the loop of one thread. What is the same for all of them is in
 * stress.c: options, threads, statistics, the reports of ThreadSanitizer, verdict.
 *
 * Threads get no order from here between the moment they start and the moment they
 * end: the flags they look at are relaxed, counters belong to one thread each. A
 * pattern that wants order makes it itself.
 */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "page/page.h"

#define STRESS_THREADS_MAX 256
#define STRESS_KINDS_MAX   8
#define STRESS_LAST_OPS    8
#define STRESS_CACHE_LINE  64
#define STRESS_REGION_SIZE 512
#define STRESS_REGIONS	   (PAGE_SIZE / STRESS_REGION_SIZE)

struct stress_thread;

/* A bug planted on purpose: with it the test must fail, or it tests nothing. */
struct stress_busted {
	const char *name;
	const char *about;
	bool needs_tsan; /* nothing but ThreadSanitizer could see it */
};

struct stress_pattern {
	const char *name;
	const char *about;
	unsigned int threads_min;
	gfp_t gfp;
	/*
	 * Where races are expected: ThreadSanitizer must see one in each region of the
	 * page that has a name here, at its index; a NULL ends. No table: none anywhere.
	 */
	const char *const *race_regions;
	const char *kinds[STRESS_KINDS_MAX]; /* kinds of operation; those left over are NULL */
	/* Entry 0 is the healthy test, 1 what a plain --busted means; a NULL name ends. */
	const struct stress_busted *busted;

	/* On the main thread, before any other thread runs. May be NULL. */
	void (*start)(struct stress_thread *first);
	/* On each thread. Returns when stress_more() says no. */
	void (*work)(struct stress_thread *self);
	/* On the main thread, after all other threads. May be NULL. */
	void (*finish)(struct stress_thread *first);
};

struct stress_run {
	const struct stress_pattern *pattern;
	const char *command; /* the program as it was called */
	unsigned int threads;
	unsigned int busted;	/* index into pattern->busted */
	uint64_t ops;		/* of each thread; 0: no limit */
	uint64_t seconds;	/* 0: no limit */
	uint64_t stat_interval; /* seconds; 0: statistics at the end only */
	uint64_t seed;
	struct page *page;
	uintptr_t page_address;

	_Alignas(STRESS_CACHE_LINE) atomic_bool go;
	atomic_bool stop;
	atomic_uint done; /* threads */
	atomic_uint told; /* failures printed in full */
};

struct stress_op {
	unsigned int kind;
	size_t off, len;
	unsigned char value;
};

struct stress_thread {
	/* Written by the thread, read by the statistics: relaxed. */
	_Alignas(STRESS_CACHE_LINE) atomic_ulong kinds[STRESS_KINDS_MAX];
	atomic_ulong failures;

	/* The thread's own. */
	_Alignas(STRESS_CACHE_LINE) struct stress_run *run;
	unsigned int index;
	uint64_t random;
	uint64_t ops;
	struct stress_op last[STRESS_LAST_OPS];
};

/* The whole program: main() of a pattern calls it and returns what it returns. */
int stress_main(const struct stress_pattern *pattern, int argc, char **argv);

/* A good hash of @x (splitmix64's finaliser): for seeds of seeds. */
uint64_t stress_mix(uint64_t x);

/* The next number of a splitmix64 sequence, 0 .. @below - 1. */
size_t stress_random(uint64_t *state, size_t below);

/* Is there time, and are there operations left, for this thread? */
bool stress_more(const struct stress_thread *self);

/*
 * Where races are expected: were so many reported in the region of byte @off that more
 * of them teach nothing? A report takes as long as a thousand operations.
 */
bool stress_raced_enough(size_t off);

/* One operation is about to be done: counts it and remembers it for a report. */
void stress_count(struct stress_thread *self, const struct stress_op *op);

/*
 * The test failed: what was found, in one sentence. The first few are printed with
 * the thread's last operations and the command that runs the test again.
 */
void stress_fail(struct stress_thread *self, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

/* @error came back from @call, which had no reason to fail. */
void stress_expect_ok(struct stress_thread *self, const char *call, int error);

#endif
