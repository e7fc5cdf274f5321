/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A worker: a process of one flavour that runs inputs for the driver (worker_process.h). */
#ifndef TOOL_WORKER_H
#define TOOL_WORKER_H

#include <stddef.h>

/* Serves requests until the driver closes the pipe. Return: an exit status. */
int run_worker_main(void);

/*
 * Called before each input with its content, which a NUL need not end; NULL: nothing is called.
 * Only developers' binaries set it, to make inputs misbehave.
 */
extern void (*run_worker_input_hook)(const char *content, size_t size);

#endif
