/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The resources that a process holds. Leaks of inputs make them grow. */
#ifndef TOOL_FOOTPRINT_H
#define TOOL_FOOTPRINT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "tool/run/kind.h"

enum footprint_part {
	FOOTPRINT_HEAP,	       /* bytes that were allocated and not freed */
	FOOTPRINT_DESCRIPTORS, /* the lowest free descriptor number */
	FOOTPRINT_MAPPINGS,    /* number of memory mappings */
	FOOTPRINT_RESIDENT,    /* resident bytes */
	FOOTPRINT_PARTS
};

/* The amount of FOOTPRINT_DESCRIPTORS if no descriptor number is free. */
#define FOOTPRINT_NO_DESCRIPTOR ((size_t)INT_MAX)

struct footprint {
	size_t amounts[FOOTPRINT_PARTS];
};

/* The name of a part, and the result of an input that makes the part grow. */
struct footprint_part_info {
	const char *name;
	enum result_kind kind;
};

extern const struct footprint_part_info footprint_parts[FOOTPRINT_PARTS];

/* Measures only the heap and the descriptors of this process, which is fast. */
void footprint_measure_heap(struct footprint *footprint);

/* Measures all parts. Exits the process if files in /proc cannot be read. */
void footprint_measure(struct footprint *footprint);

/* Return: the number of mappings of this process. Exits the process if /proc cannot be read. */
size_t footprint_count_mappings(void);

/* Return: bytes of process @pid that are resident; 0: not known. */
size_t footprint_read_resident_bytes(int pid);

/*
 * Return: how much the second order of all @inputs may add to a part of the footprint of a process of
 * the flavour.
 */
size_t footprint_find_allowance(const char *flavour, enum footprint_part part, size_t inputs);

/* Return: whether LeakSanitizer is linked. */
bool footprint_can_find_leaks(void);

/*
 * Runs LeakSanitizer, if it is linked, which searches memory that no pointer points to, and prints it on
 * standard error. This takes some milliseconds. Return: whether such memory was found.
 */
bool footprint_has_leaks(void);

#endif
