/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture run: executes programs in every flavour, and compares them with the rule model. */
#include "tool/run/run_command.h"
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
	"\n"
	"  --backend B      map pages with backend B: direct (default) or alias\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --cpu S          limit the CPU time of an input to S seconds (default 0: no limit)\n"
	"  --delays SEED    on threads: delay calls shortly; SEED, run, thread and step choose how long;\n"
	"                   a delay orders no two threads\n"
	"  --executor E     execute on fibers, threads or both (default both)\n"
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n"
	"  -j, --jobs N     run up to N processes at a time (default: number of CPUs)\n"
	"  --json           print one JSON object for each program, on one line\n"
	"  --memory MB      limit the additional memory of an input to MB megabytes (default 1024)\n"
	"  --no-sort        run inputs in the order of the arguments, not sorted by name\n"
	"  --orders         run all inputs in one process, in order and then in reverse order; outcomes,\n"
	"                   memory, descriptors and mappings must be the same after both\n"
	"  --pin            on threads: bind each thread to a CPU, round robin\n"
	"  --repeat N       execute each program N times; each execution must agree (default 1)\n"
	"  --results FILE   write the results to FILE as JSON lines, for `pagetorture-export` and `make\n"
	"                   report` (-: standard output)\n"
	"  --shuffle SEED   run inputs in a random order from SEED; with --orders, only the second order\n"
	"  --strict         exit with status 1 if a call can never run; without it, only warn\n"
	"  --timeout S      stop a program in one flavour after S seconds (default 60)\n"
	"  --help           print this text\n"
	"\n"
	"Many programs share a process. A program that fails runs again alone. `pagetorture replay\n"
	"--help` lists all kinds of failures.\n"
	"\n"
	"Exit status: 0 all expectations are met, and executions agree with the model; 1 they do not; 2\n"
	"bad usage, or a file that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture run corpus/rules\n"
	"  pagetorture run --flavour tsan --repeat 1000 race.page\n"
	"  pagetorture run --flavour tsan --executor threads --pin --delays 1 --repeat 100 race.page\n"
	"  pagetorture run --backend alias corpus/rules/*.page\n";

int command_run(int argc, char **argv)
{
	static struct run_order order = {
		.command = "run",
		.rows = true,
		.unsorted = true,
		.options = { .megabytes = 1024,
			     .execution = { .repeat = 1, .seconds = 60, .fibers = true, .threads = true } },
	};

	return run_command(&order, help, argc, argv);
}
