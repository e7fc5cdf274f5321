/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture run: judge programs, execute them in every flavour, compare. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool/kit/flavours.h"
#include "tool/run/run.h"
#include "tool/run/run_one.h"
#include "tool/tool.h"
#include "tool/witness/witness.h"

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
	"  --delays SEED    threads: short delays before calls, chosen by the seed, the run, the\n"
	"                   thread and the step; they order nobody\n"
	"  --executor E     fibers, threads or both (default)\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  --json           one JSON object a line: what check --json prints, and more\n"
	"  --pin            threads: each on a CPU of its own, round robin\n"
	"  --repeat N       execute each program N times; all must agree (default 1)\n"
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

/* What to run, and who is to do it. */
struct order {
	struct run run;
	bool one;     /* this is a flavour's half (run_one.h) */
	bool witness; /* that is asked (witness.h) */
	bool reports; /* that prints what the sanitizer says */
	const char *backend; /* or NULL */
};

static const struct option long_options[] = {
	{ "backend", required_argument, NULL, 'b' },  { "delays", required_argument, NULL, 'd' },
	{ "executor", required_argument, NULL, 'e' }, { "flavour", required_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },	      { "json", no_argument, NULL, 'j' },
	{ "one", no_argument, NULL, 'o' },	      { "pin", no_argument, NULL, 'p' },
	{ "reports", no_argument, NULL, 'R' },
	{ "repeat", required_argument, NULL, 'r' },   { "timeout", required_argument, NULL, 't' },
	{ "witness", no_argument, NULL, 'w' },	      { NULL, 0, NULL, 0 },
};

/* Return: NULL, or what was expected instead. */
static const char *take_option(struct order *order, int option, char *value)
{
	struct trial_options *options = &order->run.options;

	switch (option) {
	case 'b':
		order->backend = value;
		return NULL;
	case 'd':
		options->timing.delays = true;
		return parse_seed(value, &options->timing.seed) ? NULL : "--delays SEED, a number";
	case 'e':
		return trial_parse_executor(value, options) ? NULL :
							      "--executor fibers, threads or both";
	case 'f':
		return flavours_parse(value, order->run.wanted) ? NULL :
							  "--flavour of plain, asan, tsan, msan";
	case 'r':
		return parse_number(value, 1, 1000000, &options->repeat) ? NULL : "--repeat 1 .. 1000000";
	case 't':
		return parse_number(value, 1, 1000000, &options->seconds) ? NULL : "--timeout 1 .. 1000000";
	case 'j':
		order->run.json = true;
		return NULL;
	case 'o':
		order->one = true;
		return NULL;
	case 'R':
		order->one = order->reports = true;
		return NULL;
	case 'w':
		order->one = order->witness = true;
		return NULL;
	default:
		options->timing.pin = true;
		return NULL;
	}
}

/* The half of a flavour: files by name, or whatever is asked. */
static int run_this_flavour(const struct order *order, int count, char **files)
{
	if (order->witness)
		witness_serve(&order->run.options);
	for (int i = 0; i < count; i++)
		if (order->reports)
			witness_reports(files[i], &order->run.options);
		else
			run_one(files[i], &order->run.options);
	return EXIT_GOOD;
}

int command_run(int argc, char **argv)
{
	struct order order = { .run.options = { .repeat = 1, .seconds = 60, .fibers = true,
						.threads = true },
			       .backend = getenv("PAGE_MAP") };
	int option;

	flavours_by_default(order.run.wanted);
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		const char *expected;

		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option == '?')
			return usage_error("run", "unknown or incomplete option %s", argv[optind - 1]);
		expected = take_option(&order, option, optarg);
		if (expected)
			return usage_error("run", "expected %s, got '%s'", expected, optarg);
	}
	if (order.backend && !flavour_choose_backend(order.backend))
		return usage_error("run", "expected a backend that the page library has, got '%s'",
				   order.backend);
	if (optind == argc && !order.witness)
		return usage_error("run", "expected at least one FILE");
	return order.one ? run_this_flavour(&order, argc - optind, argv + optind) :
			   run_files(&order.run, argc - optind, argv + optind);
}
