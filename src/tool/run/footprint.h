/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What this process holds of the system: what inputs leak makes it grow. */
#ifndef TOOL_FOOTPRINT_H
#define TOOL_FOOTPRINT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes that malloc() gave and free() did not get back. Cheap. */
size_t footprint_heap(void);

/* The lowest number that a descriptor would have now, or that none is free. Cheap. */
#define FOOTPRINT_NO_DESCRIPTOR INT_MAX
int footprint_descriptor(void);

/* Mappings, in lines of the kernel's list: a read of a file in /proc; without it, exits. */
size_t footprint_mappings(void);

/* Bytes that are resident; exits where the kernel does not report it. */
size_t footprint_resident(void);

/*
 * Asks LeakSanitizer, where it is, for memory that nothing points to any more; it prints
 * on standard error. Takes some milliseconds.
 * Return: is there any?
 */
bool footprint_lost(void);

/* Can it be asked? */
bool footprint_looks_for_lost(void);

#endif
