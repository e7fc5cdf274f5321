/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds calls that every execution skips, whatever the library does. Such a call is usually a mistake in the
 * program. A call that is skipped because an allocation failed is not reported.
 */
#pragma once

#include "harness/model/rules.h"

enum never_runs_why {
	NEVER_RUNS_UNFILLED, /* no earlier call fills a handle that the call uses */
	NEVER_RUNS_FILLED,   /* the handle that the call would fill is filled already */
	NEVER_RUNS_HELD,     /* lock: the thread holds the mutex already */
	NEVER_RUNS_NOT_HELD, /* unlock: the thread does not hold the mutex */
	NEVER_RUNS_ATOMIC,   /* load_atomic, store_atomic: the size or the alignment is unsupported */
};

struct never_runs {
	uint16_t call; /* index of the call that never runs */
	enum never_runs_why why;
	struct call_handle handle; /* for UNFILLED and FILLED: the unfilled or filled handle */
	bool has_filling_call;     /* for UNFILLED: filling_call would fill `handle`, but never runs */
	uint16_t filling_call;     /* index of the call that would fill the handle */
};

/*
 * Finds the calls of @program that can never run. The caller has evaluated @program with @rules before.
 * Return: the number of found calls; @found is sorted by line.
 */
size_t never_runs_find(const struct program *program, const struct rules *rules,
		       struct never_runs found[PROGRAM_CALLS]);

#define NEVER_RUNS_TEXT 160

/* Writes, for example, "write_raw never runs: no call before it fills p1". */
void never_runs_format_message(const struct program *program, const struct never_runs *never_run_call,
			       char text[NEVER_RUNS_TEXT]);
