/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the parts of to_c share; no other file includes this. */
#ifndef TOOL_TO_C_PARTS_H
#define TOOL_TO_C_PARTS_H

#include <stdint.h>

#include "harness/util/number.h"
#include "harness/model/cause.h"
#include "tool/to_c/to_c.h"

/* ---- the plan ---- */

#define C_REGIONS (PROGRAM_CALLS + 1)

enum c_outcome { C_RUNS, C_SKIPPED, C_FATAL, C_BLOCKED };

/* A call in the order of the file. Those that never run are not there. */
struct c_step {
	uint16_t call;
	uint16_t region; /* between two lines of main; a line of main is in the one it ends */
	enum c_outcome outcome;
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

/* ---- one file ---- */

struct c_file {
	const struct program *program;
	const struct rules *rules;
	const struct to_c_options *options;
	struct c_plan plan;
	FILE *body; /* the functions, written to memory */
	char *text; /* of it, up to the last fflush() */
	size_t size;
};

/* Prints the file above its functions, which are all in @file->text. */
void c_head_print(FILE *out, const struct c_file *file);

/* Prints the helper functions that @body calls. */
void c_helpers_print(FILE *out, const char *body, bool deterministic);

/* Does @text have @word, and not as the end of a longer word? */
bool c_mentions(const char *text, const char *word);

const struct call *c_call_of(const struct c_file *file, size_t step);

/* The call that fills the slice @handle when the program runs; NULL: none does. */
const struct call *c_slice(const struct c_file *file, uint8_t handle);

/* Prints a line of a function's body, with its tab. */
void c_line(struct c_file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The name of a thread in C: main, T0 ... */
const char *c_thread(uint8_t thread);

/* Prints the expression for a page or mapping, by kind 'p' or 'k', into the body. */
void c_print_handle(struct c_file *file, char kind, uint8_t handle);

/* Prints a call that runs, or ends the program, as C. */
void c_call(struct c_file *file, const struct c_step *step);

/* Checks that the buffer of @thread holds the @len known bytes that are in the log at @at. */
void c_expect_bytes(struct c_file *file, unsigned int line, uint8_t thread, uint32_t at,
		    unsigned int len);

/* Is the slice one whose bytes end in memory that cannot be read? */
bool c_slice_faults(const struct call *call);

#endif
