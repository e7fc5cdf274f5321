/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/runner.h"

#include <string.h>

#include "tool/report/symbols.h"

/* Starts a worker that executes programs, each in one or more child processes. */
static bool start_program_worker(const struct flavour_runners *runners, struct run_worker *worker,
				 const char *binary_path, bool runs_one_input)
{
	const struct run_worker_options options = {
		.binary_path = binary_path,
		.request = REQUEST_PROGRAM,
		.execution = { .run_count = 1,
			       .time_limit_seconds = runners->timeout_seconds,
			       .fibers = true,
			       .threads = runners->must_use_threads },
		.position_time_limit_seconds = 4 * runners->timeout_seconds,
		.runs_one_input = runs_one_input,
		.must_print_stacks = true,
	};

	return run_worker_start(worker, &options);
}

bool runners_find_binaries(struct flavour_runners *runners, const bool *wanted)
{
	bool any = false;

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		struct flavour_runner *runner = &runners->list[i];

		memset(runner, 0, sizeof(*runner));
		runners->is_available[i] =
			(!wanted || wanted[i]) && flavour_find_binary(flavour_names[i], runner->binary_path,
								      sizeof(runner->binary_path));
		any |= runners->is_available[i];
	}
	return any;
}

/* ---- running ---- */

/* Ends texts with NUL: a damaged worker may have written anything. Return: false if a number is invalid. */
static bool terminate_texts_and_check_record(struct execution_record *record)
{
	for (size_t i = 0; i < 2; i++)
		record->race[i].stack[sizeof(record->race[i].stack) - 1] = '\0';
	for (size_t i = 0; i < EXECUTION_DEATHS_MAX; i++) {
		struct execution_death *death = &record->deaths[i];

		death->kind[sizeof(death->kind) - 1] = '\0';
		death->site.stack[sizeof(death->site.stack) - 1] = '\0';
	}
	record->why[sizeof(record->why) - 1] = '\0';
	return record->death_count <= EXECUTION_DEATHS_MAX && record->result <= CHECKER_DIFFERS;
}

static bool run_program_once(const struct flavour_runners *runners, struct flavour_runner *runner,
			     const struct program *program, struct execution_record *record)
{
	if (!runner->worker.pid &&
	    !start_program_worker(runners, &runner->worker, runner->binary_path, false))
		return false;
	if (!run_worker_send_program_and_wait(&runner->worker, program, REQUEST_PROGRAM))
		return false;
	*record = runner->worker.control->record;
	return terminate_texts_and_check_record(record);
}

void runner_execute(struct flavour_runners *runners, unsigned int flavour, const struct program *program,
		    struct execution_record *record)
{
	struct flavour_runner *runner = &runners->list[flavour];

	for (unsigned int attempt = 0; attempt < 2; attempt++) {
		if (run_program_once(runners, runner, program, record))
			return;
		run_worker_kill_and_release(&runner->worker);
	}
	execution_record_init(record);
	record->result = CHECKER_DIFFERS;
	strcpy(record->why, "no result");
}

/* ---- interleavings ---- */

static bool is_thread(uint8_t thread)
{
	return thread > THREAD_MAIN && thread < PROGRAM_THREADS;
}

static bool is_valid_decision(const struct decision *decision, const struct program *program)
{
	return (is_thread(decision->chosen) || decision->chosen == THREAD_MAIN) &&
	       (decision->running < PROGRAM_THREADS || decision->running == NO_THREAD) && decision->enabled &&
	       decision->call < program->count && decision->stopped_call < program->count &&
	       decision->stopped_kind < POINT_KINDS;
}

/* Ends texts with NUL: a damaged worker may have written anything. Return: false if a number is invalid. */
static bool terminate_texts_and_check_result(struct interleaving_search_result *result,
					     const struct program *program)
{
	const struct interleaving *last = &result->last;

	result->text[sizeof(result->text) - 1] = '\0';
	result->strategy_name[sizeof(result->strategy_name) - 1] = '\0';
	if (result->verdict <= SEARCH_CRASHED || result->verdict > SEARCH_REFUSED ||
	    last->decision_count > DECISIONS_MAX || last->start_count > PROGRAM_CALLS)
		return false;
	for (size_t i = 0; i < last->start_count; i++)
		if (last->starts[i].thread >= PROGRAM_THREADS)
			return false;
	for (size_t i = 0; i < last->decision_count; i++)
		if (!is_valid_decision(&last->decisions[i], program))
			return false;
	return true;
}

const struct interleaving_search_result *runner_explore(struct flavour_runners *runners,
							const struct program *program,
							const char *strategy_name, uint32_t limit)
{
	struct flavour_runner *runner = &runners->list[FLAVOUR_TSAN];
	struct control_block *control;

	if (!runners->is_available[FLAVOUR_TSAN] ||
	    (!runner->worker.pid &&
	     !start_program_worker(runners, &runner->worker, runner->binary_path, false)))
		return NULL;
	control = runner->worker.control;
	snprintf(control->strategy_name, sizeof(control->strategy_name), "%s",
		 strategy_name ? strategy_name : "");
	control->interleaving_limit = limit;
	control->interleavings.verdict = SEARCH_CRASHED;
	if (run_worker_send_program_and_wait(&runner->worker, program, REQUEST_INTERLEAVINGS) &&
	    terminate_texts_and_check_result(&control->interleavings, program))
		return &control->interleavings;
	run_worker_kill_and_release(&runner->worker);
	return NULL;
}

/* ---- reports ---- */

void runner_execute_and_print_reports(const struct flavour_runners *runners, unsigned int flavour,
				      const struct program *program, FILE *out)
{
	static struct run_worker worker;

	if (!start_program_worker(runners, &worker, runners->list[flavour].binary_path, true)) {
		fputs("expected a process for the reports, got none\n", out);
		return;
	}
	run_worker_send_program_and_wait(&worker, program, REQUEST_REPORTS);
	fputs(worker.output, out);
	run_worker_kill_and_release(&worker);
}

/* ---- descriptions ---- */

void runner_describe_disagreement(const struct flavour_runners *runners, unsigned int flavour,
				  const struct program *program, const struct execution_record *record,
				  char text[DISAGREEMENT_TEXT])
{
	const struct execution_death *death =
		&record->deaths[record->death_count ? record->death_count - 1 : 0];
	char library_functions[REPORT_INNERMOST_TEXT];

	text[0] = '\0';
	if (*record->why || !record->death_count) {
		snprintf(text, DISAGREEMENT_TEXT, "%s", *record->why ? record->why : "no result");
		return;
	}
	symbols_format_library_functions(runners->list[flavour].binary_path, death->site.stack,
					 library_functions);
	if (death->site.call < program->count)
		snprintf(text, DISAGREEMENT_TEXT, "line %u: ", program->calls[death->site.call].line);
	snprintf(text + strlen(text), DISAGREEMENT_TEXT - strlen(text), "%s ends the process%s%s",
		 death->kind, *library_functions ? ", in " : "", library_functions);
}

void runners_destroy(struct flavour_runners *runners)
{
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		run_worker_kill_and_release(&runners->list[i].worker);
}
