/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

#define REPORT_LINE_SIZE 512

/*
 * The size of a struct page of src/page, in bytes. AddressSanitizer would report the use of a freed page
 * before the library does. So the struct page must not be poisoned during the call (detector_set_poisoned).
 */
#define STRUCT_PAGE_SIZE 32

/*
 * Calls @fn(@arg), which calls the page library. If the library reports that the call breaks a rule of page
 * programs, the process does not end: @report_line gets the line, and the call does not return to @fn. Only
 * for libraries that call page_bug_hook() (library.h). Not for several threads at the same time.
 * Return: whether the library reported; false: @fn returned
 */
bool report_catch(void (*fn)(void *arg), void *arg, char report_line[REPORT_LINE_SIZE]);
