/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The interface to Helgrind and DRD, Valgrind's race detectors. Without Valgrind's headers, a build cannot
 * communicate with Valgrind, and the functions do nothing.
 *
 * Helgrind and DRD do not know C11 atomics. This module makes Helgrind and DRD ignore memory that the harness
 * and the library synchronise by atomics, because both tools would report races there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Return: whether Valgrind's headers were installed, so that this build can communicate with it. */
bool valgrind_is_supported(void);

/* Return: whether the process runs under Valgrind and can communicate with it. */
bool valgrind_is_present(void);

/* Return: the number of errors that Valgrind has reported so far, including repeated errors. */
unsigned int valgrind_error_count(void);

/* Makes Valgrind ignore accesses to [addr, addr + len) until the memory is freed. */
void valgrind_ignore_range(const void *addr, size_t len);

/* Makes Valgrind ignore accesses to all static memory of the program. */
void valgrind_ignore_static_memory(void);
