/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_DETECTOR_H
#define HARNESS_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/rule.h"

/*
 * The rule that the report of a dying process names: the library's own report
 * ("BUG: page: RULE: ...") or a sanitizer's.
 * @line: gets the line that says so, cut to @size
 * Return: RULE_COUNT when no report of a known kind is there; @line is then the first
 * line of an unknown report, or empty.
 */
enum rule detector_find_rule(const char *output, char *line, size_t size);

/*
 * The address at which an access failed: a sanitizer's "on address", or a segmentation
 * fault that detector_report_faults() told. Return: 0 if there is none.
 */
uintptr_t detector_find_fault(const char *output);

/* From now on a segmentation fault says where it is, on standard error, and ends all. */
void detector_report_faults(void);

/*
 * For a process that was forked from an engine and is to die: the engine's handlers, which
 * would take that for a finding, hear nothing of it.
 */
void detector_disable_engine_handlers(void);

/* Does that sanitizer watch this process? */
bool detector_has_asan(void);
bool detector_has_msan(void);

#endif
