/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/run.h"

#include <stdio.h>
#include <string.h>

#include "tool/run/input_list.h"
#include "tool/util/usage.h"

const char *run_input_name(const struct run *run, size_t input)
{
	return input_display_name(run->inputs.names[input]);
}

static void find_flavours(struct run *run)
{
	char path[PATH_MAX];

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!run->wanted_flavours[i])
			continue;
		if (flavour_find_binary(flavour_names[i], path, sizeof(path)))
			run->flavours[run->flavour_count++].flavour = flavour_names[i];
		else
			fprintf(stderr, "skipped: %s: this build has no pagetorture-%s\n",
				flavour_names[i], flavour_names[i]);
	}
}

static void announce_run(const struct run *run)
{
	const struct execution_options *execution = &run->options.execution;
	char flavours[FLAVOURS_TEXT] = "";

	for (unsigned int i = 0; i < run->flavour_count; i++)
		snprintf(flavours + strlen(flavours), sizeof(flavours) - strlen(flavours), "%s%s",
			 i ? ", " : "", run->flavours[i].flavour);
	log_command_message(run->command_name, "%zu input%s in %s, on %s, %u at a time",
			    run->inputs.count, run->inputs.count == 1 ? "" : "s", flavours,
			    !execution->threads  ? "fibers"
			    : !execution->fibers ? "threads"
						 : "fibers and on threads",
			    run->options.has_two_orders ? 1 : run->options.job_limit);
}

static int run_flavour(struct run *run, struct flavour_run *flavour)
{
	const char *name = flavour->flavour;

	if (!flavour_run_init(flavour, name, run->inputs.count) ||
	    !flavour_find_binary(name, run->options.binary_path, sizeof(run->options.binary_path)))
		return usage_error(run->command_name, "expected memory for %zu results, got none",
				   run->inputs.count);
	if (!engine_run(&run->options, &run->inputs, flavour))
		return usage_error(run->command_name,
				   "expected to start %s, and to get results of it",
				   run->options.binary_path);
	if (count_inputs_of_kind(flavour, RUN_unreadable))
		return EXIT_BAD;
	return count_failed_inputs(flavour) || *flavour->growth ? EXIT_FAILED : EXIT_GOOD;
}

/* Prints rows before failures, and totals after them. */
static int print_results(struct run *run, int status)
{
	if (run->must_print_rows)
		status = worse_exit_status(status, print_input_rows(run));
	print_failures(run);
	if (!run->must_print_rows && !run->must_print_json)
		print_totals(run);
	fflush(stdout);
	if (run->results.path && !write_json_lines(run, status == EXIT_GOOD))
		status = EXIT_BAD;
	return status;
}

static int run_flavours(struct run *run)
{
	int status = EXIT_GOOD;

	for (unsigned int i = 0; i < run->flavour_count; i++) {
		status = worse_exit_status(status, run_flavour(run, &run->flavours[i]));
		if (!run->flavours[i].records)
			run->flavour_count = i;
	}
	status = print_results(run, status);
	for (unsigned int i = 0; i < run->flavour_count; i++)
		flavour_run_destroy(&run->flavours[i]);
	return status;
}

int run_inputs(struct run *run, char **arguments)
{
	int status;

	find_flavours(run);
	if (!run->flavour_count)
		return usage_error(run->command_name, "expected a flavour that this build has");
	status = input_list_init(&run->inputs, arguments, !run->must_keep_order) ? EXIT_GOOD
										 : EXIT_BAD;
	if (run->inputs.count > 1 || (run->inputs.count && !run->must_print_rows))
		announce_run(run);
	if (run->inputs.count)
		status = worse_exit_status(status, run_flavours(run));
	else if (status == EXIT_GOOD)
		status = usage_error(run->command_name, "expected at least one input, got none");
	file_list_destroy(&run->inputs);
	return status;
}
