/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What happened when a program ran: which calls in which order, what each returned
 * and read, what the pages held at the end. The rule model writes one, an executor
 * another; checker.c holds them against each other.
 */
#ifndef HARNESS_TRACE_H
#define HARNESS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program.h"

/* Bytes of a page: what page.h calls PAGE_SIZE, which the model must not include. */
#define TRACE_PAGE 4096u

#define TRACE_LOG ((PROGRAM_CALLS + PROGRAM_PAGES) * (size_t)TRACE_PAGE)

/* Does a byte have a value? Masks, so that whole ranges compare without a branch. */
#define INITIALISED	  0xffu
#define UNINITIALISED 0x00u

struct step {
	uint16_t call; /* its index in the program */
	bool skipped;
	int8_t result; /* enum result */
	uint16_t len;  /* bytes that the call read out of a page */
	uint32_t at;   /* where they are in the log */
};

struct trace {
	size_t count;
	struct step steps[PROGRAM_CALLS];
	struct {
		bool live;
		uint16_t refs;
		uint32_t at; /* TRACE_PAGE bytes of the log */
	} pages[PROGRAM_PAGES];

	/*
	 * The log of bytes read. Where initialised[i] is UNINITIALISED byte i has no value that
	 * anyone could expect; only the model fills initialised[].
	 */
	size_t used;
	uint8_t *bytes, *initialised; /* TRACE_LOG each */
};

/*
 * Return: an empty trace, or NULL without memory. It has room for all that any program
 * can read (address space; what is not used costs nothing), so nothing below fails.
 */
struct trace *trace_new(void);
void trace_delete(struct trace *trace);

void trace_clear(struct trace *trace);

/* Takes @len bytes of the log. Return: where they start. */
uint32_t trace_reserve_log(struct trace *trace, size_t len);

/* The step of call @call, or NULL if it never ran. */
const struct step *trace_find(const struct trace *trace, size_t call);

#endif
