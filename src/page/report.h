/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stddef.h>

/*
 * page_bug() - report a broken rule and abort
 * @rule: the name of the rule in page programs
 * @message_format: one sentence, printf style
 *
 * The report is one line on standard error. One call of write(2) writes the line, so that the lines of
 * threads that fail at the same time do not mix. The function does not allocate memory.
 *
 * The caller holds no lock and is in no hidden section (sync.h) if the rule is a rule of page programs. The
 * call that breaks the rule has then changed nothing but the reference count of a freed page, which the next
 * allocation of the frame sets.
 */
_Noreturn void page_bug(const char *rule, const char *message_format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A test harness may define this function, as page_sched_lock() of sync.h. page_bug() calls it with the line,
 * which ends with a newline and has no NUL, before it writes the line. If the function returns, page_bug()
 * writes the line and aborts. The function may instead jump back to the caller of the public function.
 */
void page_bug_hook(const char *line, size_t size) __attribute__((weak));
