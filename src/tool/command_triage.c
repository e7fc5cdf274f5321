/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture triage: groups the findings of a directory by failure. This file reads the options;
 * finding/triage.py groups, minimises and describes the findings.
 */
#include <getopt.h>
#include <string.h>

#include "harness/exec/exec.h"
#include "tool/run/runner.h"
#include "tool/tool.h"
#include "tool/util/options.h"
#include "tool/util/script.h"

static const char help[] =
	"Usage: pagetorture triage [OPTION]... DIR\n"
	"Group the findings in DIR by failure, and minimise one finding of each failure. DIR is the\n"
	"directory of a campaign of `pagetorture fuzz`, or a directory with findings of libFuzzer\n"
	"(crash-*) or AFL++ (id:*), or with text programs (*.page).\n"
	"\n"
	"Findings that fail in the same way are one failure; `pagetorture minimize --help` defines the\n"
	"same way. The order of the two functions of a race does not matter. A finding of a campaign\n"
	"fails if the replayer of its target reports a failure (make TARGET-replay-FLAVOUR).\n"
	"\n"
	"For each failure, the command runs the smallest finding again, minimises it, and writes a\n"
	"directory in OUT with the finding, program.page, minimised.page, explanation.txt, reproduce.c,\n"
	"report.txt, replay.sh and summary.txt. For fuzz_api it writes minimised.calls, for fuzz_text\n"
	"minimised.txt.\n"
	"\n"
	"  --add[=TREE]     also add the minimised programs, with `expect`, to corpus/regress of the\n"
	"                   source tree TREE (default: the source tree of the working directory)\n"
	"  --backend B      map pages with backend B: direct (default) or alias\n"
	"  --bytes          read every file of DIR as a byte string, whatever its name is\n"
	"  --executor E     execute on fibers (default), or on both: also on real threads\n"
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n"
	"  -o, --output OUT write to directory OUT (default DIR/triage)\n"
	"  --results FILE   write the failures to FILE as JSON lines, for `pagetorture-export`\n"
	"  --target NAME    treat the files of DIR as findings of this fuzz target; without it, the\n"
	"                   directories of a campaign name the target\n"
	"  --timeout S      stop a program in one flavour after S seconds (default 10)\n"
	"  --tries N        run each failure N times (default 10)\n"
	"  --help           print this text\n"
	"\n"
	"Exit status: 0 each finding fails again and is in a group; 1 there is no finding, or a finding\n"
	"does not fail again, is no program, or has no replayer; 2 bad usage, or a directory that cannot\n"
	"be read or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture triage campaign\n"
	"  pagetorture triage -o failures campaign/fuzz_race/findings\n"
	"  pagetorture triage --results findings.jsonl campaign\n"
	"  pagetorture triage --add=$HOME/pagetorture --tries 100 crashes\n";

int command_triage(int argc, char **argv)
{
	static struct flavour_runners runners;
	bool wanted_flavours[FLAVOURS_MAX];
	char flavour_list[FLAVOURS_TEXT];
	struct script_command script;
	const struct option_row rows[] = {
		{ .name = "add", .script = &script, .is_value_optional = true },
		option_backend(),
		OPTION_SCRIPT_FLAG("bytes", &script),
		OPTION_SCRIPT_CHOICE("executor", &script, "fibers, both"),
		option_flavour(wanted_flavours),
		{ .name = "output", .letter = 'o', .script = &script },
		OPTION_SCRIPT("results", &script),
		OPTION_SCRIPT_CHOICE("target", &script, fuzz_target_names),
		OPTION_SCRIPT_NUMBER("timeout", &script, 1, SECONDS_MAX),
		OPTION_SCRIPT_NUMBER("tries", &script, 1, 100000),
		OPTION_END,
	};
	int status; /* an exit status; -1: continue */

	script_init(&script, argc, argv);
	memset(wanted_flavours, true, sizeof(wanted_flavours));
	status = options_parse_or_return_status("triage", help, rows, argc, argv);
	if (status >= 0)
		return status;
	if (optind != argc - 1)
		return usage_error("triage", "expected one DIR");
	status = options_check_library_and_set_backend("triage");
	if (status >= 0)
		return status;
	if (!runners_find_binaries(&runners, wanted_flavours))
		return usage_error("triage", "expected a flavour that this build has");
	flavours_format_names(runners.is_available, flavour_list);
	script_append(&script, "flavours=%s", flavour_list);
	script_append(&script, "backend=%s", exec_backend_name());
	script_append_arguments(&script, argv + optind);
	return script_exec_python(&script, NULL);
}
