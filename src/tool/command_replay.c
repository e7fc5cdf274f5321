/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture replay: runs a corpus as a regression test: `run` with other defaults. */
#include "tool/run/run_command.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture replay [OPTION]... FILE|DIRECTORY...\n"
	"Run a corpus as a regression test. The command is `pagetorture run` with other defaults: it\n"
	"prints totals instead of one row for each input, and runs each input once, sorted by name.\n"
	"\n"
	"  --backend B      map pages with backend B: direct (default) or alias\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --cpu S          limit the CPU time of an input to S seconds (default 10; 0: no limit)\n"
	"  --delays SEED    on threads: delay calls shortly; SEED, run, thread and step choose how long;\n"
	"                   a delay orders no two threads\n"
	"  --executor E     execute on fibers, threads or both (default fibers)\n"
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n"
	"  -j, --jobs N     run up to N processes at a time (default: number of CPUs)\n"
	"  --json           write the results to standard output as JSON lines, instead of the totals\n"
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
	"  --timeout S      stop a program in one flavour after S seconds (default 20)\n"
	"  --help           print this text\n"
	"\n"
	"Many inputs share a process. An input that crashes, hangs, leaks, exits or corrupts memory runs\n"
	"again alone; the command prints its name and continues with the other inputs. A failure is one\n"
	"of: unreadable, claim, differs, wrong-rule, crash, stack-overflow, memory, exit, hang, leak,\n"
	"descriptor, mapping, corrupts (a later input fails because of this one), state (the input fails\n"
	"only after several others), flaky (the input failed once, and not again), grows (the second\n"
	"order leaves more memory, descriptors or mappings than the first).\n"
	"\n"
	"Exit status: 0 no input failed; 1 an input failed; 2 bad usage, no input, a file or directory\n"
	"that is missing or cannot be read, a program of an unknown format version, or no flavour.\n"
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
