/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The options of `run` and `replay`: the same, with other defaults. */
#ifndef TOOL_RUN_HELP_H
#define TOOL_RUN_HELP_H

#define RUN_OPTIONS_HELP(cpu, executor, json, strict, timeout) \
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n" \
	"  --bytes          read every FILE as a byte string, whatever its name is\n" \
	"  --cpu S          seconds of CPU time for one input (" cpu ")\n" \
	"  --delays SEED    threads: short delays before calls, chosen by the seed, the run, the\n" \
	"                   thread and the step; they order no two threads\n" \
	"  --executor E     fibers, threads or both (default " executor ")\n" \
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n" \
	"  -j, --jobs N     processes at a time (default: CPUs)\n" \
	"  --json           " json "\n" \
	"  --memory MB      that an input may use beyond what was in use (default 1024)\n" \
	"  --no-sort        run in the order of the arguments, not sorted by name\n" \
	"  --orders         run all inputs in one process, in order and then backwards: the same\n" \
	"                   outcomes, and memory, descriptors and mappings as before\n" \
	"  --pin            threads: each on a CPU of its own, round robin\n" \
	"  --repeat N       execute each program N times; all must agree (default 1)\n" \
	"  --results FILE   write the results as JSON lines, for `pagetorture-export` and `make\n" \
	"                   report` (-: to standard output)\n" \
	"  --shuffle SEED   run in an order that the seed chooses; with --orders, the second one\n" \
	strict \
	"  --timeout S      seconds for one input in one flavour (default " timeout ")\n"

#endif
