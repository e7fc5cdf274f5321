/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/detect/detector.h"
#include "harness/exec/exec.h"
#include "harness/interleaving_child.h"
#include "harness/util/shell_word.h"
#include "tool/report/report.h"
#include "tool/run/control_block.h"
#include "tool/run/schedule.h"

static struct {
	struct control_block *control;
	struct program program;
	struct isolated child; /* the child process that executes the program */
} current;

/* ---- stacks ---- */

/* Return: whether @module, with or without its directory, is this binary. */
static bool is_own_module(const char *module)
{
	const char *slash = strrchr(module, '/'), *own = strrchr(running_binary_path(), '/');

	return own && !strcmp(slash ? slash + 1 : module, own + 1);
}

/* Converts the return addresses of @stack to offsets of the call instructions in the binary. */
static void set_call_and_stack(struct execution_site *site, size_t call, const uintptr_t *stack)
{
	site->call = call;
	for (size_t i = 0; i < RACE_REPORT_STACK && stack[i]; i++)
		symbols_append_return_address(site->stack, stack[i]);
}

static void append_own_frame_offsets(struct execution_site *site, const struct report *report)
{
	for (size_t i = 0; report->site_count && i < report->sites[0].frame_count; i++)
		if (is_own_module(report->sites[0].frames[i].module))
			symbols_append_offset(site->stack, report->sites[0].frames[i].offset);
}

/* ---- the record ---- */

static void set_death_kind_and_stack(struct execution_death *death, const struct isolated *child)
{
	struct report report;

	if (report_parse_first(child->output, &report)) {
		strcpy(death->kind, report.kind);
		append_own_frame_offsets(&death->site, &report);
	} else if (child->has_timed_out) {
		strcpy(death->kind, "timeout");
	} else if (detector_find_fault_address(child->output)) {
		strcpy(death->kind, "SEGV");
	} else {
		snprintf(death->kind, sizeof(death->kind), "%s-%d", child->signal ? "signal" : "exit",
			 child->signal ? child->signal : child->exit_code);
	}
}

/* Records the death of a child process, and prints its output for REQUEST_REPORTS. */
static void record_death(const struct execution *execution, const struct isolated *child)
{
	struct execution_record *record = &current.control->record;

	if (current.control->request == REQUEST_REPORTS)
		fputs(child->output, stdout);
	if (record->death_count == EXECUTION_DEATHS_MAX)
		return;
	record->deaths[record->death_count].site.call = execution->last_started_call;
	set_death_kind_and_stack(&record->deaths[record->death_count], child);
	record->death_count++;
}

/* Records the result and the first race. If no recorded death explains a difference, record->why does. */
static void record_result_and_race(const struct execution *execution)
{
	struct execution_record *record = &current.control->record;
	const struct checker_report *worst = execution_get_differing_or_fiber_report(execution);

	record->result = worst->result;
	if (execution->has_race) {
		set_call_and_stack(&record->race[0], execution->race.call, execution->race.stacks[0]);
		set_call_and_stack(&record->race[1], execution->race_first_call, execution->race.stacks[1]);
	}
	if (!record->death_count || worst->result != CHECKER_DIFFERS || execution->has_survived_fatal_call ||
	    worst == &execution->threads)
		snprintf(record->why, sizeof(record->why), "%s%s",
			 worst == &execution->threads ? "on threads: " : "", worst->difference_or_miss_text);
}

/* ---- executing ---- */

/* Executes the program; runs in the child process. */
static void execute_program_in_child(void *ctx)
{
	struct checker *check = checker_new();

	(void)ctx;
	if (!check) {
		fprintf(stderr, "expected memory for the check\n");
		exit(1);
	}
	execution_evaluate_and_run(&current.control->execution, check, &current.program,
				   &current.control->options);
	checker_delete(check);
}

static void execute_in_child_and_record_death(void)
{
	struct execution *execution = &current.control->execution;
	const struct execution_options *options = &current.control->options;

	current.child.output[0] = '\0';
	if (!isolate_call(execute_program_in_child, NULL, options->time_limit_seconds, &current.child))
		checker_set_difference(&execution->fibers, "expected a child process, got none");
	else if (!execution_check_child_exit(execution, &current.program, options, &current.child))
		record_death(execution, &current.child);
	else if (current.control->request == REQUEST_REPORTS)
		fputs(current.child.output, stdout);
}

/* ---- interleavings ---- */

/* Explores the program with the strategy; NULL: runs the program's schedule. */
static void explore_in_child(struct control_block *control, const struct strategy *strategy, uint64_t limit)
{
	const struct interleaving_request request = {
		.program = &control->program,
		.execution_limit = limit,
		.seed = 1,
		.only = strategy,
		.deviations = strategy ? NULL : &control->program.schedule,
		.start = control->program.schedule.start,
	};
	const struct interleaving_search_result *result =
		interleaving_search_run_in_child(&request, control->options.time_limit_seconds);

	if (result) {
		control->interleavings = *result;
		return;
	}
	control->interleavings.verdict = SEARCH_REFUSED;
	strcpy(control->interleavings.text, "expected a child process, got none");
}

/* ---- requests ---- */

void worker_run_program_in_children(struct control_block *control)
{
	current.control = control;
	current.program = control->program;
	execution_record_init(&control->record);
	execution_reset(&control->execution);
	execution_set_child_death_callback(record_death);
	exec_set_races_printed_only(control->request == REQUEST_REPORTS);
	execute_in_child_and_record_death();
	if (must_run_schedule(&control->execution, &control->options, &current.program)) {
		explore_in_child(control, NULL, 1);
		compare_schedule_result(&control->execution, &control->interleavings);
	}
	execution_run_fatal_calls(&control->execution, NULL, &current.program, &control->options);
	record_result_and_race(&control->execution);
	fflush(stdout);
}

void worker_explore_interleavings_in_child(struct control_block *control)
{
	explore_in_child(control, interleaving_find_strategy(control->strategy_name),
			 control->interleaving_limit);
}
