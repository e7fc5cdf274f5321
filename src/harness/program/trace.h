/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A trace records what happened when a program ran: the calls in order, their results, the bytes that the
 * calls read, and the pages at the end. checker.c compares the traces of the rule model and of an executor.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program.h"

/* page.h's PAGE_SIZE; the model must not include page.h. */
#define TRACE_PAGE 4096u

#define TRACE_LOG ((PROGRAM_CALLS + PROGRAM_PAGES) * (size_t)TRACE_PAGE)

/*
 * Values of initialised[]. The values are bit masks, so that ranges are compared without a branch for each
 * byte. INITIALISED_OR_ZERO: the byte has the copied value, or is zero because the copy stopped early.
 */
#define INITIALISED         0xffu
#define INITIALISED_OR_ZERO 0xfeu
#define UNINITIALISED       0x00u

struct step {
	uint16_t call; /* index of the call in the program */
	bool was_skipped;
	int8_t result;       /* enum result */
	uint16_t log_len;    /* number of bytes that the call read out of a page */
	uint32_t log_offset; /* offset in the log of the bytes that the call read */
};

struct trace {
	size_t step_count;
	struct step steps[PROGRAM_CALLS];
	struct {
		bool live;     /* the page is live at the end of the program */
		uint16_t refs; /* reference count of the page */
		uint32_t at;   /* offset in the log of the page's TRACE_PAGE bytes */
	} pages[PROGRAM_PAGES];

	/*
	 * The log of bytes read. Byte i with initialised[i] == UNINITIALISED has no defined value; only the
	 * model fills initialised[].
	 */
	size_t log_used_bytes; /* length of the log */
	uint8_t bytes[TRACE_LOG], initialised[TRACE_LOG];
};

/* Return: an empty trace, with space for all bytes that any program can read, or NULL without memory. */
struct trace *trace_new(void);

/* @trace: may be NULL */
void trace_delete(struct trace *trace);

void trace_clear(struct trace *trace);

/* Reserves @len bytes of the log. Return: the offset of the reserved bytes. */
uint32_t trace_reserve_log(struct trace *trace, size_t len);

/* Return: the step of the call, or NULL if the trace has none. */
const struct step *trace_find_step(const struct trace *trace, size_t call_index);
