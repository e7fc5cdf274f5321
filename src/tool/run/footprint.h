/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What a process holds of the system: what inputs leak makes it grow. */
#ifndef TOOL_FOOTPRINT_H
#define TOOL_FOOTPRINT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "tool/run/kind.h"

enum footprint_part {
	FOOTPRINT_HEAP,	       /* bytes that malloc() gave and free() did not get back */
	FOOTPRINT_DESCRIPTORS, /* the lowest number that a descriptor would have now */
	FOOTPRINT_MAPPINGS,    /* lines of the kernel's list */
	FOOTPRINT_RESIDENT,    /* bytes */
	FOOTPRINT_PARTS
};

/* All descriptors are open. */
#define FOOTPRINT_NO_DESCRIPTOR ((size_t)INT_MAX)

struct footprint {
	size_t amounts[FOOTPRINT_PARTS];
};

/* The name of a part, and the result of an input that makes it grow. */
extern const struct footprint_part_info {
	const char *name;
	enum result_kind kind;
} footprint_parts[FOOTPRINT_PARTS];

/* Measures heap and descriptors of this process, which is cheap. */
void footprint_measure_heap(struct footprint *footprint);

/* Measures all parts: reads files in /proc, and without them exits. */
void footprint_measure(struct footprint *footprint);

/* Return: the number of mappings of this process; without /proc it exits. */
size_t footprint_count_mappings(void);

/* Return: bytes of process @pid ("self": this one) that are resident; 0: not known. */
size_t footprint_read_resident_bytes(const char *pid);

/*
 * How much of a part a second order of all @inputs may add to the footprint of a process of the
 * flavour.
 */
size_t footprint_find_allowance(const char *flavour, enum footprint_part part, size_t inputs);

/* Is LeakSanitizer linked? */
bool footprint_can_find_leaks(void);

/*
 * Asks LeakSanitizer, if it is linked, for memory that nothing points to any more; it prints on
 * standard error. Takes some milliseconds. Return: is there any?
 */
bool footprint_has_leaks(void);

#endif
