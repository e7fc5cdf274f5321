/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the parts of to_c share; nobody else includes this. */
#ifndef TOOL_TO_C_PARTS_H
#define TOOL_TO_C_PARTS_H

#include <stdint.h>

#include "harness/util/number.h"
#include "harness/model/cause.h"
#include "tool/to_c/to_c.h"

/* ---- the plan ---- */

#define C_REGIONS (PROGRAM_CALLS + 1)

enum c_fate { C_RUNS, C_SKIPPED, C_FATAL, C_BLOCKED };

/* A call in the order of the file. Those that never run are not there. */
struct c_step {
	uint16_t call;
	uint16_t region; /* between two lines of main; a line of main is in the one it ends */
	enum c_fate fate;
	const struct step *step; /* of the trace; NULL if it is fatal or blocked */
};

struct c_plan {
	size_t count;
	struct c_step steps[PROGRAM_CALLS];
	uint16_t regions;
	uint16_t threads_of[C_REGIONS];	       /* bits */
	uint16_t last_region[PROGRAM_THREADS]; /* of each thread that is used */
	unsigned int threads;		       /* bits of those that are used, without main */
	bool fatal;
	bool keeps_maps[PROGRAM_THREADS]; /* has mappings when it has no more calls */
	bool shared[128][PROGRAM_MAPS];	  /* by kind: two threads look, and main did not fill */
};

void c_plan_make(struct c_plan *plan, const struct program *program, const struct rules *rules);

/* The mappings that a thread has at the end, newest first. Return: how many. */
size_t c_plan_maps_left(const struct c_plan *plan, const struct program *program, uint8_t thread,
			uint8_t maps[PROGRAM_MAPS]);

/* ---- helpers ---- */

/* In the order of the file: what one uses stands above it. */
enum c_helper {
	C_DEFAULTS, /* ThreadSanitizer's options */
	C_WRONG,
	C_EXPECT,
	C_EXPECT_BYTE,
	C_DOOMED,
	C_PATTERN,
	C_EXPECT_PATTERN,
	C_EXPECT_ALL,
	C_USE,
	C_SEEN_PAGE,
	C_SEEN_MAP,
	C_USER_PATTERN,
	C_USER_MEMORY,
	C_GIVE_BACK,
	C_BORROW,
	C_FIBER, /* in place of pthreads */
	C_FIBER_GO,
	C_TURN,
	C_HELPERS
};

void c_helpers_print(FILE *out, const bool used[C_HELPERS], bool deterministic);

/* ---- one file ---- */

struct c_file {
	const struct program *program;
	const struct rules *rules;
	const struct to_c_options *options;
	struct c_plan plan;
	bool used[C_HELPERS];
	unsigned int bytes; /* bits of the threads that have a buffer */
	FILE *body;
};

/* What stands above the functions, when they are made. */
void c_head(FILE *out, const struct c_file *file);

const struct call *c_call_of(const struct c_file *file, size_t step);

/* Has the thread a semaphore by which main lets it go on, or hears that it is done? */
bool c_has_go(const struct c_file *file, uint8_t thread);
bool c_has_done(const struct c_file *file, uint8_t thread);

/* Prints a line of a function's body, with its tab. */
void c_line(struct c_file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The name of a thread in C: main, T0 ... */
const char *c_thread(uint8_t thread);

/* The expression for a page or mapping, by kind 'p' or 'k'. */
const char *c_handle(struct c_file *file, char kind, uint8_t handle);

/* Does some C of its own for a call that runs, or ends the program. */
void c_call(struct c_file *file, const struct c_step *step);

/* Checks that the buffer of @thread holds the @len known bytes that are in the log at @at. */
void c_expect_bytes(struct c_file *file, unsigned int line, uint8_t thread, uint32_t at,
		    unsigned int len);

/* Is the slice one whose bytes end in memory that cannot be read? */
bool c_slice_faults(const struct call *call);

#endif
