/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture run: judge programs, execute them in every flavour, compare. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool/util/flavours.h"
#include "tool/util/options.h"
#include "tool/util/warnings.h"
#include "tool/run/run.h"
#include "tool/run/run_one.h"
#include "tool/tool.h"
#include "tool/flavour_runner/flavour_runner.h"

static const char help[] =
	"Usage: pagetorture run [OPTION]... FILE...\n"
	"Judge page programs with the rule model, execute them on the page library under each\n"
	"sanitizer that this build has, on fibers and on real threads, and compare.\n"
	"\n"
	"One row a program: what the model says, what each flavour saw on fibers, what\n"
	"ThreadSanitizer saw on real threads (a race may hide there), and whether all agree.\n"
	"`unseen` is a race that ThreadSanitizer forgets, as predicted; why stands below. `not run`\n"
	"is a fatal call that is not executed because nothing there could see it.\n"
	"With --repeat, `data-race 97/100` on threads is a race that 97 of 100 runs reported, and\n"
	"the last lines sum that up. Any report about a program that has no race is a failure.\n"
	"\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --delays SEED    threads: short delays before calls, chosen by the seed, the run, the\n"
	"                   thread and the step; they order nobody\n"
	"  --executor E     fibers, threads or both (default)\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  --json           one JSON object a line: what check --json prints, and more\n"
	"  --pin            threads: each on a CPU of its own, round robin\n"
	"  --repeat N       execute each program N times; all must agree (default 1)\n"
	"  --strict         a call that can never run ends with 1; without it, it is only a warning\n"
	"  --timeout S      seconds for one program in one flavour (default 60)\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 all claims hold, and model and executions agree; 1 not; 2 bad usage, or\n"
	"a file that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture run corpus/rules/*.page\n"
	"  pagetorture run --flavour tsan --repeat 1000 race.page\n"
	"  pagetorture run --flavour tsan --executor threads --pin --delays 1 --repeat 100 race.page\n"
	"  pagetorture run --backend alias corpus/rules/*.page\n";

/* Which half of the work this process does. */
enum half {
	ALL,
	ONE,	 /* a flavour's (run_one.h) */
	RUNNER, /* the same, that is asked (runner.h) */
	REPORTS, /* the same, that prints what the sanitizer says */
};

/* What to run, and who is to do it. */
struct order {
	struct run run;
	int half;
	const char *backend; /* or NULL */
};

static bool read_delays(char *value, void *into)
{
	struct exec_timing *timing = into;

	timing->delays = true;
	return parse_seed(value, &timing->seed);
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct order *order, int argc, char **argv)
{
	struct execution_options *options = &order->run.options;
	const struct option_row rows[] = {
		option_backend(&order->backend),
		option_bytes(),
		OPTION_READ("delays", read_delays, &options->timing, "SEED, a number"),
		option_executor(options),
		option_flavour(order->run.wanted),
		OPTION_FLAG("json", &order->run.json),
		OPTION_PICK("one", &order->half, ONE),
		OPTION_FLAG("pin", &options->timing.pin),
		OPTION_NUMBER("repeat", &options->repeat, 1, 1000000),
		OPTION_PICK("reports", &order->half, REPORTS),
		option_strict(&order->run.strict),
		option_timeout(&options->seconds),
		OPTION_PICK("runner", &order->half, RUNNER),
		OPTION_END,
	};
	int status = options_take("run", help, rows, argc, argv);

	if (status < 0)
		status = options_backend("run", order->backend);
	if (status < 0 && optind == argc && order->half != RUNNER)
		status = usage_error("run", "expected at least one FILE");
	return status;
}

/* The half of a flavour: files by name, or whatever is asked. */
static int run_this_flavour(const struct order *order, int count, char **files)
{
	if (order->half == RUNNER)
		flavour_runner_serve(&order->run.options);
	for (int i = 0; i < count; i++)
		if (order->half == REPORTS)
			flavour_runner_print_reports(files[i], &order->run.options);
		else
			run_one(files[i], &order->run.options);
	return EXIT_GOOD;
}

int command_run(int argc, char **argv)
{
	struct order order = { .run.options = { .repeat = 1, .seconds = 60, .fibers = true,
						.threads = true },
			       .backend = getenv("PAGE_MAP") };
	int status;

	flavours_by_default(order.run.wanted);
	status = parse_options(&order, argc, argv);
	if (status >= 0)
		return status;
	return order.half != ALL ? run_this_flavour(&order, argc - optind, argv + optind) :
			   run_files(&order.run, argc - optind, argv + optind);
}
