/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_VERDICT_PRINT_H
#define TOOL_VERDICT_PRINT_H

#include <stdio.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"
#include "tool/util/json.h"

/* "FILE: clean" or "FILE: RULE RULE", and below it one indented line a finding. */
void verdict_print_text(FILE *out, const char *file, const struct program *program,
			const struct rules *rules);

/* The members of the JSON object of the program format, into one that is begun. */
void verdict_print_json(struct json *json, const char *file, const struct program *program,
			const struct rules *rules);

/* An array of the names of rules. */
void verdict_print_rules(struct json *json, const char *key, rule_set rules);

#endif
