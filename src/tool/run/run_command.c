/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/run_command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/util/cpus.h"
#include "tool/run/worker.h"
#include "tool/util/options.h"
#include "tool/util/usage.h"
#include "tool/util/warnings.h"

struct settings {
	struct run_order *order;
	const char *help, *backend;
	bool worker; /* this process is one */
};

static bool read_delays(char *value, void *into)
{
	struct exec_timing *timing = into;

	timing->delays = true;
	return parse_seed(value, &timing->seed);
}

static bool read_shuffle(char *value, void *into)
{
	struct run_options *options = into;

	options->shuffled = true;
	return parse_seed(value, &options->seed);
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
	struct run_order *order = settings->order;
	struct run_options *options = &order->options;
	struct execution_options *execution = &options->execution;
	const struct option_row rows[] = {
		option_backend(&settings->backend),
		option_bytes(),
		OPTION_NUMBER("cpu", &execution->cpu, 0, 1000000),
		OPTION_READ("delays", read_delays, &execution->timing, "SEED, a number"),
		option_executor(execution),
		option_flavour(order->wanted),
		{ .name = "jobs", .letter = 'j', .number = &options->jobs, .least = 1, .most = RUN_JOBS },
		OPTION_FLAG("json", &order->json),
		OPTION_NUMBER("memory", &options->megabytes, 1, 1 << 20),
		OPTION_FLAG("no-sort", &order->unsorted),
		OPTION_FLAG("orders", &options->orders),
		OPTION_FLAG("pin", &execution->timing.pin),
		OPTION_NUMBER("repeat", &execution->repeat, 1, 1000000),
		OPTION_TEXT("results", &order->results.path),
		OPTION_READ("shuffle", read_shuffle, options, "SEED, a number"),
		option_strict(&order->strict),
		option_timeout(&execution->seconds),
		OPTION_FLAG("worker", &settings->worker),
		OPTION_END,
	};
	int status = options_take(order->command, settings->help, rows, argc, argv);

	if (status < 0)
		status = options_backend(order->command, settings->backend);
	if (status < 0 && !order->rows && order->strict)
		status = usage_error(order->command, "unknown option --strict");
	if (status < 0 && !order->rows && order->json && order->results.path)
		status = usage_error(order->command, "expected --json or --results, not both");
	if (status < 0 && optind == argc && !settings->worker)
		status = usage_error(order->command, "expected at least one FILE or DIRECTORY");
	return status;
}

int run_command(struct run_order *order, const char *help, int argc, char **argv)
{
	struct settings settings = { .order = order, .help = help, .backend = getenv("PAGE_MAP") };
	int status;

	results_begin(&order->results, order->command, argc, argv);
	order->options.jobs = cpus_available(RUN_JOBS);
	flavours_by_default(order->wanted);
	status = parse_options(&settings, argc, argv);
	if (status >= 0)
		return status;
	if (!order->rows && order->json)
		order->results.path = "-";
	return settings.worker ? run_worker_main() : run(order, argv + optind);
}
