/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The page program: calls of several threads, in the order of their lines.
 *
 * A program contains no pointers and can be copied. program_text.c and program_bytes.c read and write
 * programs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/deviations.h"
#include "harness/program/op.h"
#include "harness/program/rule.h"

#define PROGRAM_LINES      1024
#define PROGRAM_CALLS      (PROGRAM_LINES - 1) /* one line is the header */
#define PROGRAM_PAGES      8
#define PROGRAM_MAPS       32
#define PROGRAM_SLICES     4
#define PROGRAM_MUTEXES    4
#define PROGRAM_SEMAPHORES 4
#define PROGRAM_SLICE_MAX  16383u

/* Thread 0 is main; threads 1 to 8 are T0 to T7. */
#define THREAD_MAIN     0
#define PROGRAM_THREADS 9

/* The flags of alloc_page in call.value: two bits for the context, then modifiers. */
#define CALL_GFP_CONTEXT 0x03u
#define CALL_GFP_ZERO    0x04u
#define CALL_GFP_HIGHMEM 0x08u
#define CALL_GFP_NOFAIL  0x10u

enum result { RESULT_NONE = -1, RESULT_0, RESULT_EINVAL, RESULT_EFAULT, RESULT_ENOMEM, RESULT_COUNT };

/* One call. Unused fields are 0, so that equal calls have equal bytes. */
struct call {
	uint8_t op;
	uint8_t thread;
	uint8_t handle[2];      /* numbers of the handles, in the order of the arguments */
	uint8_t value;          /* seed, or gfp flags */
	uint8_t has_fault;      /* for user_slice: the slice has a fault, at the offset number[1] */
	int8_t expected_result; /* the result after `->`, an enum result; RESULT_NONE without `->` */
	uint32_t line;          /* number of the call's line (text form) or record (byte form), from 1 */
	uint64_t number[3];     /* offsets, lengths, sizes, ...; in the order of the arguments */
};

struct program {
	size_t count;    /* number of calls */
	bool has_expect; /* the text has at least one `expect` */
	rule_set expect; /* the rules that the program is expected to break */
	/* The schedule of an interleaving inside of calls; without deviations: no such schedule. */
	struct deviations schedule;
	struct call calls[PROGRAM_CALLS];
};

/* "main", "T0" .. "T7" */
const char *thread_name(uint8_t thread);

const char *result_name(enum result result);

/* Return: the result with this name (not ended by a NUL), or RESULT_NONE. */
enum result result_find(const char *name, size_t len);

/* Return: whether thread, op and arguments are equal; line and expected result are not compared. */
bool call_equal_ignoring_expectation(const struct call *a, const struct call *b);

/* A handle in the arguments of a call. */
struct call_handle {
	enum handle_kind kind;
	uint8_t index;
	bool must_be_free; /* the call fills the handle, and is skipped if the handle is filled already */
};

/* Gets the handles of the call, in the order of the arguments. Return: the number of handles. */
unsigned int call_get_handles(const struct call *call, struct call_handle handles[2]);

/* Return: whether the size is 1, 2, 4 or 8, and the offset is a multiple of the size. */
bool call_has_aligned_atomic_size(const struct call *call);

/* Return: whether the programs have equal calls (call_equal_ignoring_expectation()) in the same order. */
bool program_calls_equal(const struct program *a, const struct program *b);

/*
 * Return: whether every field is in its range, and every unused field is 0. All programs that were read from
 * text or bytes are valid; code that changes a program must keep it valid.
 */
bool call_valid(const struct call *call);
bool program_valid(const struct program *program);

/*
 * Sets the line number of each call as in the text of program_to_text(), so that messages about a changed
 * program name the right lines.
 */
void program_update_lines(struct program *program);
