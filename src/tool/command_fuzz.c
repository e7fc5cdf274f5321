/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture fuzz: reads the options of a campaign, and starts campaign/main.py, which runs it. */
#include <getopt.h>
#include <stdio.h>

#include "harness/program/program_bytes.h"
#include "harness/util/cpus.h"
#include "tool/tool.h"
#include "tool/util/options.h"
#include "tool/util/script.h"

static const char help[] =
	"Usage: pagetorture fuzz [OPTION]... [TARGET]...\n"
	"Fuzz each TARGET with every fuzzing engine that is built for it, until Ctrl-C. The default is\n"
	"all targets. The same command continues a campaign that was stopped or killed.\n"
	"\n"
	"  --time T         stop after T seconds; s, m, h or d after the number is a unit (90, 10m, 8h)\n"
	"  -j, --jobs N     run up to N processes at a time (default: number of CPUs); if\n"
	"                   there are more targets and engines, they run in turns\n"
	"  --engine LIST    use only these engines: libfuzzer, afl (default: all that are built)\n"
	"  --dir D          keep the campaign in directory D (default: campaign)\n"
	"  --bin B          use the fuzz targets in directory B (default: the directory of this program)\n"
	"  --seeds S        begin with the inputs in S/TARGET and the dictionary S/TARGET.dict (default:\n"
	"                   B/seeds)\n"
	"  --seed N         seed the random numbers of the engines (default: a new seed each time)\n"
	"  --collect        collect the inputs of engines that were killed; start no engine\n"
	"  --merge          keep only the inputs that all coverage needs, and move the others to\n"
	"                   D/TARGET/superseded; do not fuzz\n"
	"  --new-seeds DIR  with --merge: write inputs that cover more than the seeds to DIR/TARGET,\n"
	"                   as programs\n"
	"  --report N       without a terminal, print a progress line every N seconds (default: 60)\n"
	"  --results FILE   write totals of the run to FILE as one JSON object, for `make report`\n"
	"  --until-finding  stop at the first finding\n"
	"  --help           print this text\n"
	"\n"
	"D/TARGET/corpus keeps every useful input, D/TARGET/findings every input that made the target\n"
	"fail; the SHA-1 of its content names a file. You may add inputs to D/TARGET/corpus.\n"
	"\n"
	"Exit status: 0 no finding; 1 new findings, or a corpus that cannot be merged; 2 bad usage, a\n"
	"target that cannot run, or a finding that cannot be written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture fuzz\n"
	"  pagetorture fuzz --time 10m --jobs 2 --engine libfuzzer fuzz_page\n";

#define JOBS_MOST 64

/* Appends the word known_targets=: the name, flavour, input kind and largest input size of each target. */
static void append_known_targets(struct script_command *script)
{
	static const char *const input_kind_names[] = { "bytes", "text", "calls" };
	const struct fuzz_target *target;
	char text[1024] = "";

	for (size_t i = 0, length = 0; (target = fuzz_target_get(i)) && length < sizeof(text); i++)
		/* 4096 bytes of program text are enough for the most calls that a program may have. */
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s,%s,%s,%d ", target->name,
					   target->flavour, input_kind_names[target->input_kind],
					   target->input_kind == READS_TEXT ? 4096 : (int)PROGRAM_BYTES_MAX);
	script_append(script, "known_targets=%s", text);
}

int command_fuzz(int argc, char **argv)
{
	struct script_command script;
	const struct option_row rows[] = {
		OPTION_SCRIPT("bin", &script),
		OPTION_SCRIPT_FLAG("collect", &script),
		OPTION_SCRIPT("dir", &script),
		{ .name = "engine", .script = &script, .values = "libfuzzer, afl", .is_list = true },
		{ .name = "jobs", .letter = 'j', .script = &script, .least = 1, .most = JOBS_MOST },
		OPTION_SCRIPT_FLAG("merge", &script),
		OPTION_SCRIPT("new-seeds", &script),
		OPTION_SCRIPT_NUMBER("report", &script, 1, 86400),
		OPTION_SCRIPT("results", &script),
		OPTION_SCRIPT_NUMBER("seed", &script, 0, 1000000000),
		OPTION_SCRIPT("seeds", &script),
		OPTION_SCRIPT("time", &script),
		OPTION_SCRIPT_FLAG("until-finding", &script),
		OPTION_END,
	};
	int status; /* an exit status; -1: continue */

	script_init(&script, argc, argv);
	script_append(&script, "jobs=%u", cpus_count_available_or_max(JOBS_MOST));
	append_known_targets(&script);
	status = options_parse_or_return_status("fuzz", help, rows, argc, argv);
	script_append_arguments(&script, argv + optind);
	return status >= 0 ? status : script_exec_python(&script, NULL);
}
