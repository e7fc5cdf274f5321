/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Internal to the executors.
 *
 *   exec_state.c   creates, starts and finishes an execution; receives race reports
 *   exec_call.c    makes one call of a program as calls of page.h
 *   exec_map.c     calls through mappings: the harness's own loads and stores
 *   exec_user.c    user memory with bytes that cannot be read
 */
#ifndef HARNESS_EXEC_STATE_H
#define HARNESS_EXEC_STATE_H

#include <stdatomic.h>

#include "harness/util/number.h"
#include "harness/exec/exec.h"
#include "harness/exec/thread_locals.h"
#include "harness/program/program_state.h"
#include "page/page.h"

/* Guard bytes around each buffer that the library writes to. */
#define EXEC_GUARD 16
#define EXEC_GUARD_BYTE 0x5c

/* The format's limit of live mappings of one thread; to make one more mapping is fatal. */
#define EXEC_DEPTH 16

/*
 * Converts a program's number to size_t. If size_t has 32 bits, a larger number becomes one of the
 * highest values: it is as far out of range, and as close to overflow.
 */
static inline size_t exec_size_from_number(uint64_t number)
{
	size_t size = (size_t)number;

	return size == number ? size : SIZE_MAX - (NUMBER_SPAN - 1) + size % NUMBER_SPAN;
}

/* A page handle of the program, with the executor's data of the page. */
struct exec_page {
	struct page *page; /* NULL: not filled */
	unsigned int ref_count;
	uintptr_t canonical_addr; /* canonical address of byte 0, for detectors */
};

struct exec_map {
	uint8_t *addr; /* NULL: not filled */
	uintptr_t canonical_addr;
};

struct exec_slice {
	uint8_t *user_memory; /* a readable range, followed by an unreadable range of the same size
			       */
	uint8_t *slice_start;	 /* byte 0 of the slice */
	size_t readable_size;
	struct user_slice_reader reader;
};

/* The data of one thread. Threads share no byte of it, because that would be a race. */
struct exec_thread_state {
	uint8_t *source_buffer; /* PAGE_SIZE bytes; a short buffer is at the end, where
				 * AddressSanitizer guards it */
	uint8_t *target_buffer; /* a guard, PAGE_SIZE bytes, a guard */
	struct page_task *task;
	struct page_task *spare_task; /* used to map a page if `task` has no mapping left */
	struct user_slice_reader
		reader; /* a copy of a slice's reader, during a call of this thread */
	uint8_t live_maps[EXEC_DEPTH]; /* handles of live mappings, oldest first */
	unsigned int live_map_count;
	bool has_called_fail_nth; /* the program called fail_nth */
};

/* The part of the fiber's ThreadSanitizer log that a call wrote. */
struct exec_log_range {
	uintptr_t from, to; /* positions; 0: unknown */
};

struct exec {
	struct program_state state;
	struct exec_page pages[PROGRAM_PAGES];
	struct exec_map maps[PROGRAM_MAPS];
	struct exec_slice slices[PROGRAM_SLICES];
	struct exec_thread_state thread_states[PROGRAM_THREADS];
	void *fibers[PROGRAM_THREADS];
	struct exec_log_range log_ranges[PROGRAM_CALLS];
	struct thread_locals
		locals; /* thread-local variables of the OS thread that runs all fibers */
	bool runs_on_fibers;
	struct exec_options options;
	atomic_flag has_error;
	char error_text[EXEC_ERROR_TEXT];
	struct race_reports race_reports;
};

/* A call during its execution, and where its result goes. */
struct exec_context {
	struct exec *exec;
	const struct call *call;
	struct exec_thread_state *thread_state;
	struct step *step; /* exec_call() sets all but call and log_offset */
	uint8_t *read_log;     /* bytes that the call reads are stored here */
	size_t read_log_left;      /* size of the log that is left */
	/* Makes a call on a mutex or semaphore, which does not block. */
	void (*sync_call)(void *executor, const struct call *call);
	void *executor;
};

/* Resets the state for a new program and starts recording races. */
void exec_start(struct exec *exec, const struct program *program);

/* Announces the call @index to race reports and to the hook, on the thread that makes the call. */
void exec_begin_call(struct exec *exec, size_t index);

/* Makes a call. The task of the thread must be current, except for calls on mutexes or semaphores.
 */
void exec_call(struct exec_context *context);

/*
 * Called by main at the end: stores the bytes of live pages in @trace, unmaps and frees
 * everything.
 */
void exec_finish(struct exec *exec, struct trace *trace);

/*
 * Stores an error; only the first error of an execution is stored. Any thread may call this
 * function.
 */
void exec_set_error(struct exec *exec, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* Sets the result of the call to 0, -EINVAL or -EFAULT; any other value is an error. */
void exec_set_result(struct exec_context *context, int ret);

/* Return: the page of the call's n-th handle. */
static inline struct page *exec_page_of_call(const struct exec_context *context, unsigned int n)
{
	return context->exec->pages[context->call->handle[n]].page;
}

/* The number @n of the call, as the library gets it. */
static inline size_t exec_size_of_call(const struct exec_context *context, unsigned int n)
{
	return exec_size_from_number(context->call->number[n]);
}

/* Stores bytes that the call read, as far as the log has space. */
void exec_log_bytes(struct exec_context *context, const void *bytes, size_t len);

/* Atomic and plain accesses differ only in the function of the library, or in its detector's
 * record. */
#define exec_read_bytewise_atomic exec_read_raw
#define exec_write_bytewise_atomic exec_write_raw
#define exec_load_atomic exec_load
#define exec_store_atomic exec_store

/* One function for each call of ops.def. Only calls with a result set one. */
#define OP(name, ...) void exec_##name(struct exec_context *context);
#include "harness/program/ops.def"
#undef OP

/* Reserves address space for the user slices. Return: false if there is none. */
bool exec_user_init(struct exec *exec);
void exec_user_destroy(struct exec *exec);

#endif
