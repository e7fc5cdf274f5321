/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/execution_end.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "harness/detect/detector.h"
#include "harness/util/no_coverage.h"

NO_COVERAGE_FILE_BEGIN

static execution_child_death_fn on_fatal_child_death;

void execution_set_child_death_callback(execution_child_death_fn fn)
{
	on_fatal_child_death = fn;
}

/* Writes how a child ended, or that it did not end in time, and the line of its report. */
#define EXECUTION_EXIT_TEXT 200
static const char *describe_child_exit(const struct isolated *child, unsigned int seconds,
				       char exit_text[EXECUTION_EXIT_TEXT])
{
	char report_line[160];

	detector_find_rule(child->output, report_line, sizeof(report_line));
	if (child->has_timed_out)
		snprintf(exit_text, EXECUTION_EXIT_TEXT, "still running after %u s", seconds);
	else if (child->signal == SIGXCPU)
		snprintf(exit_text, EXECUTION_EXIT_TEXT, "used up its CPU time");
	else if (child->signal)
		snprintf(exit_text, EXECUTION_EXIT_TEXT, "died of signal %d: %s", child->signal,
			 *report_line ? report_line : "no report");
	else
		snprintf(exit_text, EXECUTION_EXIT_TEXT, "ended with status %d: %s", child->exit_code,
			 *report_line ? report_line : "no report");
	return exit_text;
}

const char *execution_last_started_line_text(const struct execution *execution, const struct program *program)
{
	static char line[48];
	size_t call = execution->last_started_call;

	if (call >= program->count)
		return "before the first line";
	snprintf(line, sizeof(line), "%sline %u", execution->runs_on_threads ? "on threads, about " : "",
		 program->calls[call].line);
	return line;
}

/* Returns whether @output reports a fault at an address that the fatal call accesses. */
static bool is_fault_in_accessed_range(const struct execution *execution, const char *output)
{
	uintptr_t fault = detector_find_fault_address(output);

	return fault >= execution->accessed_from && fault < execution->accessed_to;
}

bool execution_check_child_exit(struct execution *execution, const struct program *program,
				const struct execution_options *options, const struct isolated *child)
{
	char exit_text[EXECUTION_EXIT_TEXT];

	if (child->has_returned)
		return true;
	checker_set_difference(&execution->fibers, "%s: %s",
			       execution_last_started_line_text(execution, program),
			       describe_child_exit(child, options->time_limit_seconds, exit_text));
	return false;
}

void execution_check_end_of_fatal_call(struct execution *execution, const struct program *program,
				       const struct execution_options *options,
				       const struct fatal_call *fatal_call, const struct isolated *child)
{
	char report_line[160], exit_text[EXECUTION_EXIT_TEXT];
	enum rule rule = detector_find_rule(child->output, report_line, sizeof(report_line));
	bool has_started = execution->last_started_call == fatal_call->call,
	     has_returned = has_started && child->has_returned;

	if (!has_returned && on_fatal_child_death)
		on_fatal_child_death(execution, child);
	execution->has_wrong_exit = true;
	execution->has_survived_fatal_call = has_returned && fatal_call->detectable != DETECTABLE_SOMETIMES;
	execution->has_timed_out = child->has_timed_out || child->signal == SIGXCPU;
	if (!has_started)
		checker_set_difference(&execution->fibers, "%s, before the fatal call: %s",
				       execution_last_started_line_text(execution, program),
				       describe_child_exit(child, options->time_limit_seconds, exit_text));
	else if (has_returned && fatal_call->detectable == DETECTABLE_SOMETIMES)
		execution->has_wrong_exit = false;
	else if (has_returned)
		checker_set_difference(&execution->fibers,
				       "line %u: expected the call to end the process with a report of "
				       "%s, but it returned",
				       program->calls[fatal_call->call].line,
				       rule_table[fatal_call->rule].name);
	else if (child->has_timed_out ||
		 (rule != fatal_call->rule && !is_fault_in_accessed_range(execution, child->output)))
		checker_set_difference(&execution->fibers, "%s: expected a report of %s, got: %s",
				       execution_last_started_line_text(execution, program),
				       rule_table[fatal_call->rule].name,
				       describe_child_exit(child, options->time_limit_seconds, exit_text));
	else {
		execution->fibers.seen |= RULE_BIT(fatal_call->rule);
		execution->has_wrong_exit = false;
	}
}

/* ---- a fatal call whose report was caught ---- */

static void check_caught_call(struct execution *execution, const struct exec_caught_call *caught,
			      const struct program *program, const struct execution_options *options,
			      const struct fatal_call *fatal_call)
{
	static struct isolated caught_end;

	if (!caught->was_made || caught->call != fatal_call->call) {
		checker_set_difference(&execution->fibers, "line %u: expected the fatal call to be made",
				       program->calls[fatal_call->call].line);
		return;
	}
	execution->last_started_call = caught->call;
	caught_end.has_returned = caught->has_returned;
	caught_end.signal = caught->has_returned ? 0 : SIGABRT;
	caught_end.exit_code = caught->has_returned ? 0 : -1;
	strcpy(caught_end.output, caught->report_line);
	execution_check_end_of_fatal_call(execution, program, options, fatal_call, &caught_end);
}

void execution_check_caught_call(struct execution *execution, struct checker *checker,
				 const struct program *program, const struct execution_options *options)
{
	const struct exec_caught_call *caught = exec_caught_call(checker->exec);

	for (size_t i = 0; i < execution->fatal_call_count; i++)
		if (execution->fatal_calls[i].can_be_caught && execution->fibers.result != CHECKER_DIFFERS)
			check_caught_call(execution, caught, program, options, &execution->fatal_calls[i]);
}

NO_COVERAGE_FILE_END
