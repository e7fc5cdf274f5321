/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Internal to the executors.
 *
 *   exec_state.c   prepares and finishes an execution, and receives race reports
 *   exec_call.c    makes one call of a program as calls of page.h
 *   exec_map.c     maps pages, and makes the loads and stores through mappings
 *   exec_user.c    user memory with bytes that cannot be read
 */
#pragma once

#include <stdatomic.h>

#include "harness/util/number.h"
#include "harness/exec/exec.h"
#include "harness/exec/thread_locals.h"
#include "harness/program/program_state.h"
#include "page/page.h"

/* Each side of a buffer that the library writes to has EXEC_GUARD guard bytes of this value. */
#define EXEC_GUARD      16
#define EXEC_GUARD_BYTE 0x5c

/* The largest number of live mappings of one thread; one more mapping is a fatal call. */
#define EXEC_DEPTH 16

/*
 * Converts a number of a program to size_t. If size_t has 32 bits and the number does not fit, the
 * result is one of the highest values: out of range and close to overflow, as the number.
 */
static inline size_t exec_saturate_number_to_size(uint64_t number)
{
	size_t size = (size_t)number;

	return size == number ? size : SIZE_MAX - (NUMBER_SPAN - 1) + size % NUMBER_SPAN;
}

/* A page handle of the program, with the executor's data of the page. */
struct exec_page {
	struct page *page;        /* NULL: the program has not allocated it */
	unsigned int ref_count;   /* references that the program still has to free */
	uintptr_t canonical_addr; /* canonical address of byte 0, for detectors */
};

/* A mapping handle of the program. The addresses stay here after the unmap. */
struct exec_map {
	uint8_t *addr;            /* address of the last mapping; NULL: the program has not mapped */
	uintptr_t canonical_addr; /* canonical address of byte 0 of the mapped page */
};

/* A handle of a user slice, with its memory and the reader of the library. */
struct exec_slice {
	uint8_t *user_memory; /* SLICE_RANGE readable bytes, then SLICE_RANGE unreadable bytes */
	uint8_t *slice_start; /* byte 0 of the program's slice, in user_memory */
	size_t readable_size; /* bytes of the slice before its first unreadable byte */
	struct user_slice_reader reader;
};

/* The data of one thread. Threads share no byte of it, because that would be a race. */
struct exec_thread_state {
	uint8_t *source_buffer; /* PAGE_SIZE bytes that calls write to pages; a shorter source is at
				 * the end, so that AddressSanitizer detects a read beyond it */
	uint8_t *target_buffer; /* for bytes read from pages: a guard, PAGE_SIZE bytes, a guard */
	struct page_task *task;
	struct page_task *spare_task;    /* used to map a page if `task` has no mapping left */
	struct user_slice_reader reader; /* copy of a slice's reader, during a call of this thread */
	uint8_t live_maps[EXEC_DEPTH];   /* handles of live mappings, oldest first */
	unsigned int live_map_count;
	bool has_called_fail_nth; /* in this program, so the clean-up must reset fail_nth */
};

/* The part of ThreadSanitizer's log of a fiber that a call wrote. */
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
	struct exec_tsan_log_range tsan_log_ranges[PROGRAM_CALLS];
	struct thread_locals locals; /* thread-local variables of the OS thread that runs all fibers */
	bool runs_on_fibers;         /* the last execution is on fibers, not on real threads */
	struct exec_options options;
	atomic_flag has_error;
	char error_text[EXEC_ERROR_TEXT]; /* the first error of the execution, or "" */
	struct race_reports race_reports;
};

/* A call during its execution, and where its result goes. */
struct exec_context {
	struct exec *exec;
	const struct call *call;
	struct exec_thread_state *thread_state;
	struct step *step;         /* exec_call() sets all but call and log_offset */
	uint8_t *read_log;         /* exec_call() stores the bytes that the call reads here */
	size_t read_log_size_left; /* number of bytes that the log still has space for */
	/* Executes a call on a mutex or semaphore that does not block now. */
	void (*sync_call)(void *executor, const struct call *call);
	void *executor; /* the first argument of sync_call() */
};

/* Resets the state for a new program and starts recording races. */
void exec_reset_and_record_races(struct exec *exec, const struct program *program);

/*
 * Stores the call for the race reports of the calling thread, and calls the option call_hook. The
 * thread that makes the call must do this first.
 */
void exec_record_call_and_run_hook(struct exec *exec, size_t call_index);

/*
 * Makes the call, or skips it as the format requires, and stores its result in context->step. The
 * task of the thread must be current, except for calls on mutexes or semaphores.
 */
void exec_call(struct exec_context *context);

/*
 * Main calls this at the end of an execution. Stores the live pages in @trace, then unmaps all
 * mappings, frees all pages and stops recording races.
 */
void exec_record_pages_and_clean_up(struct exec *exec, struct trace *trace);

/* Stores the first error of an execution, and drops later ones. Any thread may call it. */
void exec_set_first_error(struct exec *exec, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Stores @library_result, which must be 0, -EINVAL or -EFAULT; any other value is an error. */
void exec_set_result(struct exec_context *context, int library_result);

/* Return: the page of the call's n-th handle. */
static inline struct page *exec_page_of_call(const struct exec_context *context, unsigned int n)
{
	return context->exec->pages[context->call->handle[n]].page;
}

/* Return: the call's number argument @n, converted to size_t for the library. */
static inline size_t exec_size_argument(const struct exec_context *context, unsigned int n)
{
	return exec_saturate_number_to_size(context->call->number[n]);
}

/* Stores bytes that the call read in the read log, as far as the log has space. */
void exec_log_read_bytes(struct exec_context *context, const void *bytes, size_t len);

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

/* Each function executes one call of ops.def; a call without a result leaves RESULT_NONE. */
#define OP(name, ...) void exec_##name(struct exec_context *context);
#include "harness/program/ops.def"

/* Maps the memory of all user slices. Return: false without memory. */
bool exec_user_memory_init(struct exec *exec);
void exec_user_memory_destroy(struct exec *exec);
