/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/util/cpus.h"
#include "tool/run/run.h"
#include "tool/run/worker.h"
#include "tool/util/options.h"
#include "tool/util/usage.h"
#include "tool/util/warnings.h"

static bool read_delays(char *value, void *into)
{
	struct exec_timing *timing = into;

	timing->has_delays = true;
	return parse_seed(value, &timing->seed);
}

static bool read_shuffle(char *value, void *into)
{
	struct run_options *options = into;

	options->is_shuffled = true;
	return parse_seed(value, &options->shuffle_seed);
}

/* @is_worker: gets whether this process is a worker. Return: an exit status, or -1 to continue. */
static int parse_options(struct run *run, const char *help, bool *is_worker, int argc, char **argv)
{
	struct run_options *options = &run->options;
	struct execution_options *execution = &options->execution;
	const char *backend = getenv("PAGE_MAP");
	const struct option_row rows[] = {
		option_backend(&backend),
		option_bytes(),
		OPTION_NUMBER("cpu", &execution->cpu_limit_seconds, 0, 1000000),
		OPTION_READ("delays", read_delays, &execution->timing, "SEED, a number"),
		option_executor(execution),
		option_flavour(run->wanted_flavours),
		{ .name = "jobs",
		 .letter = 'j',
		 .number = &options->job_limit,
		 .least = 1,
		 .most = RUN_JOBS},
		OPTION_FLAG("json", &run->must_print_json),
		OPTION_NUMBER("memory", &options->memory_limit_mb, 1, 1 << 20),
		OPTION_FLAG("no-sort", &run->must_keep_order),
		OPTION_FLAG("orders", &options->has_two_orders),
		OPTION_FLAG("pin", &execution->timing.pins_threads),
		OPTION_NUMBER("repeat", &execution->run_count, 1, 1000000),
		OPTION_TEXT("results", &run->results.path),
		OPTION_READ("shuffle", read_shuffle, options, "SEED, a number"),
		option_strict(&run->is_strict),
		option_timeout(&execution->time_limit_seconds),
		OPTION_FLAG("worker", is_worker),
		OPTION_END,
	};
	int status = options_parse(run->command_name, help, rows, argc, argv);

	if (status < 0)
		status = options_set_backend(run->command_name, backend);
	if (status < 0 && !run->must_print_rows && run->is_strict)
		status = usage_error(run->command_name, "unknown option --strict");
	if (status < 0 && !run->must_print_rows && run->must_print_json && run->results.path)
		status = usage_error(run->command_name, "expected --json or --results, not both");
	if (status < 0 && optind == argc && !*is_worker)
		status = usage_error(run->command_name, "expected at least one FILE or DIRECTORY");
	return status;
}

int run_command(struct run *run, const char *help, int argc, char **argv)
{
	bool is_worker = false;
	int status;

	results_begin(&run->results, run->command_name, argc, argv);
	run->options.job_limit = cpus_count_available(RUN_JOBS);
	flavours_set_default(run->wanted_flavours);
	status = parse_options(run, help, &is_worker, argc, argv);
	if (status >= 0)
		return status;
	if (!run->must_print_rows && run->must_print_json)
		run->results.path = "-";
	return is_worker ? run_worker_main() : run_inputs(run, argv + optind);
}
