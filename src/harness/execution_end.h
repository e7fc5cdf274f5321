/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How a process that made a fatal call ended, and how it must end (step 3 of execution.h). */
#pragma once

#include "harness/execution.h"

/*
 * Stores a difference if the child ended in another way than @fatal_call must end it: in time, at this call,
 * with a report of its rule or a fault at the accessed bytes. @child: the child, or the end that a child
 * would have had, if its report was caught.
 */
void execution_check_end_of_fatal_call(struct execution *execution, const struct program *program,
				       const struct execution_options *options,
				       const struct fatal_call *fatal_call, const struct isolated *child);

/*
 * Compares how the fatal calls that step 2 made, and whose reports it caught, would have ended the process
 * with the expected end.
 */
void execution_check_caught_call(struct execution *execution, struct checker *checker,
				 const struct program *program, const struct execution_options *options);
