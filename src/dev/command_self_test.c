/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev self-test: checks that `run` detects each kind of failure. */
#include <getopt.h>

#include "dev/dev.h"
#include "dev/misbehave/self_test.h"
#include "harness/util/cpus.h"
#include "tool/util/flavours.h"
#include "tool/util/options.h"

static const char help[] =
	"Usage: pagetorture-dev self-test [OPTION]...\n"
	"Run programs that fail on purpose, one for each kind of failure, among good programs. Each must\n"
	"get the result of its kind, and no good program may fail.\n"
	"\n"
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n"
	"  -j, --jobs N     run up to N processes at a time (default: number of CPUs)\n"
	"  --help           print this text\n"
	"\n"
	"Exit status: 0 each program has its result; 1 a program has another result; 2 bad usage, or no\n"
	"directory for the programs.\n"
	"\n"
	"Examples:\n"
	"  pagetorture-dev self-test --flavour asan\n";

int command_self_test(int argc, char **argv)
{
	static struct run_options options = {
		.megabytes = 256,
		.execution = { .repeat = 1, .seconds = 6, .cpu = 2, .fibers = true },
	};
	bool wanted[FLAVOURS_MAX];
	const struct option_row rows[] = {
		option_flavour(wanted),
		{ .name = "jobs", .letter = 'j', .number = &options.jobs, .least = 1, .most = RUN_JOBS },
		OPTION_END,
	};
	int status;

	options.jobs = cpus_available(RUN_JOBS);
	flavours_by_default(wanted);
	status = options_take("self-test", help, rows, argc, argv);
	if (status < 0 && optind != argc)
		status = usage_error("self-test", "expected no FILE");
	return status >= 0 ? status : self_test(&options, wanted);
}
