/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

#define REPORT_LINE_SIZE 512

/*
 * Calls @fn(@arg), which calls the page library. If the library reports that the call breaks a rule of page
 * programs, the process does not end: @report_line gets the line, and the call does not return to @fn. Only
 * for libraries that call page_bug_hook() (library.h). Not for several threads at the same time.
 * Return: whether the library reported; false: @fn returned
 */
bool report_catch(void (*fn)(void *arg), void *arg, char report_line[REPORT_LINE_SIZE]);
