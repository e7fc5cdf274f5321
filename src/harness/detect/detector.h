/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_DETECTOR_H
#define HARNESS_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/rule.h"

/*
 * Finds the rule that the output of a terminated process names: in the library's own report
 * ("BUG: page: RULE: ...") or in a sanitizer's.
 * @report_line: gets the line with the report, cut to @size
 * Return: RULE_COUNT without a report of a known kind; @report_line is then the first line of an
 * unknown report, or empty.
 */
enum rule detector_find_rule(const char *output, char *report_line, size_t size);

/*
 * Finds the address at which an access failed: after "on address" in a sanitizer's report, or
 * in the line of detector_install_fault_handler().
 * Return: 0 if the output has no address.
 */
uintptr_t detector_find_fault_address(const char *output);

/*
 * Installs a handler: a segmentation fault prints its address to standard error and ends the
 * process.
 */
void detector_install_fault_handler(void);

/*
 * Disables the fuzzing engine's handlers in a child process that is expected to die, so that
 * the engine does not report that as a finding.
 */
void detector_disable_engine_handlers(void);

/* Return: whether this sanitizer is linked into the process. */
bool detector_has_asan(void);
bool detector_has_msan(void);

#endif
