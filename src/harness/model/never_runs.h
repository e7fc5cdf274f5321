/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Calls that can never run: they are skipped in every execution, whatever the library does.
 * Mostly such a call is a typo. A call that is skipped because an allocation failed is none.
 */
#ifndef HARNESS_NEVER_RUNS_H
#define HARNESS_NEVER_RUNS_H

#include "harness/model/rules.h"

enum never_runs_why {
	NEVER_RUNS_UNFILLED,   /* no call that runs before it fills a handle that it names */
	NEVER_RUNS_FILLED,     /* the handle that it would fill is filled already */
	NEVER_RUNS_HELD,       /* lock: its thread holds the mutex already */
	NEVER_RUNS_NOT_HELD,   /* unlock: its thread does not hold the mutex */
	NEVER_RUNS_ATOMIC,     /* the size of an atomic access, or its alignment */
};

struct never_runs {
	uint16_t call;
	enum never_runs_why why;
	char kind;	/* UNFILLED, FILLED: of the handle (ops.def) */
	uint8_t handle;
	uint16_t by;	/* UNFILLED: a call that would fill it, and never runs either */
	bool has_by;
};

/*
 * Finds the calls of @program that can never run; @rules has judged it.
 * Return: how many, sorted by line.
 */
size_t never_runs_find(const struct program *program, const struct rules *rules,
		       struct never_runs found[PROGRAM_CALLS]);

#define NEVER_RUNS_TEXT 160

/* "write_raw never runs: no call before it fills p1" */
void never_runs_text(const struct program *program, const struct never_runs *call,
		     char text[NEVER_RUNS_TEXT]);

#endif
