/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev bench: measures how many programs per second are executed and compared. */
#include <getopt.h>

#include "dev/bench/bench.h"
#include "tool/util/options.h"
#include "dev/dev.h"

static const char help[] =
	"Usage: pagetorture-dev bench [OPTION]... FILE...\n"
	"Measure how many programs per second this flavour executes and compares with the rule model: on\n"
	"fibers, on fibers with fresh detector state for each program, and on real threads. Print one\n"
	"JSON object for each figure, on one line, with the values of all rounds. `make bench-programs`\n"
	"prints them as a table. Programs with a fatal call do not run.\n"
	"\n"
	"  --aim AIM        print AIM as the threshold of the first ratio, for `make bench` ('>= 10')\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --rounds N       measure each figure N times (default 9)\n"
	"  --help           print this text\n"
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
