/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the two executors share; nobody else includes this. */
#ifndef HARNESS_EXEC_STATE_H
#define HARNESS_EXEC_STATE_H

#include <stdatomic.h>

#include "harness/exec.h"
#include "page/page.h"

/* Bytes of no meaning around each buffer that the library writes to. */
#define EXEC_GUARD 16

/* A handle of the program, and what the executor knows of the page behind it. */
struct exec_page {
	struct page *page; /* NULL: not filled */
	unsigned int refs;
	uintptr_t home; /* address of byte 0 */
};

/* Buffers of one thread: no two threads share a byte, or the buffers would race. */
struct exec_lane {
	uint8_t *source; /* PAGE_SIZE bytes, used from the end: ASan guards the end */
	uint8_t *target; /* a guard, PAGE_SIZE bytes, a guard */
};

struct exec {
	const struct program *program;
	struct exec_page pages[PROGRAM_PAGES];
	struct exec_lane lanes[PROGRAM_THREADS];
	void *fibers[PROGRAM_THREADS];
	bool first_race_only;
	exec_announce_fn announce;
	void *announce_ctx;
	atomic_flag complained;
	char complaint[EXEC_COMPLAINT];
	struct sightings sightings;
};

/* The call that this OS thread executes, for reports. */
extern _Thread_local uint16_t exec_running;

/* Forgets the last program; from now on races are listened to. */
void exec_begin(struct exec *x, const struct program *program);

/*
 * Makes a call that is not about locks or semaphores. Bytes that it reads go to @log, at
 * most @room of them.
 * @step: gets result and length; call and place in the log are the caller's
 */
void exec_call(struct exec *x, const struct call *call, struct step *step, uint8_t *log,
	       size_t room);

/* By main, after all: what live pages hold goes to @trace; then they are freed. */
void exec_finish(struct exec *x, struct trace *trace);

/* Keeps the first complaint. Any thread. */
void exec_complain(struct exec *x, const char *what, ...) __attribute__((format(printf, 2, 3)));

#endif
