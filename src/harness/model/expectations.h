/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_EXPECTATIONS_H
#define HARNESS_EXPECTATIONS_H

#include <stdbool.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

#define EXPECTATION_TEXT 256

/*
 * Compares the expectations in a program's text (`expect`, `->`) with what the rule model computed.
 * Return: false if an expectation does not hold; @difference then describes the first such one.
 */
bool expectations_hold(const struct program *program, const struct rules *rules,
		       char difference[EXPECTATION_TEXT]);

#endif
