/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The options of `run` and `replay`: the same, with other defaults. */
#ifndef TOOL_RUN_HELP_H
#define TOOL_RUN_HELP_H

#define RUN_OPTIONS_HELP(cpu, executor, json, strict, timeout) \
	"  --backend B      map pages with backend B: direct (default) or alias\n" \
	"  --bytes          read every FILE as a byte string, whatever its name is\n" \
	"  --cpu S          limit the CPU time of an input to S seconds (" cpu ")\n" \
	"  --delays SEED    delay calls on threads; SEED, run, thread and step choose how long; a delay\n" \
	"                   orders no two threads\n" \
	"  --executor E     execute on fibers, threads or both (default " executor ")\n" \
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n" \
	"  -j, --jobs N     run up to N processes at a time (default: number of CPUs)\n" \
	"  --json           " json "\n" \
	"  --memory MB      limit the additional memory of an input to MB megabytes (default 1024)\n" \
	"  --no-sort        run inputs in the order of the arguments, not sorted by name\n" \
	"  --orders         run all inputs in one process, in order and then in reverse order; outcomes,\n" \
	"                   memory, descriptors and mappings must be the same after both\n" \
	"  --pin            bind each thread to a CPU, round robin, for executions on threads\n" \
	"  --repeat N       execute each program N times; each execution must agree (default 1)\n" \
	"  --results FILE   write the results to FILE as JSON lines, for `pagetorture-export` and `make\n" \
	"                   report` (-: standard output)\n" \
	"  --shuffle SEED   run inputs in a random order from SEED; with --orders, only the second order\n" \
	strict \
	"  --timeout S      stop a program in one flavour after S seconds (default " timeout ")\n"

#endif
