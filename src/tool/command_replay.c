/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture replay: runs a corpus as a regression test; the code is that of `run`, with other defaults. */
#include "tool/run/run.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture replay [OPTION]... FILE|DIRECTORY...\n"
	"Run a corpus as a regression test. The command is `pagetorture run` with other defaults: it\n"
	"prints totals instead of one row for each input, and runs each input once, sorted by name.\n"
	"\n" RUN_OPTIONS_HELP("default 10; 0: no limit", "fibers",
			      "write the results to standard output as JSON lines, instead of the totals", "",
			      "20") "  --help           print this text\n"
				    "\n"
				    "Many inputs share a process. An input that crashes, hangs, leaks, exits "
				    "or corrupts memory runs\n"
				    "again alone; the command prints its name and continues with the other "
				    "inputs. A failure is one\n"
				    "of: unreadable, claim, differs, wrong-rule, crash, stack-overflow, "
				    "memory, exit, hang, leak,\n"
				    "descriptor, mapping, corrupts (a later input fails because of this "
				    "one), state (the input fails\n"
				    "only after several others), flaky (the input failed once, and not "
				    "again), grows (the second\n"
				    "order leaves more memory, descriptors or mappings than the first).\n"
				    "\n"
				    "Exit status: 0 no input failed; 1 an input failed; 2 bad usage, no "
				    "input, a file or directory\n"
				    "that is missing or cannot be read, a program of an unknown format "
				    "version, or no flavour.\n"
				    "\n"
				    "Examples:\n"
				    "  pagetorture replay corpus\n"
				    "  pagetorture replay --flavour asan -j 2 campaign/fuzz_page/corpus\n"
				    "  pagetorture replay --orders --shuffle 7 --flavour plain corpus/rules\n"
				    "  pagetorture replay --results replay.jsonl corpus; pagetorture-export "
				    "junit replay.jsonl\n";

int command_replay(int argc, char **argv)
{
	static struct run run = {
		.command_name = "replay",
		.options = { .memory_limit_mb = 1024,
			     .execution = { .run_count = 1,
					    .time_limit_seconds = 20,
					    .cpu_limit_seconds = 10,
					    .fibers = true } },
	};

	return run_command(&run, help, argc, argv);
}
