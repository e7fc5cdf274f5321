/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev bench: how fast programs run, with a verdict each. */
#include <getopt.h>

#include "dev/bench/bench.h"
#include "tool/util/options.h"
#include "dev/dev.h"

static const char help[] =
	"Usage: pagetorture-dev bench [OPTION]... FILE...\n"
	"Measure how many of the programs this binary's flavour executes and compares with the rule\n"
	"model in a second: on fibers, on fibers with fresh detector state for each, on real threads.\n"
	"Print a JSON object a line for each figure, with the values of all rounds; `make\n"
	"bench-programs` prints them as a table. Programs with a fatal call are left out.\n"
	"\n"
	"  --aim AIM   the threshold that `make bench` compares the first ratio with, as '>= 10'\n"
	"  --bytes     read every FILE as a byte string, whatever its name is\n"
	"  --rounds N  measurements of each (default 9)\n"
	"  --help      this text\n"
	"\n"
	"Examples:\n"
	"  pagetorture-dev-tsan bench corpus/rules/*.page\n";

int command_bench(int argc, char **argv)
{
	struct bench_order order = { .rounds = 9, .aim = "" };
	const struct option_row rows[] = {
		OPTION_TEXT("aim", &order.aim),
		option_bytes(),
		OPTION_NUMBER("rounds", &order.rounds, 1, BENCH_ROUNDS),
		OPTION_END,
	};
	int status = options_take("bench", help, rows, argc, argv);

	if (status >= 0)
		return status;
	if (optind == argc)
		return usage_error("bench", "expected at least one FILE");
	return bench(&order, argc - optind, argv + optind);
}
