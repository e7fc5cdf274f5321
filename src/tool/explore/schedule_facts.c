/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/explore/schedule_facts.h"

#include "tool/explore/switches.h"
#include "tool/run/runner.h"

static void write_result(struct json *out, const struct program *program,
			 const struct interleaving_search_result *result)
{
	static struct switches switches;
	static const char *const verdicts[] = {
		[SEARCH_CRASHED] = "not run",
		[SEARCH_CLEAN] = "clean",
		[SEARCH_FOUND] = "failed",
		[SEARCH_REFUSED] = "not run",
	};

	json_text(out, "verdict", verdicts[result->verdict]);
	json_text(out, "text", result->text);
	json_bool(out, "has_one_outcome", !result->has_unchecked_outcomes && result->outcome_count == 1);
	switches.count = 0;
	if (result->verdict != SEARCH_REFUSED)
		switches_find(&result->last, &switches);
	switches_write_json(out, program, &switches);
}

void run_schedule_and_write_facts(struct json *out, const struct program *program,
				  unsigned int timeout_seconds)
{
	static const struct interleaving_search_result no_flavour = {
		.verdict = SEARCH_REFUSED,
		.text = "this build has no flavour tsan",
	};
	static const struct interleaving_search_result no_result = {
		.verdict = SEARCH_REFUSED,
		.text = "the flavour tsan returned no result",
	};
	static struct flavour_runners runners;
	static const bool wanted_flavours[FLAVOURS_MAX] = { [FLAVOUR_TSAN] = true };
	const struct interleaving_search_result *result = &no_flavour;

	if (!deviations_are_given(&program->schedule)) {
		json_text(out, "schedule_run", NULL);
		return;
	}
	runners.timeout_seconds = timeout_seconds;
	if (runners_find_binaries(&runners, wanted_flavours)) {
		result = runner_explore(&runners, program, NULL, 1);
		result = result ? result : &no_result;
	}
	json_begin_object(out, "schedule_run");
	write_result(out, program, result);
	json_end(out);
	runners_destroy(&runners);
}
