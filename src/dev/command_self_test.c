/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev self-test: does run notice each kind of failure? */
#include <getopt.h>

#include "dev/dev.h"
#include "dev/misbehave/self_test.h"
#include "harness/util/cpus.h"
#include "tool/util/flavours.h"
#include "tool/util/options.h"

static const char help[] =
	"Usage: pagetorture-dev self-test [OPTION]...\n"
	"Run programs that go wrong in each way there is, among good ones. Each must have the result\n"
	"that its way must have, and no other input may fail.\n"
	"\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -j, --jobs N     processes at a time (default: CPUs)\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 all have it; 1 not; 2 bad usage, or no directory for the programs.\n"
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
