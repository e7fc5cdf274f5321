/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture triage: what fails in a directory of findings, each failure once. This file reads the
 * options, finding/triage.py does the work.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "harness/exec/exec.h"
#include "harness/program/program_name.h"
#include "harness/util/shell_word.h"
#include "tool/run/runner.h"
#include "tool/tool.h"
#include "tool/util/options.h"
#include "tool/util/python_program.h"
#include "tool/util/results.h"

static const char help[] =
	"Usage: pagetorture triage [OPTION]... DIR\n"
	"Sort findings by what fails: the directory of a campaign of `pagetorture fuzz`, or any directory\n"
	"with programs: findings of libFuzzer (crash-*) or AFL++ (id:*), or text (*.page).\n"
	"\n"
	"Findings that fail in the same way (`pagetorture minimize --help` says what that is; a race\n"
	"is its two functions, in no order) are one failure. What fails in a finding of a campaign is\n"
	"what its target's replayer reports (make TARGET-replay-FLAVOUR). Of each failure the\n"
	"smallest finding is tried again, minimised, and written to a directory of its own below OUT:\n"
	"the finding, as program.page, minimised.page, explanation.txt, reproduce.c, report.txt,\n"
	"replay.sh and summary.txt; of fuzz_api and fuzz_text minimised.calls or minimised.txt.\n"
	"\n"
	"  --add[=TREE]     put minimised programs into corpus/regress too, of the source tree TREE\n"
	"                   (default: the one that you stand in), with what they are to `expect`\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --bytes          every file of DIR is a finding in bytes, whatever its name is\n"
	"  --executor E     fibers (default), or both: disagreements on real threads count too\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -o, --output OUT where failures go (default DIR/triage)\n"
	"  --results FILE   write the failures as JSON lines, for `pagetorture-export`\n"
	"  --target NAME    the fuzz target whose findings they are, where their directories (of a\n"
	"                   campaign) do not say it\n"
	"  --timeout S      seconds for one program in one flavour (default 10)\n"
	"  --tries N        how often each failure is tried (default 10)\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 each finding fails, and is sorted; 1 there is none, or one does not fail\n"
	"here, is no program, or has no replayer here; 2 bad usage, or a directory that cannot be read or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture triage campaign\n"
	"  pagetorture triage -o failures campaign/fuzz_race/findings\n"
	"  pagetorture triage --results findings.jsonl campaign\n"
	"  pagetorture triage --add=$HOME/pagetorture --tries 100 crashes\n";

struct settings {
	const char *directory, *backend, *output, *results, *tree; /* may be NULL */
	const struct fuzz_target *target;			   /* or NULL */
	bool wanted[FLAVOURS_MAX], with_threads;
	unsigned int seconds, tries;
};

static bool read_tree(char *tree, void *into)
{
	const char **path = into;

	*path = tree ? tree : ".";
	return true;
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct settings *s, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ .name = "add", .may_lack = true, .read = read_tree, .into = &s->tree },
		option_backend(&s->backend),
		option_bytes(),
		option_threads(&s->with_threads),
		option_flavour(s->wanted),
		{ .name = "output", .letter = 'o', .text = &s->output },
		OPTION_TEXT("results", &s->results),
		option_target(&s->target),
		option_timeout(&s->seconds),
		OPTION_NUMBER("tries", &s->tries, 1, 100000),
		OPTION_END,
	};
	int status = options_take("triage", help, rows, argc, argv);

	if (status >= 0)
		return status;
	if (optind != argc - 1)
		return usage_error("triage", "expected one DIR");
	s->directory = argv[optind];
	return options_backend("triage", s->backend);
}

/* Runs the program, whose arguments have the form NAME=VALUE. */
static int run_program(const struct settings *s, const char *command)
{
	static struct flavour_runners runners;
	char flavours[FLAVOURS_TEXT];
	const struct {
		const char *name, *value;
	} words[] = {
		{ "directory", s->directory },
		{ "output", s->output },
		{ "results", s->results },
		{ "tree", s->tree },
		{ "target", s->target ? s->target->name : NULL },
		{ "flavours", flavours },
		{ "executor", s->with_threads ? "both" : "fibers" },
		{ "names", program_all_bytes ? "bytes" : NULL },
		{ "backend", exec_backend() },
		{ "tool", shell_binary_path() },
		{ "command", command },
		{ "version", PACKAGE_VERSION },
		{ "compiler", __VERSION__ },
	};
	char *arguments[sizeof(words) / sizeof(words[0]) + 3] = { NULL }; /* with two numbers and an end */
	size_t count = 0;

	if (!runners_find(&runners, s->wanted))
		return usage_error("triage", "expected a flavour that this build has");
	runners_text(&runners, flavours);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (asprintf(&arguments[count++], "%s=%s", words[i].name, words[i].value ? words[i].value : "") < 0)
			return EXIT_BAD;
	if (asprintf(&arguments[count++], "timeout=%u", s->seconds) < 0 ||
	    asprintf(&arguments[count++], "tries=%u", s->tries) < 0)
		return EXIT_BAD;
	return execute_python_program("finding/triage.py", arguments);
}

int command_triage(int argc, char **argv)
{
	struct settings settings = { .backend = getenv("PAGE_MAP"), .seconds = 10, .tries = 10 };
	struct results results;
	int status;

	results_begin(&results, "triage", argc, argv);
	memset(settings.wanted, true, sizeof(settings.wanted));
	status = parse_options(&settings, argc, argv);
	return status >= 0 ? status : run_program(&settings, results.command);
}
