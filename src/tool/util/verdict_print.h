/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"
#include "tool/util/json.h"

/* Prints "FILE: clean" or "FILE: RULE RULE", and an indented line for each race and other break of a rule. */
void verdict_print_text(FILE *out, const char *file, const struct program *program,
			const struct rules *rules);

/* Writes into an open JSON object: the members of the object that `check --json` prints. */
void verdict_write_json_members(struct json *json, const char *file, const struct program *program,
				const struct rules *rules);

void write_rule_names(struct json *json, const char *key, rule_set rules);

/*
 * Prints a warning for each call that can never run (never_runs.h). For a byte string, prints one warning
 * with the number of further calls, because mutation makes many such calls. Return: EXIT_FAILED if
 * @is_strict is set and a call can never run, else EXIT_GOOD.
 */
int never_runs_print_warnings(const char *file, const struct program *program, const struct rules *rules,
			      bool is_strict);
