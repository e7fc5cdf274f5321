/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture run: evaluate programs with the rule model, execute them in every flavour, and compare. */
#include "tool/run/run.h"
#include "tool/run/run_help.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture run [OPTION]... FILE|DIRECTORY...\n"
	"Evaluate page programs with the rule model, execute them on the page library under each\n"
	"sanitizer that this build has, on fibers and on real threads, and compare.\n"
	"\n"
	"One row a program: what the model says, what each flavour saw on fibers, what\n"
	"ThreadSanitizer saw on real threads (a race may hide there), and whether all agree.\n"
	"`unseen` is a race that ThreadSanitizer is predicted to miss; the reason is below the row.\n"
	"`not run` is a fatal call that is not executed because nothing there could see it.\n"
	"With --repeat, `data-race 97/100` on threads is a race that 97 of 100 runs reported, and\n"
	"the last lines sum that up. Any report about a program that has no race is a failure.\n"
	"\n"
	RUN_OPTIONS_HELP("default 0: no limit", "both",
			 "one JSON object a line: what check --json prints, and more",
			 "  --strict         a call that can never run ends with 1; without it, it is only a warning\n",
			 "60")
	"  --help           this text\n"
	"\n"
	"Many programs share a process. One that fails runs again alone; `pagetorture replay --help`\n"
	"names all kinds of failures.\n"
	"\n"
	"Exit status: 0 all claims hold, and model and executions agree; 1 not; 2 bad usage, or\n"
	"a file that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture run corpus/rules\n"
	"  pagetorture run --flavour tsan --repeat 1000 race.page\n"
	"  pagetorture run --flavour tsan --executor threads --pin --delays 1 --repeat 100 race.page\n"
	"  pagetorture run --backend alias corpus/rules/*.page\n";

int command_run(int argc, char **argv)
{
	static struct run run = {
		.command = "run",
		.prints_rows = true,
		.keeps_order = true,
		.options = { .megabytes = 1024,
			     .execution = { .repeat = 1, .seconds = 60, .fibers = true, .threads = true } },
	};

	return run_command(&run, help, argc, argv);
}
