/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Writes the failure of an input as JSON for triage.py. */
#pragma once

#include "tool/finding/signature.h"
#include "tool/util/json.h"

/*
 * Writes members into the open JSON object of @json: the signature and the key of the failure, the size, text
 * and bytes of @input. Also writes a record of results (doc/replay.md). The key is equal for all findings of
 * one bug. To make the key of a fuzz target's finding, executes @input in the replayer and in the flavours.
 */
void execute_and_write_failure_members(struct json *json, struct oracle *oracle,
				       const struct test_input *input, const struct signature *signature);

/*
 * Executes @input in the flavours that @signature needs, and writes the sanitizers' reports as the member
 * "reports".
 */
void execute_and_write_reports(struct json *json, struct oracle *oracle, const struct test_input *input,
			       const struct signature *signature);
