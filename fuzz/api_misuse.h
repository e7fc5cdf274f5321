/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The kinds of misuse of fuzz_api: what must end a process. Each is a number below misuse_kind_count. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MISUSE_KINDS_MAX 128

extern const size_t misuse_kind_count; /* at most MISUSE_KINDS_MAX */

/* Makes a task and pages, and misuses them. @kind: the number, as a pointer. */
void misuse_run_kind(void *kind);

/* Return: the rule of the library's report; "": any rule; NULL: a signal or the sanitizer ends the process.
 */
const char *misuse_get_rule(size_t kind);

/* Return: the name of the function that misuses the library. */
const char *misuse_get_name(size_t kind);

/* Return: whether the kind must end the process, with this backend and this sanitizer. */
bool misuse_must_end_process(size_t kind);
