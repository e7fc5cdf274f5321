/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture run: evaluate programs with the rule model, execute them in every flavour, and compare. */
#include "tool/run/run_command.h"
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
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --cpu S          seconds of CPU time for one input (default 0: no limit)\n"
	"  --delays SEED    threads: short delays before calls, chosen by the seed, the run, the\n"
	"                   thread and the step; they order no two threads\n"
	"  --executor E     fibers, threads or both (default both)\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -j, --jobs N     processes at a time (default: CPUs)\n"
	"  --json           one JSON object a line: what check --json prints, and more\n"
	"  --memory MB      that an input may use beyond what was in use (default 1024)\n"
	"  --no-sort        run in the order of the arguments, not sorted by name\n"
	"  --orders         run all inputs in one process, in order and then backwards: the same\n"
	"                   outcomes, and memory, descriptors and mappings as before\n"
	"  --pin            threads: each on a CPU of its own, round robin\n"
	"  --repeat N       execute each program N times; all must agree (default 1)\n"
	"  --results FILE   write the results as JSON lines, for `pagetorture-export` and `make\n"
	"                   report` (-: to standard output)\n"
	"  --shuffle SEED   run in an order that the seed chooses; with --orders, the second one\n"
	"  --strict         a call that can never run ends with 1; without it, it is only a warning\n"
	"  --timeout S      seconds for one input in one flavour (default 60)\n"
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
	static struct run_order order = {
		.command = "run",
		.rows = true,
		.unsorted = true,
		.options = { .megabytes = 1024,
			     .execution = { .repeat = 1, .seconds = 60, .fibers = true, .threads = true } },
	};

	return run_command(&order, help, argc, argv);
}
