/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/rule.h"

/*
 * Finds a report of the page library (`BUG: page: RULE: ...`) or of a sanitizer in the output of a process.
 * @report_line: receives the line with the report, truncated to @size bytes; empty if there is no report.
 * Return: the broken rule; RULE_COUNT if the output has no report, or its report names no rule
 */
enum rule detector_find_rule(const char *output, char *report_line, size_t size);

/*
 * Finds the address of a failed access in a sanitizer's report, or in the line that the handler of
 * detector_make_faults_print_and_exit() printed.
 * Return: the address; 0 if @output contains no such address
 */
uintptr_t detector_find_fault_address(const char *output);

/* Installs a handler of SIGSEGV and SIGBUS that prints the fault's address on stderr and ends the process. */
void detector_make_faults_print_and_exit(void);

/*
 * Asks the system for the stack of this thread. The function above does it, too, but only once in a thread. A
 * process that forks many children asks before, because the question takes as long as a small fork().
 */
void detector_find_own_stack(void);

/*
 * Makes a report of AddressSanitizer one line, which has what the functions above search for. Printing stacks
 * and shadow memory takes longer than the rest of a small process.
 */
void detector_shorten_reports(void);

/*
 * Removes the fuzzing engine's handlers from a child process that is expected to die, so that the engine does
 * not report the child's death as a finding.
 */
void detector_hide_child_death_from_engine(void);

/* Return: whether AddressSanitizer, MemorySanitizer or ThreadSanitizer is linked into the process. */
bool detector_has_asan(void);
bool detector_has_msan(void);
bool detector_has_tsan(void);

/*
 * Return: whether AddressSanitizer would report an access to [addr, addr + len); false in other builds. The
 * poison, not the address, decides: an access to unmapped memory is a fault.
 */
bool detector_is_poisoned(const void *addr, size_t len);

/* Poisons or unpoisons [addr, addr + len); in builds without AddressSanitizer, does nothing. */
void detector_set_poisoned(const void *addr, size_t len, bool is_poisoned);

/* Return: how AddressSanitizer's report of an access to poisoned memory begins. */
const char *detector_poison_report_text(void);
