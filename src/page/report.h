/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef LIBPAGE_REPORT_H
#define LIBPAGE_REPORT_H

/*
 * page_bug() - report a broken rule and abort
 * @rule: its name in the program format
 * @what: one sentence, printf style
 *
 * One line on standard error, written by one write(2) so that lines of threads
 * that fail together do not mix. Allocates nothing.
 */
_Noreturn void page_bug(const char *rule, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

#endif
