/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Stress tests: real threads use pages for a long time, like the kernel's torture tests.
 *
 * A scenario is a typical caller of the library: a table of operations with weights, the bugs that
 * it can inject, what it needs at the start, and what must hold at the end. The core (core.h) has
 * everything else: options, threads, statistics, reports of ThreadSanitizer, pressure, the result.
 *
 * The core does not order threads between their start and their end: its flags are relaxed, and
 * each counter belongs to one thread. A scenario that needs order makes it itself.
 */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "harness/util/random.h"
#include "page/page.h"

#define STRESS_THREADS_MAX    256
#define STRESS_OPERATIONS_MAX 8
#define STRESS_LAST_RECORDS   8
#define STRESS_CACHE_LINE     64
#define STRESS_REGION_SIZE    512
#define STRESS_REGIONS        (PAGE_SIZE / STRESS_REGION_SIZE)

struct stress_thread;
struct span;

/* A bug made on purpose (--busted): with it the test must fail, or its checks find nothing. */
struct stress_bug {
	const char *scenario, *name, *effect;
	/* When a check finds the bug. BY_TSAN: at the end, only in a build with ThreadSanitizer. */
	enum bug_detection { DURING_RUN, AT_END, BY_TSAN } detection;
};

enum stress_threads { ALL_THREADS, EVEN_THREADS, ODD_THREADS };

/* Either @run is set, or @pick, which picks bytes of the thread (owned.h), and @access. */
struct stress_operation {
	const char *name;
	unsigned int weight;
	void (*run)(struct stress_thread *self);
	struct span (*pick)(struct stress_thread *self);
	void (*access)(struct stress_thread *self, struct span span);
	const char *page_call;       /* the same call in a page program; NULL: there is none */
	enum stress_threads threads; /* those that run it */
};

/* How owned bytes are divided into pieces (owned.h). All 0: the scenario has no owned bytes. */
struct owned_layout {
	size_t piece_size;              /* OWNED_MIXED: one page with pieces of different sizes */
	unsigned int pieces_per_thread; /* 0 for OWNED_MIXED */
	unsigned int copies;            /* of all bytes, each in pages of its own */
	/* For bytes in a buffer: page_buffer_alloc(), _free() and page_borrow(); else NULL. */
	void *(*alloc_buffer)(size_t size);
	void (*free_buffer)(void *buffer);
	struct page *(*borrow)(const void *addr);
};

/* A region of a page in which ThreadSanitizer must report a race. A NULL name ends the table. */
struct stress_race_region {
	const char *name;
	unsigned int write_operation, read_operation;
};

struct stress_scenario {
	unsigned int threads_min; /* 0: one */
	gfp_t gfp;                /* flags of current_run.page; 0: the scenario does not use it */
	struct owned_layout layout;
	/* Regions at the beginning of current_run.page. Without a table no race is expected. */
	const struct stress_race_region *race_regions;
	struct stress_operation operations[STRESS_OPERATIONS_MAX]; /* a NULL name ends them */
	bool can_run_bare; /* without the library, for comparison (--bare) */

	/*
	 * On the main thread, for each thread: before the threads run, and after all have ended;
	 * and once at the end, for the first thread. Each may be NULL.
	 */
	void (*prepare_thread)(struct stress_thread *self);
	void (*finish_thread)(struct stress_thread *self);
	void (*finish)(struct stress_thread *first);
};

struct stress_run {
	const char *name, *summary; /* of the scenario */
	const struct stress_scenario *scenario;

	/* Options; 0 or false: off, or no limit. */
	unsigned int thread_count;
	uint64_t operation_limit; /* of each thread */
	unsigned int seconds;
	uint64_t seed;
	unsigned int statistics_seconds; /* between two lines of statistics */
	const char *backend, *copy_method;
	bool must_pin_threads, must_delay_threads, is_bare;
	unsigned int stutter_msec; /* all threads work so long and rest so long, in turn */
	unsigned int fail_alloc_percent, fail_copy_percent;
	unsigned int memory_mib; /* above the memory at the start */
	unsigned int fork_threads;
	const struct stress_bug *injected_bug; /* or NULL */

	struct page *page;
	uintptr_t page_address;

	_Alignas(STRESS_CACHE_LINE) atomic_bool has_begun;
	atomic_bool must_stop, must_rest;
	atomic_int stop_signal; /* the signal that requested the end; 0: none */
	atomic_uint ended_threads;
	atomic_uint reported_failures;
};

/* An operation that a thread has run, for reports. */
struct stress_record {
	unsigned int operation;
	unsigned int page_number; /* the scenario chooses it */
	size_t off, len;
	unsigned char byte_value;
};

struct stress_thread {
	/* Written by the thread, read by the statistics, with relaxed order. */
	_Alignas(STRESS_CACHE_LINE) atomic_ulong operation_counts[STRESS_OPERATIONS_MAX];
	atomic_ulong failure_count;
	atomic_ulong refused_count; /* refused allocations and copies, under pressure */

	/* Only this thread uses the rest. */
	_Alignas(STRESS_CACHE_LINE) unsigned int thread_index;
	uint64_t random_state;
	uint64_t tag_generation;
	long unfreed_pages; /* pages that this thread allocated, less those that it freed */
	uint64_t operation_count;
	unsigned int delay_points; /* that this operation has passed */
	struct stress_record last_records[STRESS_LAST_RECORDS];
};

/* Accesses that order no threads. */
#define load_relaxed(object)         atomic_load_explicit(object, memory_order_relaxed)
#define store_relaxed(object, value) atomic_store_explicit(object, value, memory_order_relaxed)
#define add_relaxed(object, value)   atomic_fetch_add_explicit(object, value, memory_order_relaxed)

extern struct stress_run current_run;
extern struct stress_thread threads[STRESS_THREADS_MAX];

/* Return: whether the run injects the bug of this name. */
static inline bool stress_has_bug(const char *name)
{
	return current_run.injected_bug && !strcmp(current_run.injected_bug->name, name);
}

/* Return: a hash of @x, to derive seeds from a seed. */
static inline uint64_t stress_hash(uint64_t x)
{
	return random_next(&x);
}

/* Return: the next number of the thread's random sequence, in 0 .. @below - 1. */
static inline uint32_t stress_pick_number(struct stress_thread *self, size_t below)
{
	return random_below(&self->random_state, below);
}

/* Return: the record of the operation that runs. */
struct stress_record *stress_get_current_record(struct stress_thread *self);

/* Stores in that record what the operation accesses. */
void stress_record_access(struct stress_thread *self, size_t page_number, size_t off, size_t len,
			  unsigned char value);

/* Gives other threads time to run, where an injected bug needs an interleaving. */
void stress_widen_window(void);

/*
 * Return: whether enough races were reported in the region of byte @off. A report takes as long as
 * a thousand operations.
 */
bool stress_has_enough_races(size_t off);

/* ---- pages, and pressure on them ---- */

/* Counts a refused allocation; without pressure it is a failure. */
void stress_count_refused_alloc(struct stress_thread *self, const char *call);

/* Return: whether @error of a copy of user memory is due to pressure; then the copy is counted. */
bool stress_count_if_refused_copy(struct stress_thread *self, int error);

/*
 * Calls page_alloc(), and counts the page: it must be freed by stress_free_page() until the end.
 * Return: NULL only under pressure, or after a reported failure.
 */
struct page *stress_alloc_page(struct stress_thread *self, gfp_t gfp);
void stress_free_page(struct stress_thread *self, struct page *page);

/* Allocates a page that a scenario needs from its start; exits if the allocation fails. */
struct page *stress_alloc_page_or_exit(gfp_t gfp);

/* Return: zeroed memory, never NULL. */
void *stress_allocate_memory_or_exit(size_t count, size_t size);

/* Prints "scenario: !!! expected WHAT: ERROR" and exits. */
_Noreturn void stress_exit_with_failure(const char *what, int error);

/* ---- failures ---- */

/*
 * Reports a failure in one sentence. The first few are printed with the last operations and the
 * command that runs the test again.
 */
void stress_fail(struct stress_thread *self, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

/* Return: how many bytes at the beginning of the range are 0. */
size_t stress_count_zeros(struct stress_thread *self, struct page *page, size_t off, size_t len);

/* Fails unless @found, a count or the result of a call, is @expected. */
void stress_expect(struct stress_thread *self, const char *what, long found, long expected);

/* Call page_read_raw(), page_write_raw() and page_fill_zero(), and fail unless they succeed. */
void stress_read_page(struct stress_thread *self, struct page *page, void *to, size_t off,
		      size_t len);
void stress_write_page(struct stress_thread *self, struct page *page, const void *from, size_t off,
		       size_t len);
void stress_zero_page(struct stress_thread *self, struct page *page, size_t off, size_t len);

#endif
