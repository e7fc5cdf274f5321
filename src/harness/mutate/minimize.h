/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Makes a program as small as possible while a predicate accepts it: fewer calls, then fewer threads, then
 * smaller and rounder numbers, then simpler flags.
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
	void *ctx;
};

/* Minimises m->best. Each accepted program is smaller than the last one, so the search ends. */
void minimize(struct minimize *m);
