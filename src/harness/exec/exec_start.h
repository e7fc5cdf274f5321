/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Puts the page library into a start state (program/start_state.h), from which interleavings are explored.
 * All calls are calls of page.h, so the states exist in every page library.
 */
#pragma once

#include "harness/exec/exec.h"
#include "harness/program/start_state.h"

/*
 * Creates the executor, and puts the library into the state. No one has used the library in this process
 * before. For START_AFTER_FORK, the caller forks the process afterwards.
 * Return: NULL, with the reason in @error, if the library cannot be in this state.
 */
struct exec *exec_new_in_state(struct start_state start, const char **error);
