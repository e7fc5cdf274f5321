/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_VERDICT_PRINT_H
#define TOOL_VERDICT_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"
#include "tool/util/json.h"

/* Prints "FILE: clean" or "FILE: RULE RULE", and then one indented line for each finding. */
void verdict_print_text(FILE *out, const char *file, const struct program *program,
			const struct rules *rules);

/* Writes the members of the object that `check --json` prints into an open JSON object. */
void verdict_print_json(struct json *json, const char *file, const struct program *program,
			const struct rules *rules);

/* Writes an array of the names of rules. */
void verdict_print_rules(struct json *json, const char *key, rule_set rules);

/*
 * Prints a line on standard error for each call that can never run (never_runs.h). For a byte string it
 * prints only the first call and the number of further ones, because mutation makes many of them.
 * Return: EXIT_FAILED if @is_strict is set and such a call exists, else EXIT_GOOD.
 */
int verdict_print_warnings(const char *file, const struct program *program, const struct rules *rules,
			   bool is_strict);

#endif
