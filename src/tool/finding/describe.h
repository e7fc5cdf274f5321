/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Writes the failure of an input as JSON for triage.py. */
#ifndef TOOL_DESCRIBE_H
#define TOOL_DESCRIBE_H

#include "tool/finding/signature.h"
#include "tool/util/json.h"

/*
 * Writes how @input fails, in the object that @json is in: its signature and its key, which is equal
 * for all findings of one bug, its size, text and bytes, and what a record of results has
 * (doc/replay.md).
 */
void describe_failure(struct json *json, struct oracle *oracle, const struct test_input *input,
		      const struct signature *signature);

/* Writes the reports of the sanitizers on a program. */
void describe_reports(struct json *json, struct oracle *oracle, const struct test_input *input,
		      const struct signature *signature);

#endif
