/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

#define EXPECTATION_TEXT 256

/*
 * Compares the expectations in a program's text (`expect`, `->`) with what the rule model computed.
 * Return: false if an expectation does not hold; @difference then describes the first failed expectation.
 */
bool expectations_hold(const struct program *program, const struct rules *rules,
		       char difference[EXPECTATION_TEXT]);

/* The same for the expected results (`->`) alone. */
bool expected_results_hold(const struct program *program, const struct rules *rules,
			   char difference[EXPECTATION_TEXT]);

/*
 * Makes the program expect what the rule model computed: the verdict, and for each call with an expected
 * result its result. If such a call has no result, the expectation is removed.
 */
void expectations_set_from_rules(struct program *program, const struct rules *rules);
