/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture replay: `run` with other defaults, as a gate for a corpus. */
#include "tool/run/run.h"
#include "tool/run/run_help.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture replay [OPTION]... FILE|DIRECTORY...\n"
	"Run a corpus as a gate: `pagetorture run`, which prints what all inputs add up to in place\n"
	"of a row for each. Inputs run sorted by name, each once.\n"
	"\n"
	RUN_OPTIONS_HELP("default 10; 0: no limit", "fibers",
			 "the same as --results -, in place of the totals", "", "20")
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
	static struct run run = {
		.command = "replay",
		.options = { .megabytes = 1024,
			     .execution = { .repeat = 1, .seconds = 20, .cpu = 10, .fibers = true } },
	};

	return run_command(&run, help, argc, argv);
}
