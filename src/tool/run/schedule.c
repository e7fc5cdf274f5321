/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/schedule.h"

#include <stdio.h>
#include <string.h>

#include "harness/detect/detector.h"
#include "harness/detect/tsan.h"
#include "harness/exec/exec.h"
#include "harness/util/shell_word.h"
#include "tool/run/runner.h"

bool must_run_schedule(const struct execution *execution, const struct execution_options *options,
		       const struct program *program)
{
	return options->fibers && deviations_are_given(&program->schedule) && tsan_is_present() &&
	       !strcmp(exec_backend_name(), "direct") && execution->fibers.result != CHECKER_DIFFERS &&
	       execution->threads.result != CHECKER_DIFFERS;
}

void compare_schedule_result(struct execution *execution, const struct interleaving_search_result *result)
{
	char start[START_MESSAGE_TEXT];

	if (!result)
		checker_set_difference(&execution->fibers, "expected a process for the schedule, got none");
	if (!result || result->verdict == SEARCH_CLEAN)
		return;
	start_state_to_message_begin(result->start, start);
	checker_set_difference(&execution->fibers, "schedule: %s%s", start, result->text);
}

void run_schedule_in_new_worker(struct execution *execution, const struct execution_options *options,
				const struct program *program)
{
	static struct flavour_runners runners;

	runners.timeout_seconds = options->time_limit_seconds;
	runners.is_available[FLAVOUR_TSAN] = true;
	snprintf(runners.list[FLAVOUR_TSAN].binary_path, sizeof(runners.list[FLAVOUR_TSAN].binary_path), "%s",
		 running_binary_path());
	compare_schedule_result(execution, runner_explore(&runners, program, NULL, 1));
	runners_destroy(&runners);
}
