/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The footprint of a process: its memory, descriptors and mappings. A leak makes the footprint grow. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "tool/run/kind.h"

enum footprint_part {
	FOOTPRINT_HEAP,        /* bytes that were allocated and not freed */
	FOOTPRINT_DESCRIPTORS, /* the lowest free descriptor number */
	FOOTPRINT_MAPPINGS,    /* number of memory mappings: footprint_count_mappings() */
	FOOTPRINT_RESIDENT,    /* resident bytes */
	FOOTPRINT_PARTS
};

/* The amount of FOOTPRINT_DESCRIPTORS if no descriptor number is free. */
#define FOOTPRINT_NO_DESCRIPTOR ((size_t)INT_MAX)

struct footprint {
	size_t amounts[FOOTPRINT_PARTS];
};

/* The name of a part of the footprint, and the result of an input that makes this part grow. */
struct footprint_part_name_and_kind {
	const char *name;
	enum result_kind kind;
};

extern const struct footprint_part_name_and_kind footprint_parts[FOOTPRINT_PARTS];

/* Measures only the heap and the descriptors of this process; is faster than footprint_measure(). */
void footprint_measure_heap_and_descriptors(struct footprint *footprint);

/* Measures all parts. Exits the process if files in /proc cannot be read. */
void footprint_measure(struct footprint *footprint);

/*
 * Adjacent mappings without a file count as one if their permissions are equal: the kernel joins and splits
 * such mappings at any time, for example in the shadow memory of ThreadSanitizer.
 * Return: the number of mappings of this process. Exits the process if /proc cannot be read.
 */
size_t footprint_count_mappings(void);

/* Return: the resident bytes of process @pid; 0 if the number cannot be read. */
size_t footprint_read_resident_bytes(int pid);

/*
 * Return: how much footprint.amounts[@part] may grow while a process of @flavour runs @rerun_input_count
 * inputs again, in a second order.
 */
size_t footprint_get_allowed_growth(const char *flavour, enum footprint_part part, size_t rerun_input_count);

/* Return: whether LeakSanitizer is linked with this binary. */
bool footprint_has_leak_sanitizer(void);

/*
 * Runs LeakSanitizer, if it is linked. LeakSanitizer takes some milliseconds, and prints a report. Return:
 * whether LeakSanitizer found memory that no pointer points to.
 */
bool footprint_run_leak_check(void);
