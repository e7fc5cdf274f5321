/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_EXPECTATIONS_H
#define HARNESS_EXPECTATIONS_H

#include <stdbool.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

#define EXPECTATION_TEXT 256

/*
 * Holds what a program claims of itself (`expect`, `->`) against what it does.
 * Return: true, or false with the first claim that does not hold in @text.
 */
bool expectations_hold(const struct program *program, const struct rules *rules, char text[EXPECTATION_TEXT]);

#endif
