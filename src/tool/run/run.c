/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/run.h"

#include <getopt.h>
#include <string.h>

#include "harness/program/program_name.h"
#include "harness/util/cpus.h"
#include "tool/run/input_list.h"
#include "tool/run/control_block.h"
#include "tool/run/kernel_flavour.h"
#include "tool/util/clock.h"
#include "tool/util/options.h"
#include "tool/util/usage.h"

const char *run_input_name(const struct run *run, size_t input)
{
	return input_display_name(run->inputs.names[input]);
}

static void select_built_flavours(struct run *run)
{
	char path[PATH_MAX];

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!run->wanted_flavours[i])
			continue;
		run->wanted_flavours[i] = flavour_find_binary(flavour_names[i], path, sizeof(path));
		if (run->wanted_flavours[i])
			run->flavours[run->flavour_count++].flavour = flavour_names[i];
		else
			fprintf(stderr, "skipped: %s: this build has no pagetorture-%s\n", flavour_names[i],
				flavour_names[i]);
	}
}

static void log_planned_run(const struct run *run)
{
	const struct execution_options *execution = &run->options.execution;
	char flavours[FLAVOURS_TEXT];

	flavours_format_names(run->wanted_flavours, flavours);
	log_command_message(run->command_name, "%zu input%s in %s, on %s, %u at a time", run->inputs.count,
			    run->inputs.count == 1 ? "" : "s", flavours,
			    !execution->threads ? "fibers" :
			    !execution->fibers  ? "threads" :
						  "fibers and on threads",
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
		return usage_error(run->command_name, "expected to start %s, and to get results of it",
				   run->options.binary_path);
	if (count_inputs_of_kind(flavour, RUN_unreadable))
		return EXIT_BAD;
	return count_failed_inputs(flavour) || *flavour->growth ? EXIT_FAILED : EXIT_GOOD;
}

/* Prints the rows, the failures and the totals, in this order, and then writes the results file. */
static int print_and_write_results(struct run *run, int status)
{
	if (run->must_print_rows)
		status = worse_exit_status(status, print_input_rows_or_json(run));
	print_failures(run);
	if (!run->must_print_rows && !run->must_print_json)
		print_totals(run);
	fflush(stdout);
	if (run->results_path && !write_json_lines(run, status == EXIT_GOOD))
		status = EXIT_BAD;
	return status;
}

static int run_flavours_and_print_results(struct run *run)
{
	int status = EXIT_GOOD;

	for (unsigned int i = 0; i < run->flavour_count; i++) {
		status = worse_exit_status(status, run_flavour(run, &run->flavours[i]));
		if (!run->flavours[i].records)
			run->flavour_count = i;
	}
	status = print_and_write_results(run, status);
	for (unsigned int i = 0; i < run->flavour_count; i++)
		flavour_run_destroy(&run->flavours[i]);
	return status;
}

static int run_inputs(struct run *run, char **arguments)
{
	int status;

	select_built_flavours(run);
	if (!run->flavour_count)
		return usage_error(run->command_name, "expected a flavour that this build has");
	status = input_list_init(&run->inputs, arguments, !run->must_keep_order) ? EXIT_GOOD : EXIT_BAD;
	if (run->inputs.count > 1 || (run->inputs.count && !run->must_print_rows))
		log_planned_run(run);
	if (run->inputs.count)
		status = worse_exit_status(status, run_flavours_and_print_results(run));
	else if (status == EXIT_GOOD)
		status = usage_error(run->command_name, "expected at least one input, got none");
	file_list_destroy(&run->inputs);
	return status;
}

/* ---- options ---- */

static bool parse_delay_seed_option(char *value, void *into)
{
	struct exec_timing *timing = into;

	timing->has_delays = true;
	return parse_seed(value, &timing->seed);
}

static bool parse_executor_option(char *value, void *into)
{
	return execution_parse_executor(value, into);
}

static bool parse_shuffle_seed_option(char *value, void *into)
{
	struct run_options *options = into;

	options->is_shuffled = true;
	return parse_seed(value, &options->shuffle_seed);
}

/* The row of --flavour. Only `run` has the flavours of guests; command_run() handles them before. */
static struct option_row make_flavour_row(struct run *run)
{
	struct option_row row = option_flavour(run->wanted_flavours);

	if (run->must_print_rows)
		row.values = FLAVOUR_NAMES ", " KERNEL_FLAVOUR_NAMES;
	return row;
}

/* @is_worker: gets whether this process is a worker. Return: an exit status; -1: the command continues. */
static int parse_options_or_get_status(struct run *run, const char *help, bool *is_worker, int argc,
				       char **argv)
{
	struct run_options *options = &run->options;
	struct execution_options *execution = &options->execution;
	const struct option_row rows[] = {
		option_backend(),
		OPTION_FLAG("bytes", &program_all_bytes),
		OPTION_NUMBER("cpu", &execution->cpu_limit_seconds, 0, SECONDS_MAX),
		OPTION_READ("delays", parse_delay_seed_option, &execution->timing, "SEED, a number"),
		OPTION_CHOICE("executor", parse_executor_option, execution, "fibers, threads, both"),
		make_flavour_row(run),
		{ .name = "jobs",
		  .letter = 'j',
		  .number = &options->job_limit,
		  .least = 1,
		  .most = JOBS_MAX },
		OPTION_FLAG("json", &run->must_print_json),
		OPTION_NUMBER("memory", &options->memory_limit_mb, 1, 1 << 20),
		OPTION_FLAG("no-sort", &run->must_keep_order),
		OPTION_FLAG("orders", &options->has_two_orders),
		OPTION_FLAG("pin", &execution->timing.pins_threads),
		OPTION_NUMBER("repeat", &execution->run_count, 1, 1000000),
		OPTION_TEXT("results", &run->results_path),
		OPTION_READ("shuffle", parse_shuffle_seed_option, options, "SEED, a number"),
		OPTION_FLAG("strict", &run->is_strict),
		OPTION_NUMBER("timeout", &execution->time_limit_seconds, 1, SECONDS_MAX),
		OPTION_FLAG("worker", is_worker),
		OPTION_END,
	};
	int status = options_parse_or_return_status(run->command_name, help, rows, argc, argv);

	if (status < 0)
		status = options_check_library_and_set_backend(run->command_name);
	if (status < 0 && !run->must_print_rows && run->is_strict)
		status = usage_error(run->command_name, "unknown option --strict");
	if (status < 0 && !run->must_print_rows && run->must_print_json && run->results_path)
		status = usage_error(run->command_name, "expected --json or --results, not both");
	if (status < 0 && optind == argc && !*is_worker)
		status = usage_error(run->command_name, "expected at least one FILE or DIRECTORY");
	return status;
}

int run_command(struct run *run, const char *help, int argc, char **argv)
{
	bool is_worker = false;
	int status;

	run->command_line = format_command_line(argc, argv);
	run->begin_time = time(NULL);
	run->begin_clock_ms = clock_read_ms();
	run->options.job_limit = cpus_count_available_or_max(JOBS_MAX);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		run->wanted_flavours[i] = !strcmp(FLAVOUR, "plain") || !strcmp(FLAVOUR, flavour_names[i]);
	status = parse_options_or_get_status(run, help, &is_worker, argc, argv);
	if (status >= 0)
		return status;
	if (!run->must_print_rows && run->must_print_json)
		run->results_path = "-";
	return is_worker ? run_worker_main() : run_inputs(run, argv + optind);
}
