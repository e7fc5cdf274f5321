/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Stress tests: real threads use pages for a long time, like the kernel's torture tests.
 *
 * A pattern is one file: a table of operations with weights, the bugs to plant, what it needs at
 * the start, and what must hold at the end. The core (core.h) has everything else: options,
 * threads, statistics, reports of ThreadSanitizer, pressure, the result.
 *
 * The core does not order threads between their start and their end: its flags are relaxed, and
 * each counter belongs to one thread. A pattern that needs order makes it itself.
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

/* Makes the compiler assume that a result is used. */
#define STRESS_USED(p) __asm__ volatile("" : : "r"(p) : "memory")

struct stress_thread;
struct message;

/* A bug planted on purpose, as in rcutorture: with it the test must fail, or it tests nothing. */
struct stress_busted {
	const char *name;
	const char *about;
	bool needs_tsan; /* only ThreadSanitizer can find it */
};

/* A kind of operation. */
struct stress_kind {
	const char *name; /* NULL ends the table */
	unsigned int weight;
	void (*run)(struct stress_thread *self); /* makes one operation; NULL: work() makes all of
						  * them */
	const char *call; /* its call in a page program; NULL: there is none */
};

struct stress_pattern {
	const char *name;
	const char *about;
	unsigned int threads_min;
	gfp_t gfp; /* flags of run->page; 0: the pattern allocates its own pages */
	/*
	 * The regions of the page in which ThreadSanitizer must report a race, ended by NULL.
	 * Without a table no race is expected.
	 */
	const char *const *race_regions;
	const struct stress_kind *kinds;
	/*
	 * Entry 0 is the correct test, entry 1 is what --busted alone means; a NULL name ends the
	 * table.
	 */
	const struct stress_busted *busted;
	bool bare; /* can run without the library, for comparison (--bare) */

	/* On the main thread, before any other thread runs. May be NULL. */
	void (*start)(struct stress_thread *first);
	/*
	 * On each thread, until stress_continue() returns false. NULL: draw operations by weight.
	 */
	void (*work)(struct stress_thread *self);
	/* On the main thread, after all other threads. May be NULL. */
	void (*finish)(struct stress_thread *first);
	/*
	 * Adds details to a failure report, for example which page. May be NULL. Other threads
	 * still run: it must read without order, and may be called in a signal handler.
	 */
	void (*state)(struct message *message, const struct stress_thread *self);
};

/* Values of --fail-alloc, --fail-copy, --memory and --forks; 0: off. */
struct stress_pressure {
	unsigned int fail_alloc, fail_copy; /* percent */
	unsigned int memory;		    /* MiB above the memory at the start */
	unsigned int forks;		    /* threads that fork and exec */
};

struct stress_run {
	const struct stress_pattern *pattern;
	const char *command; /* path of this program, quoted for a shell */
	const char *backend, *copy;
	unsigned int threads;
	unsigned int busted;	/* index into pattern->busted */
	bool pin, delays, bare;
	uint64_t stutter;	/* milliseconds of work and of rest, alternately; 0: no rest */
	struct stress_pressure pressure;
	uint64_t ops;		/* of each thread; 0: no limit */
	uint64_t seconds;	/* 0: no limit */
	uint64_t stat_interval; /* seconds; 0: statistics at the end only */
	uint64_t seed;
	struct page *page;
	uintptr_t page_address;

	_Alignas(STRESS_CACHE_LINE) atomic_bool go;
	atomic_bool stop, rest;
	atomic_int signal; /* signal that requested the end; 0: none */
	atomic_uint done;  /* threads that have ended */
	atomic_uint reported;  /* failures printed in full */
};

struct stress_op {
	unsigned int kind;
	unsigned int page; /* a number that the pattern chooses */
	size_t off, len;
	unsigned char value;
};

struct stress_thread {
	/* Written by the thread, read by the statistics, with relaxed order. */
	_Alignas(STRESS_CACHE_LINE) atomic_ulong kinds[STRESS_KINDS_MAX];
	atomic_ulong failures;
	atomic_ulong refused; /* refused allocations and copies, under pressure */

	/* Only this thread uses the rest. */
	_Alignas(STRESS_CACHE_LINE) struct stress_run *run;
	unsigned int index;
	uint64_t random;
	uint64_t ops;
	uint32_t points; /* delay points that this operation has passed */
	struct stress_op last[STRESS_LAST_OPS];
};

/* The main program: main() of a pattern calls it and returns its result. */
int stress_main(const struct stress_pattern *pattern, int argc, char **argv);

/* Return: the data of thread number @index. */
struct stress_thread *stress_thread(unsigned int index);

/* ---- chance ---- */

/* Return: a hash of @x (splitmix64's finaliser), to derive seeds from a seed. */
uint64_t stress_hash(uint64_t x);

/* Return: the next number of a splitmix64 sequence, in 0 .. @below - 1. */
size_t stress_random(uint64_t *state, size_t below);

/* The same with the thread's own sequence. */
size_t stress_thread_random(struct stress_thread *self, size_t below);

/* ---- operations ---- */

/* Return: whether this thread has time and operations left. Sleeps while all threads rest. */
bool stress_continue(const struct stress_thread *self);

/*
 * Return: whether enough races were reported in the region of byte @off. A report takes as long as
 * a thousand operations.
 */
bool stress_has_enough_races(size_t off);

/* Counts an operation that is about to start, and stores it for reports. */
void stress_begin_op(struct stress_thread *self, const struct stress_op *op);

/* Updates the stored operation once its details are known. */
void stress_set_op(struct stress_thread *self, size_t page, size_t off, size_t len,
		   unsigned char value);

/* Gives other threads time to run, where a planted bug needs an interleaving. */
void stress_widen_window(struct stress_thread *self);

/* ---- pressure ---- */

/* Return: whether allocations, or copies of user memory, may fail. */
bool stress_alloc_may_fail(const struct stress_thread *self);
bool stress_copy_may_fail(const struct stress_thread *self);

/* Counts a refused call; without pressure (@may is false) it is a failure. */
void stress_count_refused(struct stress_thread *self, const char *call, bool may);

/* Calls page_alloc(). Return: NULL only under pressure, or after a reported failure. */
struct page *stress_alloc(struct stress_thread *self, gfp_t gfp);

/* The same for pages that a pattern needs: exits if the allocation fails. */
struct page *stress_alloc_or_exit(gfp_t gfp);

/* ---- failures ---- */

/*
 * Reports a failure in one sentence. The first few are printed with the pattern's state, the last
 * operations and the command that runs the test again.
 */
void stress_fail(struct stress_thread *self, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

/* Fails unless @error, the result of @call, is 0. */
void stress_expect_ok(struct stress_thread *self, const char *call, int error);

/* Fails unless @found, the result of @call, is @wanted. */
void stress_expect(struct stress_thread *self, const char *call, int found, int wanted);

/* Fails unless a final count of @what, @found, is @wanted. */
void stress_expect_count(struct stress_thread *self, const char *what, unsigned long found,
			 unsigned long wanted);

#endif
