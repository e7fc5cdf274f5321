/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture explain: draws programs, and prints which rule they break and why. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/model/expectations.h"
#include "harness/model/rules.h"
#include "harness/program/program_file.h"
#include "tool/explain/explain.h"
#include "tool/util/file_list.h"
#include "tool/util/options.h"
#include "tool/util/warnings.h"
#include "tool/tool.h"
#include "tool/run/runner.h"

static const char help[] =
	"Usage: pagetorture explain [OPTION]... FILE...\n"
	"Draw page programs: a column for each thread, time downward, arrows where one call happens\n"
	"before another. Then print which rule is broken, by which calls, on which bytes, and why.\n"
	"The rule model computes this. With --run, the command also executes the programs on fibers,\n"
	"in each flavour of this build, and first prints how the execution differs from the model.\n"
	"\n"
	"  --ascii          draw lines and arrows in ASCII\n"
	"  --backend B      with --run: map pages with backend B: direct (default) or alias\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --flavour F,...  with --run: use only these flavours: plain, asan, tsan, msan\n"
	"  --run            execute the programs too, and print where executions differ from the model\n"
	"  --strict         exit with status 1 if a call can never run; without it, only warn\n"
	"  --timeout S      with --run: stop a program in one flavour after S seconds (default 10)\n"
	"  --utf8           draw in UTF-8; without --ascii and --utf8, the locale decides\n"
	"  --help           print this text\n"
	"\n"
	"No line is longer than 100 columns. On a terminal the text has colours; NO_COLOR=1 turns them\n"
	"off.\n"
	"\n"
	"Exit status: 0 all expectations (`expect`, `->`) are met and, with --run, executions agree with\n"
	"the model; 1 they do not; 2 bad usage, or a file that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture explain corpus/rules/overlap-one-byte.page\n"
	"  pagetorture explain --run small.page\n"
	"  pagetorture explain --ascii crash-1234 >report.txt\n";

/* What the user asked for, and who executes. */
static struct {
	struct explain_style style;
	const char *backend; /* or NULL */
	bool strict, run, wanted[FLAVOURS_MAX];
	struct flavour_runners runners;
} settings = { .runners.seconds = 10 };

/* The sentences of the flavours that disagree. Return: how many. */
static size_t execute(const struct program *program,
		      struct explain_disagreement disagreements[FLAVOURS_MAX])
{
	static char seen[FLAVOURS_MAX][DISAGREEMENT_TEXT];
	static struct execution_record record;
	size_t count = 0;

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!settings.run || !settings.runners.of[i].there)
			continue;
		runner_execute(&settings.runners, i, program, &record);
		if (record.result != CHECKER_DIFFERS)
			continue;
		runner_disagreement(&settings.runners, i, program, &record, seen[count]);
		disagreements[count].who = flavour_names[i];
		disagreements[count].seen = seen[count];
		count++;
	}
	return count;
}

static int explain_file(struct rules *rules, const char *file)
{
	static struct program program;
	struct explain_disagreement disagreements[FLAVOURS_MAX];
	char error[PROGRAM_FILE_ERROR], claim[EXPECTATION_TEXT];
	size_t count;
	int status;

	if (!program_file_load(file, &program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	rules_evaluate(rules, &program);
	count = execute(&program, disagreements);
	explain_print(stdout, file, &program, rules, settings.style, disagreements, count);
	fflush(stdout);
	status = warnings_print(file, &program, rules, settings.strict);
	return !count && expectations_hold(&program, rules, claim) ? status : EXIT_FAILED;
}

/* Return: an exit status, or -1 to go on. */
static int begin_run(void)
{
	int status;

	if (!settings.run)
		return -1;
	status = options_backend("explain", settings.backend);
	if (status >= 0)
		return status;
	return runners_find(&settings.runners, settings.wanted) ?
	       -1 : usage_error("explain", "expected a flavour that this build has");
}

static int explain_files(int count, char **names)
{
	struct rules *rules = rules_new();
	struct file_tally tally;
	struct file_list files;
	int status;

	if (!rules)
		return usage_error("explain", "no memory for the model");
	status = file_list_init(&files, count, names) ? EXIT_GOOD : EXIT_BAD;
	file_tally_init(&tally, &files);
	for (size_t i = 0; i < files.count; i++) {
		if (i)
			putchar('\n');
		status = worse(status, file_tally_add(&tally, explain_file(rules, files.names[i])));
	}
	fflush(stdout);
	file_tally_print(&tally, "explain");
	file_list_destroy(&files);
	rules_delete(rules);
	return status;
}

int command_explain(int argc, char **argv)
{
	int utf8, status;
	const struct option_row rows[] = {
		OPTION_PICK("ascii", &utf8, false),
		option_backend(&settings.backend),
		option_bytes(),
		option_flavour(settings.wanted),
		OPTION_FLAG("run", &settings.run),
		option_strict(&settings.strict),
		option_timeout(&settings.runners.seconds),
		OPTION_PICK("utf8", &utf8, true),
		OPTION_END,
	};

	settings.style = explain_style_for(stdout);
	settings.backend = getenv("PAGE_MAP");
	utf8 = settings.style.utf8;
	memset(settings.wanted, true, sizeof(settings.wanted));
	status = options_take("explain", help, rows, argc, argv);
	if (status >= 0)
		return status;
	settings.style.utf8 = utf8;
	if (optind == argc)
		return usage_error("explain", "expected at least one FILE");
	status = begin_run();
	if (status < 0)
		status = explain_files(argc - optind, argv + optind);
	runners_destroy(&settings.runners);
	return status;
}
