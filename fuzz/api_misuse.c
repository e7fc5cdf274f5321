/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The call `misuse` of fuzz_api: makes kinds of misuse, each with a task and pages of its own. A child
 * process is slow. So one child makes all kinds whose report can be caught (report_catch.h), and each of the
 * others has a child of its own.
 */
#include "fuzz/api_misuse.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/api.h"
#include "harness/detect/detector.h"
#include "harness/detect/report_catch.h"
#include "harness/library.h"
#include "harness/program/rule.h"
#include "harness/util/no_coverage.h"

NO_COVERAGE_BEGIN

/* ---- kinds whose report can be caught: all in one child ---- */

/* Only the reports of rules of page programs. */
static bool can_be_caught(size_t kind)
{
	const char *rule = misuse_get_rule(kind);

	return library_get()->calls_bug_hook && misuse_must_end_process(kind) && rule &&
	       rule_find(rule, strlen(rule)) != RULE_COUNT;
}

static void catch_report(size_t kind)
{
	char message[REPORT_LINE_SIZE + 100], line[REPORT_LINE_SIZE];

	if (report_catch(misuse_run_kind, (void *)(uintptr_t)kind, line) &&
	    api_is_report_of_child(line, misuse_get_rule(kind)))
		return;
	snprintf(message, sizeof(message), "%s: expected a report of %s by '%s', got '%s'",
		 misuse_get_name(kind), misuse_get_rule(kind), API_CHILD_TASK, line);
	api_end_child_with(message);
}

static void catch_reports(void *unused)
{
	(void)unused;
	for (size_t kind = 0; kind < misuse_kind_count; kind++)
		if (can_be_caught(kind))
			catch_report(kind);
}

/* ---- the other kinds: each in a child ---- */

static void run_kind_in_child(size_t kind)
{
	static unsigned int counts[MISUSE_KINDS_MAX];
	const char *rule = misuse_get_rule(kind);

	if (misuse_must_end_process(kind))
		api_maybe_check_misuse(&counts[kind], misuse_run_kind, (void *)(uintptr_t)kind, rule,
				       !rule || detector_has_asan());
}

/* The kinds of one call; together, few calls test all kinds. */
#define KINDS_PER_CALL 8

void api_run_misuse(const struct api_call *call)
{
	static unsigned int count;

	if (library_get()->calls_bug_hook)
		api_maybe_check_child(&count, catch_reports, NULL, false);
	for (size_t i = 0; i < KINDS_PER_CALL; i++) {
		size_t kind = (call->numbers[0] + i) % misuse_kind_count;

		if (!can_be_caught(kind))
			run_kind_in_child(kind);
	}
}

NO_COVERAGE_END
