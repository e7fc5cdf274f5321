/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_VERDICT_PRINT_H
#define TOOL_VERDICT_PRINT_H

#include <stdio.h>

#include "harness/program.h"
#include "harness/rules.h"

/* "FILE: clean" or "FILE: RULE RULE", and below it one indented line a finding. */
void verdict_print_text(FILE *out, const char *file, const struct program *program,
			const struct rules *rules);

/* The members of the JSON object of the program format, without the braces. */
void verdict_print_json(FILE *out, const char *file, const struct program *program,
			const struct rules *rules);

/* A JSON string with its quotes. Bytes that are not ASCII go through as they are. */
void json_string(FILE *out, const char *text);

#endif
