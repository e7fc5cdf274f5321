/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture run: executes programs in every flavour, and compares them with the rule model. */
#include "tool/run/kernel_flavour.h"
#include "tool/run/run.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture run [OPTION]... FILE|DIRECTORY...\n"
	"Evaluate page programs with the rule model, execute them on the page library in each flavour\n"
	"(sanitizer) of this build, on fibers and on real threads, and compare.\n"
	"\n"
	"Print one row for each program: the verdict of the model, the rules that each flavour reported\n"
	"on fibers, the races that ThreadSanitizer reported on real threads, and whether all agree. On\n"
	"real threads a race may stay unreported.\n"
	"`unseen` is a race that ThreadSanitizer is predicted to miss; the reason is printed below the\n"
	"row. `not run` is a fatal call that the command does not execute, because nothing in this\n"
	"flavour detects it. With --repeat, `data-race 97/100` means that 97 of 100 runs on threads\n"
	"reported the race; the last lines have the totals. A report for a program without a race is a\n"
	"failure.\n"
	"\n" RUN_OPTIONS_HELP(
		"default 0: no limit", "both", "print one JSON object for each program, on one line",
		"  --strict         exit with status 1 if a call can never run; without it, only warn\n",
		"60") "  --help           print this text\n"
		      "\n"
		      "The flavours kernel-stock, kernel-mapped, kernel-race and kernel-freed execute the "
		      "programs in the\n"
		      "kernel of a guest; `--flavour kernel-stock --help` prints their options.\n"
		      "\n"
		      "Many programs share a process. A program that fails runs again alone. `pagetorture "
		      "replay\n"
		      "--help` lists all kinds of failures.\n"
		      "\n"
		      "Exit status: 0 all expectations are met, and executions agree with the model; 1 they "
		      "do not; 2\n"
		      "bad usage, or a file that cannot be read or parsed.\n"
		      "\n"
		      "Examples:\n"
		      "  pagetorture run corpus/rules\n"
		      "  pagetorture run --flavour tsan --repeat 1000 race.page\n"
		      "  pagetorture run --flavour tsan --executor threads --pin --delays 1 --repeat 100 "
		      "race.page\n"
		      "  pagetorture run --backend alias corpus/rules/*.page\n"
		      "  pagetorture run --flavour kernel-stock corpus/rules\n";

int command_run(int argc, char **argv)
{
	static struct run run = {
		.command_name = "run",
		.must_print_rows = true,
		.must_keep_order = true,
		.options = { .memory_limit_mb = 1024,
			     .execution = { .run_count = 1,
					    .time_limit_seconds = 60,
					    .fibers = true,
					    .threads = true } },
	};

	if (kernel_flavour_is_wanted(argc, argv))
		return kernel_flavour_exec_script(argc, argv);
	return run_command(&run, help, argc, argv);
}
