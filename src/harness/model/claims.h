/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_CLAIMS_H
#define HARNESS_CLAIMS_H

#include <stdbool.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

#define CLAIM_TEXT 256

/*
 * Holds what a program claims of itself (`expect`, `->`) against what it does.
 * Return: true, or false with the first claim that does not hold in @text.
 */
bool claims_hold(const struct program *program, const struct rules *rules, char text[CLAIM_TEXT]);

#endif
