/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_WARNINGS_H
#define TOOL_WARNINGS_H

#include <stdbool.h>

#include "harness/model/rules.h"
#include "tool/util/options.h"

/* --strict: a call that never runs is a failure. */
struct option_row option_strict(bool *strict);

/*
 * Prints a line on standard error for each call that can never run (never_runs.h). For a byte string it
 * prints only the first call and the number of further ones, because mutation makes many of them.
 * Return: EXIT_FAILED if @strict is set and such a call exists, else EXIT_GOOD.
 */
int warnings_print(const char *file, const struct program *program, const struct rules *rules,
		   bool strict);

#endif
