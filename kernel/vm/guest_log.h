/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Reads reports of the guest's kernel from its log. */
#pragma once

#include <stdbool.h>

#define GUEST_LOG_LINE 160

/* Writes a line to the log, and so to the guest's console. */
void guest_log_write_program_name(const char *path);

/* Opens the log at its end. A child of fork() shares the position with its parent. */
void guest_log_open(void);

/*
 * Reads the new lines of the log. @report: gets the first line that reports an error of the kernel.
 * Return: false if no new line reports an error. Reports of KCSAN are no errors: they are about races.
 */
bool guest_log_find_report(char report[GUEST_LOG_LINE]);
