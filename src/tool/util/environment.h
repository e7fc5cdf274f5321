/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_ENVIRONMENT_H
#define TOOL_ENVIRONMENT_H

#include <stdbool.h>

/*
 * Appends @options ("a=1:b=2") to the environment variable @variable, a list with colons such as
 * ASAN_OPTIONS, in which the last value of an option counts. Options of the user stay before @options. A
 * variable that ends with @options is not changed.
 * Return: false if there is no memory.
 */
bool environment_append_options(const char *variable, const char *options);

#endif
