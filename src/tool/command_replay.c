/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture replay: `run` with other defaults, as a gate for a corpus. */
#include "tool/run/run_command.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture replay [OPTION]... FILE|DIRECTORY...\n"
	"Run a corpus as a gate: `pagetorture run`, which prints what all inputs add up to in place\n"
	"of a row for each. Inputs run sorted by name, each once.\n"
	"\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --cpu S          seconds of CPU time for one input (default 10; 0: no limit)\n"
	"  --delays SEED    threads: short delays before calls, chosen by the seed, the run, the\n"
	"                   thread and the step; they order no two threads\n"
	"  --executor E     fibers, threads or both (default fibers)\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -j, --jobs N     processes at a time (default: CPUs)\n"
	"  --json           the same as --results -, in place of the totals\n"
	"  --memory MB      that an input may use beyond what was in use (default 1024)\n"
	"  --no-sort        run in the order of the arguments, not sorted by name\n"
	"  --orders         run all inputs in one process, in order and then backwards: the same\n"
	"                   outcomes, and memory, descriptors and mappings as before\n"
	"  --pin            threads: each on a CPU of its own, round robin\n"
	"  --repeat N       execute each program N times; all must agree (default 1)\n"
	"  --results FILE   write the results as JSON lines, for `pagetorture-export` and `make\n"
	"                   report` (-: to standard output)\n"
	"  --shuffle SEED   run in an order that the seed chooses; with --orders, the second one\n"
	"  --timeout S      seconds for one input in one flavour (default 20)\n"
	"  --help           this text\n"
	"\n"
	"Many inputs share a process; one that crashes, hangs, leaks, exits or damages memory is run\n"
	"again alone, named, and the rest still runs. What fails is one of: unreadable, claim,\n"
	"differs, wrong-rule, crash, stack-overflow, memory, exit, hang, leak, descriptor, mapping,\n"
	"corrupts (another input fails after it), state (it fails after others only), flaky (it\n"
	"failed once, and not again), grows (the second order leaves more than the first).\n"
	"\n"
	"Exit status: 0 all good; 1 an input failed; 2 bad usage, no input, a file or directory that\n"
	"is missing or cannot be read, a program of an unknown format version, or no flavour.\n"
	"\n"
	"Examples:\n"
	"  pagetorture replay corpus\n"
	"  pagetorture replay --flavour asan -j 2 campaign/fuzz_page/corpus\n"
	"  pagetorture replay --orders --shuffle 7 --flavour plain corpus/rules\n"
	"  pagetorture replay --results replay.jsonl corpus; pagetorture-export junit replay.jsonl\n";

int command_replay(int argc, char **argv)
{
	static struct run_order order = {
		.command = "replay",
		.options = { .megabytes = 1024,
			     .execution = { .repeat = 1, .seconds = 20, .cpu = 10, .fibers = true } },
	};

	return run_command(&order, help, argc, argv);
}
