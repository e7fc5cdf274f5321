/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Runs the interleaving of a program's schedule (deviations.h), besides the execution in the order of the
 * lines. Only the flavour tsan can run a schedule.
 *
 * In a process that was forked from a process with fibers, ThreadSanitizer ignores all accesses, and reports
 * no race. So the schedule runs in a child of a process that has executed no program.
 */
#pragma once

#include "tool/run/control_block.h"

/* Return: whether this process must run the schedule of the program: no difference was found so far. */
bool must_run_schedule(const struct execution *execution, const struct execution_options *options,
		       const struct program *program);

/* Stores a difference if the schedule failed, or did not fit. @result: NULL: the schedule was not run. */
void compare_schedule_result(struct execution *execution, const struct interleaving_search_result *result);

/* Runs the schedule in a new worker of this binary, and compares the result. For a worker that has fibers. */
void run_schedule_in_new_worker(struct execution *execution, const struct execution_options *options,
				const struct program *program);
