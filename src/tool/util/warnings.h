/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_WARNINGS_H
#define TOOL_WARNINGS_H

#include <stdbool.h>

#include "harness/model/rules.h"
#include "tool/util/options.h"

/* --strict: a call that never runs is a failure. */
struct option_row option_strict(bool *strict);

/*
 * Prints the calls of the program that can never run (never_runs.h), a line each on standard
 * error. Of a byte string only the first and how many more: mutation makes many of them.
 * Return: EXIT_FAILED with @strict if there is one, else EXIT_GOOD.
 */
int warnings_print(const char *file, const struct program *program, const struct rules *rules,
		   bool strict);

#endif
