/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include "harness/model/rules.h"
#include "harness/program/program.h"

/*
 * Changes a program until it breaks no rule. The later call of a race moves to the thread of the earlier
 * call; if races remain after three rounds, the later calls are dropped. A call that breaks a fatal rule,
 * reads uninitialised bytes or is in a deadlock is dropped. A program that breaks no rule does not change.
 * Afterwards @rules contains the evaluation of the changed program.
 */
void repair_program_until_clean(struct program *program, struct rules *rules);
