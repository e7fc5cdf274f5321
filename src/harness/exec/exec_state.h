/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the two executors share; nobody else includes this.
 *
 *   exec_state.c   making, beginning and finishing an execution; what the detector says
 *   exec_call.c    one call of a program as calls of page.h
 *   exec_map.c     calls through mappings: the harness's own loads and stores
 *   exec_user.c    user memory that really cannot be read
 */
#ifndef HARNESS_EXEC_STATE_H
#define HARNESS_EXEC_STATE_H

#include <stdatomic.h>

#include "harness/util/number.h"
#include "harness/exec/exec.h"
#include "harness/exec/thread_locals.h"
#include "page/page.h"

/* Bytes of no meaning around each buffer that the library writes to. */
#define EXEC_GUARD 16
#define EXEC_GUARD_BYTE 0x5c

/* Live mappings of one thread, as the format has it; more end the process. */
#define EXEC_DEPTH 16

/*
 * A program's number as the library takes it. Where a size_t has 32 bits, the highest stand
 * for numbers that do not fit: as far out of every range, and as near to wrapping.
 */
static inline size_t exec_size(uint64_t number)
{
	size_t size = (size_t)number;

	return size == number ? size : SIZE_MAX - (NUMBER_SPAN - 1) + size % NUMBER_SPAN;
}

/* A handle of the program, and what the executor knows of the page behind it. */
struct exec_page {
	struct page *page; /* NULL: not filled */
	unsigned int refs;
	uintptr_t home; /* address of byte 0, for detectors */
};

struct exec_map {
	uint8_t *addr; /* NULL: not filled */
	uintptr_t home;
};

struct exec_slice {
	bool filled;
	uint8_t *memory; /* a readable stretch, then as much that is not */
	uint8_t *bytes;	 /* index 0 */
	size_t readable;
	struct user_slice_reader reader;
};

/* What a thread has for itself: no two threads share a byte, or that would race. */
struct exec_thread_state {
	uint8_t *source; /* PAGE_SIZE bytes, used from the end: ASan guards the end */
	uint8_t *target; /* a guard, PAGE_SIZE bytes, a guard */
	struct page_task *task;
	struct page_task *spare; /* to map with when `task` has no room */
	struct user_slice_reader reader; /* a slice's, while a call of this thread uses it */
	uint8_t mapped[EXEC_DEPTH]; /* handles of live mappings, oldest first */
	unsigned int depth;
	bool fail_nth; /* was set by the program */
};

/* The part of its thread's history that a call is, for ThreadSanitizer on fibers. */
struct exec_log_range {
	uintptr_t from, to; /* positions; 0: not known */
};

struct exec {
	const struct program *program;
	struct exec_page pages[PROGRAM_PAGES];
	struct exec_map maps[PROGRAM_MAPS];
	struct exec_slice slices[PROGRAM_SLICES];
	struct exec_thread_state lanes[PROGRAM_THREADS];
	void *fibers[PROGRAM_THREADS];
	struct exec_log_range spans[PROGRAM_CALLS];
	struct thread_locals locals; /* of the OS thread that all fibers are */
	bool on_fibers;
	bool first_race_only;
	bool use_values;
	struct exec_timing timing;
	size_t last;
	exec_call_hook announce;
	void *announce_ctx;
	atomic_flag complained;
	char complaint[EXEC_ERROR_TEXT];
	struct race_reports race_reports;
};

/* A call on its way, and where its outcome goes. */
struct exec_context {
	struct exec *x;
	const struct call *call;
	struct exec_thread_state *lane;
	struct step *step; /* result and length are the call's, the rest the caller's */
	uint8_t *log;	   /* bytes read go here */
	size_t room;	   /* at most so many */
};

/* The call that this OS thread executes, for reports. */
extern _Thread_local uint16_t exec_current_call;

/* Forgets the last program; from now on races are listened to. */
void exec_start(struct exec *x, const struct program *program);

/*
 * Makes a call that is not about locks or semaphores; the lane's task must be running.
 */
void exec_call(struct exec_context *one);

/* By main, after all: what live pages hold goes to @trace; all is unmapped and freed. */
void exec_finish(struct exec *x, struct trace *trace);

/* Keeps the first complaint. Any thread. */
void exec_set_error(struct exec *x, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* 0, -EINVAL or -EFAULT as a result; a complaint about any other. */
enum result exec_result(struct exec *x, int ret);

/* The page of the call's n-th handle. */
static inline struct page *exec_page(const struct exec_context *one, unsigned int n)
{
	return one->x->pages[one->call->handle[n]].page;
}

/* Each call that exec_call() makes, in its own file. Return: its result. */
enum result exec_kmap_local(struct exec_context *one);
enum result exec_kunmap_local(struct exec_context *one);
enum result exec_load(struct exec_context *one);
enum result exec_store(struct exec_context *one);
enum result exec_load_atomic(struct exec_context *one);
enum result exec_store_atomic(struct exec_context *one);
enum result exec_user_slice(struct exec_context *one);
enum result exec_skip(struct exec_context *one);
enum result exec_user_store(struct exec_context *one);
enum result exec_copy_from_user_slice(struct exec_context *one);

/* Address space for the slices. Return: false without. */
bool exec_user_init(struct exec *x);
void exec_user_destroy(struct exec *x);

#endif
