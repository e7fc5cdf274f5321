/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/rule.h"

/*
 * Finds a report in the output of a process: of the page library ("BUG: page: RULE: ...") or of
 * a sanitizer.
 * @report_line: the function stores the line of the report here, cut to @size; empty without a
 * report
 * Return: the broken rule; RULE_COUNT if the output has no report, or its report names no rule
 */
enum rule detector_find_rule(const char *output, char *report_line, size_t size);

/*
 * Finds the address at which an access failed, in a sanitizer's report (after "on address") or in
 * the line that the handler of detector_install_fault_handler() printed.
 * Return: the address; 0 if the output has none
 */
uintptr_t detector_find_fault_address(const char *output);

/* A fault (SIGSEGV, SIGBUS) then prints its address on standard error and exits. */
void detector_install_fault_handler(void);

/*
 * Removes the handlers of the fuzzing engine from a child process that is expected to die, so that
 * the engine does not report its death as a finding.
 */
void detector_disable_engine_handlers(void);

/* Return: whether AddressSanitizer or MemorySanitizer is linked into the process. */
bool detector_has_asan(void);
bool detector_has_msan(void);
