/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Makes a program as small as possible while a predicate accepts it: fewer calls, then fewer threads, then
 * smaller and rounder numbers, then simpler flags, and a shorter schedule.
 *
 * A schedule counts points inside of calls, so the schedule of a program is seldom a schedule of the program
 * without a call. A changed program with a schedule is accepted if it fails with any schedule.
 *
 * The minimiser itself executes no program. The result depends only on the program and on the results of the
 * predicate.
 */
#pragma once

#include <stdbool.h>

#include "harness/program/program.h"

struct minimize {
	struct program best;      /* at first the caller's program, then the smallest accepted program */
	struct program candidate; /* the program that accepts() gets */
	bool (*accepts)(void *ctx, const struct program *candidate);
	/*
	 * Searches a schedule with which accepts() accepts the candidate, and stores it in the candidate.
	 * Return: false if none was found. NULL: a changed program keeps its schedule.
	 */
	bool (*find_schedule)(void *ctx, struct program *candidate);
	void *ctx;
};

/* Minimises m->best. Each accepted program is smaller than the last one, so the search ends. */
void minimize(struct minimize *m);
