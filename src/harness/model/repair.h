/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_REPAIR_H
#define HARNESS_REPAIR_H

#include "harness/model/rules.h"
#include "harness/program/program.h"

/*
 * Changes a program until it breaks no rule. A call that races goes to the thread that
 * it races with, and if that is no help it is dropped, as is a call that breaks a fatal
 * rule or never runs. A program that breaks no rule is left as it is.
 * @rules then holds the judgement of the result.
 */
void repair(struct program *program, struct rules *rules);

#endif
