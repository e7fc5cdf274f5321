/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Catches reports of the page library by a jump out of page_bug() (page/report.h).
 *
 * Why the process can go on after the jump, in every flavour and with both backends:
 *
 * 1. A call that breaks a rule of page programs reports it before it changes the state of a task, a mapping,
 *    a page's bytes or the arena: page_live_or_bug(), page_mappable_at_or_bug(), task_has_room() and
 *    task_pop() come first. A backend is not called. page_get() and page_free() of a freed page change its
 *    reference count, which nothing uses until the next allocation of the frame sets it.
 * 2. The library holds no lock at the report, and is in no hidden section. Reports of other kinds (no memory
 *    for mappings, an environment variable) may hold a lock: only names of rules are caught.
 * 3. ThreadSanitizer and AddressSanitizer intercept setjmp() and longjmp(), so ThreadSanitizer's stack of
 *    calls and AddressSanitizer's shadow of the stack are those of report_catch() again. The jump stays on
 *    one fiber.
 * 4. MemorySanitizer does not see the second return of setjmp(): nothing depends on its result, and no local
 *    variable changes after it.
 * 5. The report is made on the stack: the jump leaks no memory.
 *
 * The executor compares all pages with the model after the jump (exec_fiber.c), so a call that reports and
 * also changes a page is a difference.
 */
#include "harness/detect/report_catch.h"

#include <setjmp.h>
#include <stddef.h>
#include <string.h>

#include "harness/detect/detector.h"
#include "harness/util/bytes.h"

static struct {
	jmp_buf caller;
	char *report_line; /* NULL: reports are not caught now */
} catcher;

/* The library declares this function (page/report.h). */
void page_bug_hook(const char *line, size_t size);
void page_bug_hook(const char *line, size_t size)
{
	char *report_line = catcher.report_line, ignored_line[1];

	if (!report_line || size >= REPORT_LINE_SIZE)
		return;
	bytes_copy(report_line, line, size);
	report_line[size] = '\0';
	if (detector_find_rule(report_line, ignored_line, sizeof(ignored_line)) == RULE_COUNT) {
		report_line[0] = '\0';
		return;
	}
	catcher.report_line = NULL;
	longjmp(catcher.caller, 1);
}

bool report_catch(void (*fn)(void *arg), void *arg, char report_line[REPORT_LINE_SIZE])
{
	report_line[0] = '\0';
	catcher.report_line = report_line;
	setjmp(catcher.caller);
	/* The jump comes back with a report, and does not call @fn again. */
	if (!report_line[0])
		fn(arg);
	catcher.report_line = NULL;
	return report_line[0];
}
