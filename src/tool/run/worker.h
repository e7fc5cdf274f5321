/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A worker: a process of one flavour that runs inputs for the driver (worker_process.h). */
#ifndef TOOL_WORKER_H
#define TOOL_WORKER_H

#include "tool/run/control_block.h"

/* Serves requests until the driver closes the socket. Return: an exit status. */
int run_worker_main(void);

/*
 * Called before each input with its content, which a NUL need not end; NULL: nothing is called.
 * Only developers' binaries set it, to make inputs misbehave.
 */
extern void (*run_worker_input_hook)(const char *content, size_t size);

/*
 * Runs the program of the control block in child processes, so that a crash or hang does not end
 * the worker, and fills in the execution record. REQUEST_REPORTS: prints the reports too.
 */
void worker_run_program(struct control_block *control);

#endif
