/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_REPAIR_H
#define HARNESS_REPAIR_H

#include "harness/model/rules.h"
#include "harness/program/program.h"

/*
 * Changes a program until it breaks no rule. A call that races moves to the other thread of the
 * race; if that does not help, it is dropped. A call that breaks a fatal rule or never runs is
 * dropped. A program that breaks no rule does not change. @rules then contains the evaluation of
 * the result.
 */
void repair_program(struct program *program, struct rules *rules);

#endif
