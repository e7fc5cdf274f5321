/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture triage: groups a directory of findings by failure. This file reads the options, and
 * finding/triage.py does the work.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "harness/exec/exec.h"
#include "harness/program/program_name.h"
#include "harness/util/shell_word.h"
#include "tool/run/runner.h"
#include "tool/tool.h"
#include "tool/util/options.h"
#include "tool/util/script.h"
#include "tool/util/results.h"

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

struct settings {
	const char *directory, *backend, *output, *results, *tree; /* may be NULL */
	const struct fuzz_target *target;			   /* or NULL */
	bool wanted_flavours[FLAVOURS_MAX], with_threads;
	unsigned int seconds, tries_text;
};

static bool parse_tree_option(char *tree, void *into)
{
	const char **path = into;

	*path = tree ? tree : ".";
	return true;
}

/* Return: an exit status, or -1 to continue. */
static int parse_options(struct settings *s, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ .name = "add",
		 .is_value_optional = true,
		 .read = parse_tree_option,
		 .into = &s->tree},
		option_backend(&s->backend),
		option_bytes(),
		option_threads(&s->with_threads),
		option_flavour(s->wanted_flavours),
		{ .name = "output", .letter = 'o', .text = &s->output},
		OPTION_TEXT("results", &s->results),
		option_target(&s->target),
		option_timeout(&s->seconds),
		OPTION_NUMBER("tries", &s->tries_text, 1, 100000),
		OPTION_END,
	};
	int status = options_parse("triage", help, rows, argc, argv);

	if (status >= 0)
		return status;
	if (optind != argc - 1)
		return usage_error("triage", "expected one DIR");
	s->directory = argv[optind];
	return options_set_backend("triage", s->backend);
}

static const char script[] =
#include "triage_script.inc"
	;

/* Becomes the script, whose arguments have the form NAME=VALUE. Return: EXIT_BAD if it does not start. */
static int run_script(const struct settings *s, const char *command)
{
	static struct flavour_runners runners;
	char flavour_list[FLAVOURS_TEXT], timeout_text[16], tries_text[16];
	const struct {
		const char *name, *value;
	} words[] = {
		{ "directory", s->directory },
		{ "output", s->output },
		{ "results", s->results },
		{ "tree", s->tree },
		{ "target", s->target ? s->target->name : NULL },
		{ "flavours", flavour_list },
		{ "executor", s->with_threads ? "both" : "fibers" },
		{ "names", program_all_bytes ? "bytes" : NULL },
		{ "backend", exec_backend_name() },
		{ "timeout", timeout_text },
		{ "tries", tries_text },
		{ "tool", shell_binary_path() },
		{ "command", command },
		{ "version", PACKAGE_VERSION },
		{ "compiler", __VERSION__ },
	};
	const char *arguments[sizeof(words) / sizeof(words[0]) + 1] = { NULL };
	char *argument;

	if (!runners_find_binaries(&runners, s->wanted_flavours))
		return usage_error("triage", "expected a flavour that this build has");
	runners_format_names(&runners, flavour_list);
	snprintf(timeout_text, sizeof(timeout_text), "%u", s->seconds);
	snprintf(tries_text, sizeof(tries_text), "%u", s->tries_text);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (asprintf(&argument, "%s=%s", words[i].name, words[i].value ? words[i].value : "") < 0)
			return usage_error("triage", "expected memory for the options, got none");
		arguments[i] = argument;
	}
	return execute_script(script, arguments);
}

int command_triage(int argc, char **argv)
{
	struct settings settings = { .backend = getenv("PAGE_MAP"), .seconds = 10, .tries_text = 10 };
	struct results results;
	int status;

	results_begin(&results, "triage", argc, argv);
	memset(settings.wanted_flavours, true, sizeof(settings.wanted_flavours));
	status = parse_options(&settings, argc, argv);
	return status >= 0 ? status : run_script(&settings, results.command_line);
}
