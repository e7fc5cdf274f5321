/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Real threads on pages for a long time, in the manner of the kernel's torture tests.
 *
 * A pattern is one file: a table of its kinds of operation with their weights, the ways
 * to break it on purpose, what it needs at its start, what must hold at its end. What is
 * the same for all of them is in the core (core.h): options, threads, statistics, the
 * reports of ThreadSanitizer, pressure, verdict.
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

/* Of a result that nobody looks at: to the compiler somebody might. */
#define STRESS_USED(p) __asm__ volatile("" : : "r"(p) : "memory")

struct stress_thread;
struct message;

/* A bug planted on purpose: with it the test must fail, or it tests nothing. */
struct stress_busted {
	const char *name;
	const char *about;
	bool needs_tsan; /* nothing but ThreadSanitizer could see it */
};

/* A kind of operation. */
struct stress_kind {
	const char *name; /* NULL ends the table */
	unsigned int weight;
	void (*run)(struct stress_thread *self); /* one operation; NULL: work() does them */
	const char *call; /* what a page program calls it; NULL: it has no such call */
};

struct stress_pattern {
	const char *name;
	const char *about;
	unsigned int threads_min;
	gfp_t gfp; /* of run->page; 0: the pattern has pages of its own */
	/*
	 * Where races are expected: ThreadSanitizer must see one in each region of the
	 * page that has a name here, at its index; a NULL ends. No table: none anywhere.
	 */
	const char *const *race_regions;
	const struct stress_kind *kinds;
	/* Entry 0 is the healthy test, 1 what a plain --busted means; a NULL name ends. */
	const struct stress_busted *busted;
	bool bare; /* it can do without the library, to be compared with that */

	/* On the main thread, before any other thread runs. May be NULL. */
	void (*start)(struct stress_thread *first);
	/* On each thread, until stress_continue() says no. NULL: kinds by their weights. */
	void (*work)(struct stress_thread *self);
	/* On the main thread, after all other threads. May be NULL. */
	void (*finish)(struct stress_thread *first);
	/*
	 * What a reader of a failure wants to know: which page, whose. May be NULL. Other
	 * threads still run: reads without order, and may be called in a signal handler.
	 */
	void (*state)(struct message *message, const struct stress_thread *self);
};

/* What --fail-alloc, --fail-copy, --memory and --forks ask for; 0: not. */
struct stress_pressure {
	unsigned int fail_alloc, fail_copy; /* percent */
	unsigned int memory;		    /* MiB more than at the start */
	unsigned int forks;		    /* threads that fork and exec */
};

struct stress_run {
	const struct stress_pattern *pattern;
	const char *command; /* the path of this program, quoted for a shell */
	const char *backend, *copy;
	unsigned int threads;
	unsigned int busted;	/* index into pattern->busted */
	bool pin, delays, bare;
	uint64_t stutter;	/* milliseconds of work and of rest; 0: no rest */
	struct stress_pressure pressure;
	uint64_t ops;		/* of each thread; 0: no limit */
	uint64_t seconds;	/* 0: no limit */
	uint64_t stat_interval; /* seconds; 0: statistics at the end only */
	uint64_t seed;
	struct page *page;
	uintptr_t page_address;

	_Alignas(STRESS_CACHE_LINE) atomic_bool go;
	atomic_bool stop, rest;
	atomic_int signal; /* that asked for an end; 0: none */
	atomic_uint done;  /* threads */
	atomic_uint told;  /* failures printed in full */
};

struct stress_op {
	unsigned int kind;
	unsigned int page; /* a number of the pattern's own */
	size_t off, len;
	unsigned char value;
};

struct stress_thread {
	/* Written by the thread, read by the statistics: relaxed. */
	_Alignas(STRESS_CACHE_LINE) atomic_ulong kinds[STRESS_KINDS_MAX];
	atomic_ulong failures;
	atomic_ulong refused; /* allocations and copies, under pressure */

	/* The thread's own. */
	_Alignas(STRESS_CACHE_LINE) struct stress_run *run;
	unsigned int index;
	uint64_t random;
	uint64_t ops;
	uint32_t points; /* scheduling points passed in this operation */
	struct stress_op last[STRESS_LAST_OPS];
};

/* The whole program: main() of a pattern calls it and returns what it returns. */
int stress_main(const struct stress_pattern *pattern, int argc, char **argv);

/* Thread number @index, of those that run or will. */
struct stress_thread *stress_thread(unsigned int index);

/* ---- chance ---- */

/* A good hash of @x (splitmix64's finaliser): for seeds of seeds. */
uint64_t stress_hash(uint64_t x);

/* The next number of a splitmix64 sequence, 0 .. @below - 1. */
size_t stress_random(uint64_t *state, size_t below);

/* The same, out of the thread's own sequence. */
size_t stress_thread_random(struct stress_thread *self, size_t below);

/* ---- operations ---- */

/* Is there time, and are there operations left, for this thread? Rests if all do. */
bool stress_continue(const struct stress_thread *self);

/*
 * Where races are expected: were so many reported in the region of byte @off that more
 * of them teach nothing? A report takes as long as a thousand operations.
 */
bool stress_has_enough_races(size_t off);

/* One operation is about to be done: counts it and remembers it for a report. */
void stress_begin_op(struct stress_thread *self, const struct stress_op *op);

/* What the operation that runs is about, once it knows. */
void stress_set_op(struct stress_thread *self, size_t page, size_t off, size_t len,
		   unsigned char value);

/* Time for others, where a planted bug wants them to come between. */
void stress_widen_window(struct stress_thread *self);

/* ---- pressure ---- */

/* Are allocations, or copies of user memory, made to fail? */
bool stress_alloc_may_fail(const struct stress_thread *self);
bool stress_copy_may_fail(const struct stress_thread *self);

/* Counts something that was refused under pressure; without pressure that is a failure. */
void stress_count_refused(struct stress_thread *self, const char *call, bool may);

/* page_alloc(); NULL only under pressure, or after a failure was told. */
struct page *stress_alloc(struct stress_thread *self, gfp_t gfp);

/* The same, for what a pattern cannot do without: ends the program. */
struct page *stress_alloc_or_exit(gfp_t gfp);

/* ---- failures ---- */

/*
 * The test failed: what was found, in one sentence. The first few are printed with the
 * state of the pattern, the last operations and the command that runs the test again.
 */
void stress_fail(struct stress_thread *self, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

/* @error came back from @call, which had no reason to fail. */
void stress_expect_ok(struct stress_thread *self, const char *call, int error);

/* @found came back from @call, where @wanted is right. */
void stress_expect(struct stress_thread *self, const char *call, int found, int wanted);

/* The end of a pattern whose account must balance: @found of @what, where @wanted is right. */
void stress_expect_count(struct stress_thread *self, const char *what, unsigned long found,
			 unsigned long wanted);

#endif
