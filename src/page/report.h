/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

/*
 * page_bug() - report a broken rule and abort
 * @rule: the name of the rule in page programs
 * @message_format: one sentence, printf style
 *
 * The report is one line on standard error. One call of write(2) writes the line, so that the lines of
 * threads that fail at the same time do not mix. The function does not allocate memory.
 */
_Noreturn void page_bug(const char *rule, const char *message_format, ...)
	__attribute__((format(printf, 2, 3)));
