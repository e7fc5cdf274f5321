/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Internal header of the executors.
 *
 *   exec_state.c   prepares and finishes an execution, and receives race reports
 *   exec_call.c    executes one call of a program as calls of page.h
 *   exec_catch.c   makes a fatal call, and catches the report that would end the process
 *   exec_map.c     maps pages, and makes the loads and stores through mappings
 *   exec_user.c    executes calls on user slices, whose memory may be partly unreadable
 *   fiber_set.c    creates and replaces the fibers
 */
#pragma once

#include <stdatomic.h>

#include "harness/util/number.h"
#include "harness/exec/exec.h"
#include "harness/exec/thread_locals.h"
#include "harness/program/program_state.h"
#include "page/page.h"

/* EXEC_GUARD bytes of the value EXEC_GUARD_BYTE are on each side of a buffer that the library writes to. */
#define EXEC_GUARD      16
#define EXEC_GUARD_BYTE 0x5c

/* The largest number of live mappings of one thread; a call that needs more breaks the rule map-overflow. */
#define EXEC_DEPTH 16

/*
 * Converts a number of a program to size_t. If size_t has 32 bits and the number does not fit, the result is
 * one of the NUMBER_SPAN largest values. So the result, like the number, is out of range and close to
 * overflow.
 */
static inline size_t exec_saturate_number_to_size(uint64_t number)
{
	size_t size = (size_t)number;

	return size == number ? size : SIZE_MAX - (NUMBER_SPAN - 1) + size % NUMBER_SPAN;
}

/* A page handle of the program, and the executor's data about the page. */
struct exec_page {
	struct page *page;        /* NULL: the program has not allocated the page */
	unsigned int ref_count;   /* references that the program still has to free */
	uintptr_t canonical_addr; /* canonical address of byte 0, for detectors */
};

/* A mapping handle of the program. The members keep their values after the unmap. */
struct exec_map {
	uint8_t *addr;            /* address of the handle's last mapping; NULL: none so far */
	uintptr_t canonical_addr; /* canonical address of byte 0 of the mapped page */
};

/* A user slice handle of the program, with the slice's memory and the library's reader. */
struct exec_slice {
	uint8_t *user_memory; /* SLICE_RANGE readable bytes, then SLICE_RANGE unreadable bytes */
	uint8_t *slice_start; /* address of byte 0 of the slice, in user_memory */
	size_t readable_size; /* bytes of the slice before its first unreadable byte */
	struct user_slice_reader reader;
};

/* The executor's data of one thread. Detectors would report races if threads shared this data. */
struct exec_thread_state {
	uint8_t *source_buffer; /* PAGE_SIZE bytes, source of writes to pages; a shorter source is at the end,
				   so that AddressSanitizer detects a read beyond it */
	uint8_t *target_buffer; /* destination of reads from pages: guard, PAGE_SIZE bytes, guard */
	struct page_task *task;
	struct page_task *spare_task;    /* used to map a page if `task` already has EXEC_DEPTH mappings */
	struct user_slice_reader reader; /* copy of a slice's reader, during a call of this thread */
	uint8_t live_maps[EXEC_DEPTH];   /* handles of live mappings, oldest first */
	unsigned int live_map_count;
	bool has_called_fail_nth; /* the thread called fail_nth in this program */
};

/* The part of a fiber's log in ThreadSanitizer that contains the accesses of one call. */
struct exec_tsan_log_range {
	uintptr_t from, to; /* log positions before and after the call; 0: unknown */
};

struct exec {
	struct program_state state;
	struct exec_page pages[PROGRAM_PAGES];
	struct exec_map maps[PROGRAM_MAPS];
	struct exec_slice slices[PROGRAM_SLICES];
	struct exec_thread_state thread_states[PROGRAM_THREADS];
	void *fibers[PROGRAM_THREADS];
	const char *fiber_names[PROGRAM_THREADS]; /* of thread_name(), which has coverage counters */
	void *first_fiber;                        /* the fiber that the OS thread had at first */
	struct exec_tsan_log_range tsan_log_ranges[PROGRAM_CALLS];
	struct thread_locals locals; /* thread-local variables of the OS thread that runs all fibers */
	bool is_first_use;           /* no page was allocated in this process before the execution */
	bool runs_on_fibers;         /* the last execution used fibers, not real threads */
	struct exec_options options;
	atomic_flag has_error;
	char error_text[EXEC_ERROR_TEXT]; /* message about the execution's first error; empty: no error */
	struct race_reports race_reports;
	struct exec_caught_call caught_call;
};

/* A call during its execution, and where the executor stores its result and the bytes that it reads. */
struct exec_context {
	struct exec *exec;
	const struct call *call;
	struct exec_thread_state *thread_state;
	struct step *step;         /* exec_call() sets all members except `call` and `log_offset` */
	uint8_t *read_log;         /* exec_call() stores the bytes that the call reads here */
	size_t read_log_size_left; /* number of free bytes at read_log */
	bool must_catch_report;    /* the call is fatal, see exec_call_and_catch_report() */
	bool must_skip;            /* the executor has found that the call is skipped */
	/* The executor's function for a call on a mutex or semaphore that can run without blocking. */
	void (*sync_call)(void *executor, const struct call *call);
	/* The executor's function that runs before the call's result becomes visible to others; may be NULL.
	 */
	void (*before_fill)(void *executor, const struct call *call);
	void *executor; /* the first argument of sync_call() and before_fill() */
};

/* Creates a fiber for each thread of programs. */
void exec_create_fibers(struct exec *exec);

/*
 * Allocates a page, maps it once in each task, and frees it, so that a library creates the data of all tasks.
 * Return: false if the library has no page.
 */
bool exec_use_one_page(struct exec *exec);

/* Resets the state for a new program and starts recording races. */
void exec_reset_and_record_races(struct exec *exec, const struct program *program);

/*
 * Forgets the previous execution's accesses to the library's data (library_race.h), and ignores memory that
 * is not the library's data.
 */
void exec_begin_library_race_detection(const struct exec *exec);

/* Sets the index of the call for later race reports of this OS thread. */
void exec_set_reported_call(size_t call_index);

/*
 * Stores the index of the call for race reports of this OS thread, and runs the option call_hook. A thread
 * must call exec_record_call_and_run_hook() before each exec_call().
 */
void exec_record_call_and_run_hook(struct exec *exec, size_t call_index);

/*
 * Executes the call, or skips the call if the program format requires this, and stores the result in
 * context->step. The library's current task must be the thread's task, except for calls on mutexes or
 * semaphores.
 */
void exec_call(struct exec_context *context);

/*
 * Makes the fatal call, catches its report, and stores it in exec->caught_call. The caller is as for
 * exec_call(), on fibers.
 */
void exec_call_and_catch_report(struct exec_context *context);

/*
 * Ends an execution: unmaps all mappings, stores the live pages in @trace, frees all pages and stops
 * recording races. Only main calls exec_record_pages_and_clean_up().
 */
void exec_record_pages_and_clean_up(struct exec *exec, struct trace *trace);

/* Adds the races that the detector of a guest's kernel has reported to the race reports. */
void exec_add_kernel_races(struct exec *exec);

/* Stores the message of an execution's first error, and drops later messages. Thread-safe. */
void exec_set_first_error(struct exec *exec, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Stores the call's result @library_result; a value other than 0, -EINVAL and -EFAULT is an error. */
void exec_set_result(struct exec_context *context, int library_result);

/* Return: the page of the call's handle argument @n. */
static inline struct page *exec_page_of_call(const struct exec_context *context, unsigned int n)
{
	return context->exec->pages[context->call->handle[n]].page;
}

/* Return: the call's number argument @n, converted to size_t for the library. */
static inline size_t exec_size_argument(const struct exec_context *context, unsigned int n)
{
	return exec_saturate_number_to_size(context->call->number[n]);
}

/* Copies bytes that the call has read to context->read_log, as far as the log has space. */
void exec_store_read_bytes_truncated(struct exec_context *context, const void *bytes, size_t len);

/* Copies bytes at an address in a mapping; no detector sees the read. */
void exec_copy_from_mapping(void *target, const void *addr, size_t len);

/* One function executes the plain and the atomic variant of a call. */
#define exec_read_bytewise_atomic  exec_read_raw
#define exec_write_bytewise_atomic exec_write_raw
#define exec_load_atomic           exec_load
#define exec_store_atomic          exec_store
/* One function executes all calls on mutexes and semaphores. */
#define exec_lock   exec_sync
#define exec_unlock exec_sync
#define exec_post   exec_sync
#define exec_wait   exec_sync

/* exec_NAME() executes the call NAME of ops.def, and stores no result if the call has none. */
#define OP(name, ...) void exec_##name(struct exec_context *context);
#include "harness/program/ops.def"

/* Maps the memory of all user slices. Return: false without memory. */
bool exec_user_memory_init(struct exec *exec);
void exec_user_memory_destroy(struct exec *exec);
