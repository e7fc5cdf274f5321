/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The seam to Valgrind's race detectors, Helgrind and DRD, which watch a whole process
 * from outside. Two implementations: valgrind_real.c in the plain flavour, where
 * Valgrind's headers are there, and valgrind_none.c elsewhere.
 *
 * They take every plain access for one that can race, and know no C11 atomics. So what
 * is the harness's and the library's own business, and synchronised by atomics or by
 * waits that no detector is to see, is hidden from them by its address.
 */
#ifndef HARNESS_VALGRIND_H
#define HARNESS_VALGRIND_H

#include <stdbool.h>
#include <stddef.h>

/* Can this build talk to Valgrind? */
bool valgrind_supported(void);

/* Does this process run under Valgrind, in a build that can talk to it? */
bool valgrind_present(void);

/* Errors that Valgrind reported so far, equal ones too. */
unsigned int valgrind_errors(void);

/* Accesses to [addr, addr + len) are nobody's business, until the memory is freed. */
void valgrind_ignore(const void *addr, size_t len);

/* The same for all static memory of the program. */
void valgrind_ignore_statics(void);

#endif
