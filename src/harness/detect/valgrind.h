/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The interface to Valgrind's race detectors, Helgrind and DRD, which watch a whole process from
 * outside. Without Valgrind's headers no build communicates with it.
 *
 * Helgrind and DRD do not know C11 atomics, so they report races on memory that the harness and the
 * library synchronise by atomics or by hidden waits. This module makes them ignore it.
 */
#ifndef HARNESS_VALGRIND_H
#define HARNESS_VALGRIND_H

#include <stdbool.h>
#include <stddef.h>

/* Return: whether this build can communicate with Valgrind. */
bool valgrind_is_supported(void);

/* Return: whether the process runs under Valgrind and can communicate with it. */
bool valgrind_is_present(void);

/* Return: the number of errors that Valgrind reported so far, repeated ones included. */
unsigned int valgrind_error_count(void);

/* Makes Valgrind ignore accesses to [addr, addr + len) until the memory is freed. */
void valgrind_ignore(const void *addr, size_t len);

/* Makes Valgrind ignore accesses to all static memory of the program. */
void valgrind_ignore_statics(void);

#endif
