/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

/*
 * Appends @options ("a=1:b=2") to the environment variable @variable, for example ASAN_OPTIONS. If the
 * variable then has two values for an option, the last value counts. A variable that already ends with
 * @options does not change.
 * Return: false if there is no memory.
 */
bool environment_append_options_once(const char *variable, const char *options);
