/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/interleaving_child.h"

#include <stdio.h>
#include <string.h>

#include "harness/detect/detector.h"
#include "harness/util/isolate.h"
#include "harness/util/no_coverage.h"

/* No coverage counters: not every input gets a child process. */
NO_COVERAGE_BEGIN

static struct {
	const struct interleaving_request *request;
	struct interleaving_search_result *result; /* in shared memory */
	struct isolated child;
} current;

static void search_in_child(void *unused)
{
	(void)unused;
	detector_hide_child_death_from_engine();
	detector_make_faults_print_and_exit();
	interleaving_search_run(current.request, current.result);
}

/* The search did not end by itself: stores how the child process ended. */
static void describe_end_of_child(unsigned int timeout_seconds)
{
	struct interleaving_search_result *result = current.result;
	char report_line[200];

	detector_find_rule(current.child.output, report_line, sizeof(report_line));
	result->verdict = current.child.has_timed_out ? SEARCH_REFUSED : SEARCH_FOUND;
	if (current.child.has_timed_out)
		snprintf(result->text, sizeof(result->text),
			 "the search did not end in %u seconds (--timeout)", timeout_seconds);
	else if (*report_line)
		snprintf(result->text, sizeof(result->text), "crash: %s", report_line);
	else
		snprintf(result->text, sizeof(result->text),
			 "crash: the process died of signal %d (status %d)", current.child.signal,
			 current.child.exit_code);
}

const struct interleaving_search_result *interleaving_search_run_in_child(
	const struct interleaving_request *request, unsigned int timeout_seconds)
{
	if (!current.result)
		current.result = isolate_map_shared(sizeof(*current.result));
	if (!current.result)
		return NULL;
	current.request = request;
	current.result->verdict = SEARCH_CRASHED;
	current.result->execution_count = 0;
	current.result->needs_fork = false;
	current.result->start = request->start;
	current.result->last.decision_count = current.result->last.start_count = 0;
	if (!isolate_call(search_in_child, NULL, timeout_seconds, &current.child))
		return NULL;
	if (current.result->verdict == SEARCH_CRASHED)
		describe_end_of_child(timeout_seconds);
	return current.result;
}

const struct strategy *interleaving_find_strategy(const char *name)
{
	static const struct strategy *const strategies[] = { &strategy_dpor, &strategy_bounded, &strategy_pct,
							     &strategy_random };

	for (size_t i = 0; name && i < sizeof(strategies) / sizeof(strategies[0]); i++)
		if (!strcmp(strategies[i]->name, name))
			return strategies[i];
	return NULL;
}

NO_COVERAGE_END
