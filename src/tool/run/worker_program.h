/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_WORKER_PROGRAM_H
#define TOOL_WORKER_PROGRAM_H

#include "tool/run/control_block.h"

/*
 * Runs the program of the control block in child processes, so that a crash or hang does not end
 * the worker, and fills in the execution record. REQUEST_REPORTS: prints the reports too.
 */
void worker_run_program(struct control_block *control);

#endif
