/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_ENVIRONMENT_H
#define TOOL_ENVIRONMENT_H

#include <stdbool.h>

/*
 * Appends @options ("a=1:b=2") to the environment variable @variable, a list with colons such as
 * ASAN_OPTIONS, in which the last word counts. What the user has put there stays before it. A
 * variable that ends with @options already stays as it is.
 * Return: false without memory.
 */
bool environment_append_options(const char *variable, const char *options);

#endif
