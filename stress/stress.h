/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Stress tests: real threads use pages for a long time, like the kernel's torture tests.
 *
 * A scenario is a typical caller of the library: a table of operations with weights, and functions for the
 * start and the end of a run. The core (core.h) has everything else: options, threads,
 * statistics, race reports, pressure (failing calls, a memory limit, forks, delays) and the result.
 *
 * The core does not order threads between their start and their end: the core's flags are relaxed, and each
 * counter belongs to one thread. A scenario that needs an order of its threads must synchronise them itself.
 */
#pragma once

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
struct file_span;

/* An injected bug (--busted): a run with the bug must fail, which proves that the checks detect it. */
struct stress_bug {
	const char *scenario, *name, *effect;
	/* When the bug is detected. BY_TSAN: at the end of a run, only in a build with ThreadSanitizer. */
	enum bug_detection { DURING_RUN, AT_END, BY_TSAN } detection;
};

/* The threads that run an operation: all threads, or those with an even or odd index. */
enum operation_threads { ALL_THREADS, EVEN_THREADS, ODD_THREADS };

/*
 * Ways to access owned bytes (owned.h): by page_read_raw() and page_write_raw(), through a mapping, or
 * by memcpy(), in a page buffer or, with --bare, in heap memory.
 */
enum access_kind { BY_CALL, BY_MAPPING, BY_ADDRESS };

/*
 * An operation calls @run or, if @run is NULL, one of @access and @access_by with a span of the thread's
 * own bytes (owned.h), which @pick picks.
 */
struct stress_operation {
	const char *name;
	unsigned int weight; /* relative probability that a thread chooses this operation */
	void (*run)(struct stress_thread *self);
	struct file_span (*pick)(struct stress_thread *self);
	void (*access)(struct stress_thread *self, struct file_span span);
	void (*access_by)(struct stress_thread *self, struct file_span span, enum access_kind kind);
	enum access_kind kind; /* an argument of @access_by */
	const char *page_call; /* the same call in a page program; NULL: no such call */
	enum operation_threads threads;
};

/* The division of owned bytes into pieces (owned.h). All members 0: the scenario has no owned bytes. */
struct owned_layout {
	size_t piece_size;              /* OWNED_MIXED: one page with pieces of different sizes */
	unsigned int pieces_per_thread; /* 0 for OWNED_MIXED */
	unsigned int copy_count;        /* number of copies of the file, each in pages of its own */
	/* page_buffer_alloc(), page_buffer_free(), page_borrow() if the file is in a buffer, else NULL. */
	void *(*alloc_buffer)(size_t size);
	void (*free_buffer)(void *buffer);
	struct page *(*borrow)(const void *addr);
};

/* A region of the common page in which ThreadSanitizer must report a race. A NULL name ends a table. */
struct stress_race_region {
	const char *name;
	unsigned int write_operation, read_operation; /* indices of the two operations that race */
};

struct stress_scenario {
	unsigned int min_thread_count; /* 0: one */
	gfp_t gfp;                     /* flags of the common page; 0: the scenario does not use the page */
	struct owned_layout layout;
	/* The regions at the beginning of the common page; NULL if the scenario has no expected race. */
	const struct stress_race_region *race_regions;
	struct stress_operation operations[STRESS_OPERATIONS_MAX]; /* a NULL name ends the table */
	bool can_run_bare; /* can copy bytes by memcpy() without the page library (--bare) */

	/*
	 * The main thread calls prepare_thread() for each thread before the threads run, finish_thread()
	 * for each thread after all threads ended, then finish() once. Each callback may be NULL.
	 */
	void (*prepare_thread)(struct stress_thread *self);
	void (*finish_thread)(struct stress_thread *self);
	void (*finish)(struct stress_thread *first);
};

struct stress_run {
	const char *name, *summary; /* of the scenario */
	const struct stress_scenario *scenario;

	/* Values of options. 0 or false: the option is off, or sets no limit. */
	unsigned int thread_count;
	uint64_t operation_limit; /* operations of each thread */
	unsigned int time_limit_seconds;
	uint64_t seed;
	unsigned int statistics_interval_seconds; /* time between two lines of statistics */
	const char *backend, *copy_method;
	bool must_pin_threads, must_delay_threads;
	bool is_bare;              /* --bare: memcpy() replaces the page library */
	unsigned int stutter_msec; /* all threads run for this time, pause for this time, and repeat */
	unsigned int fail_alloc_percent, fail_copy_percent;
	unsigned int memory_limit_mib; /* additional address space that the run may use */
	unsigned int fork_thread_count;
	const struct stress_bug *injected_bug; /* or NULL */

	struct page *common_page;      /* one page, which all threads share */
	uintptr_t common_page_address; /* the canonical address of common_page */

	_Alignas(STRESS_CACHE_LINE) atomic_bool may_threads_begin;
	atomic_bool must_threads_stop, must_threads_rest;
	atomic_int stop_signal; /* the signal that requested the end of the run; 0: none */
	atomic_uint ended_thread_count;
	atomic_uint reported_failure_count;
};

/* For failure reports: an operation that a thread has begun, and the bytes that the operation accesses. */
struct stress_record {
	unsigned int operation_index;
	unsigned int page_number; /* page, slot or owner of user memory, as the scenario counts */
	size_t off, len;
	unsigned char byte_value; /* first byte that is written, or a number that identifies the bytes */
};

struct stress_thread {
	/* The thread writes these counters, and the statistics read the counters, with relaxed order. */
	_Alignas(STRESS_CACHE_LINE) atomic_ulong operation_counts[STRESS_OPERATIONS_MAX];
	atomic_ulong failure_count;
	atomic_ulong refused_count; /* allocations and copies that pressure made fail */

	/* Only this thread uses the following members. */
	_Alignas(STRESS_CACHE_LINE) unsigned int thread_index;
	uint64_t random_state;
	uint64_t last_tag_generation; /* number of tags that the thread has made (tagged.h) */
	long unfreed_page_count;      /* pages allocated less pages freed by this thread */
	uint64_t begun_operation_count;
	unsigned int passed_delay_points; /* in the current operation */
	struct stress_record last_records[STRESS_LAST_RECORDS];
};

/* Atomic accesses that do not order threads. */
#define load_relaxed(object)         atomic_load_explicit(object, memory_order_relaxed)
#define store_relaxed(object, value) atomic_store_explicit(object, value, memory_order_relaxed)
#define add_relaxed(object, value)   atomic_fetch_add_explicit(object, value, memory_order_relaxed)

extern struct stress_run current_run;
extern struct stress_thread threads[STRESS_THREADS_MAX];

/* Return: whether this run injects the bug @bug_name. */
static inline bool stress_injects_bug(const char *bug_name)
{
	return current_run.injected_bug && !strcmp(current_run.injected_bug->name, bug_name);
}

/* Return: a hash of @number, for example to derive several seeds from one seed. */
static inline uint64_t stress_hash(uint64_t number)
{
	return random_next(&number);
}

/* Return: the next number of the thread's random sequence, which is less than @below. */
static inline uint32_t stress_pick_number(struct stress_thread *self, size_t below)
{
	return random_below(&self->random_state, below);
}

/* Return: the record of the operation that the thread is running. */
struct stress_record *stress_get_current_record(struct stress_thread *self);

/* Stores the bytes that the operation accesses in the thread's current record. */
void stress_record_access(struct stress_thread *self, size_t page_number, size_t off, size_t len,
			  unsigned char byte_value);

/* Yields and waits in the middle of an injected bug, so that other threads run at that moment. */
void stress_let_other_threads_run(void);

/*
 * Return: whether enough races were reported in the region of the common page that contains @page_off.
 * Further reports are avoided, because a race report takes as long as a thousand operations.
 */
bool stress_has_enough_races_in_region(size_t page_off);

/* ---- pages, and pressure on them ---- */

/* Counts an allocation that failed, and reports a failure unless an option makes allocations fail. */
void stress_count_and_check_refused_call(struct stress_thread *self, const char *call_name);

/* Counts a user copy if its result @error is due to --fail-copy. Return: whether the copy was counted. */
bool stress_count_if_refused_copy(struct stress_thread *self, int error);

/*
 * Calls page_alloc(), and counts the page, which stress_free_page() must free before the end of the run.
 * Return: NULL only if pressure made the call fail, or after a reported failure.
 */
struct page *stress_alloc_page(struct stress_thread *self, gfp_t gfp);
void stress_free_page(struct stress_thread *self, struct page *page);

/* Allocates a page that a scenario needs from its start; exits if the allocation fails. */
struct page *stress_alloc_page_or_exit(gfp_t gfp);

/* Return: zeroed memory, never NULL. */
void *stress_allocate_memory_or_exit(size_t count, size_t size);

/* Prints "scenario: !!! expected EXPECTED: ERROR" and exits. */
_Noreturn void stress_exit_with_failure(const char *expected, int error);

/* ---- failures ---- */

/*
 * Counts a failure; the run continues. Prints each of the first few failures: the sentence of @format, the
 * last operations, and the command that runs the test again.
 */
void stress_report_failure(struct stress_thread *self, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Reads a range of the page. Return: the number of zero bytes at the start of the range. */
size_t stress_count_leading_zero_bytes(struct stress_thread *self, struct page *page, size_t off, size_t len);

/* Reports a failure unless @found, a count or the result of a call, equals @expected. @what names it. */
void stress_expect_equal(struct stress_thread *self, const char *what, long found, long expected);

/* Call page_read_raw(), page_write_raw() and page_fill_zero(), and report a failure unless they succeed. */
void stress_read_page(struct stress_thread *self, struct page *page, void *to, size_t off, size_t len);
void stress_write_page(struct stress_thread *self, struct page *page, const void *from, size_t off,
		       size_t len);
void stress_zero_page(struct stress_thread *self, struct page *page, size_t off, size_t len);
