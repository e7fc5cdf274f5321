/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What happened when a program ran: the calls in order, their results and the bytes that they read,
 * and the pages at the end. The rule model writes one trace, an executor another; checker.c
 * compares them.
 */
#ifndef HARNESS_TRACE_H
#define HARNESS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program.h"

/* page.h's PAGE_SIZE; the model must not include page.h. */
#define TRACE_PAGE 4096u

#define TRACE_LOG ((PROGRAM_CALLS + PROGRAM_PAGES) * (size_t)TRACE_PAGE)

/* Marks of bytes. They are masks, so that whole ranges compare without a branch. */
#define INITIALISED	  0xffu
#define UNINITIALISED 0x00u

struct step {
	uint16_t call; /* its index in the program */
	bool was_skipped;
	int8_t result; /* enum result */
	uint16_t log_len;  /* bytes that the call read out of a page */
	uint32_t log_offset;   /* offset of these bytes in the log */
};

struct trace {
	size_t step_count;
	struct step steps[PROGRAM_CALLS];
	struct {
		bool live;
		uint16_t refs;
		uint32_t at; /* offset of TRACE_PAGE bytes in the log */
	} pages[PROGRAM_PAGES];

	/*
	 * The log of bytes read. Byte i with initialised[i] == UNINITIALISED has no defined value;
	 * only the model fills initialised[].
	 */
	size_t log_used_bytes;
	uint8_t *bytes, *initialised; /* TRACE_LOG bytes each */
};

/*
 * Return: an empty trace, or NULL without memory. It has space for everything that any program can
 * read, so the functions below cannot fail. Unused space costs only addresses.
 */
struct trace *trace_new(void);
void trace_delete(struct trace *trace);

void trace_clear(struct trace *trace);

/* Reserves @len bytes of the log. Return: their offset. */
uint32_t trace_reserve_log(struct trace *trace, size_t len);

/* Return: the step of call @call, or NULL if it never ran. */
const struct step *trace_find_step(const struct trace *trace, size_t call);

#endif
