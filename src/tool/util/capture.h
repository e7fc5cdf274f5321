/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_CAPTURE_H
#define TOOL_CAPTURE_H

#include "harness/util/isolate.h"

/*
 * Executes @path with @argv in a child process, with @options for the sanitizers.
 * Return: false if the system refuses a child, or cannot execute @path.
 */
bool capture_output(const char *path, char *const argv[], const char *options, unsigned int seconds,
		    struct isolated *child);

#endif
