/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture check: evaluates programs with the rule model only. */
#include <getopt.h>
#include <stdio.h>

#include "harness/model/expectations.h"
#include "harness/model/rules.h"
#include "harness/program/program_file.h"
#include "tool/util/file_list.h"
#include "tool/util/options.h"
#include "tool/util/verdict_print.h"
#include "tool/util/warnings.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture check [OPTION]... FILE...\n"
	"Evaluate page programs with the rule model. The command does not run the page library.\n"
	"\n"
	"For each FILE, print `FILE: clean` or `FILE: ` with the names of the broken rules, and then\n"
	"one indented line for each broken rule and each expectation that is not met. A FILE with one\n"
	"of these names is a byte string: *.bin, crash-*, leak-*, timeout-*, oom-*, slow-unit-*, id:*,\n"
	"40 hex digits. Every other FILE is text; `-` is standard input, as text. From a directory, the\n"
	"command reads the files *.page and the byte strings.\n"
	"\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --json           print one JSON object for each FILE, on one line\n"
	"  --strict         exit with status 1 if a call can never run; without it, only warn\n"
	"  --help           print this text\n"
	"\n"
	"A call can never run if no earlier call fills its handle, if it misuses a mutex, or if it is an\n"
	"atomic access of size 3. The command warns of such a call on standard error.\n"
	"\n"
	"Exit status: 0 all expectations (`expect`, `->`) are met; 1 an expectation is not met; 2 bad\n"
	"usage, or a file that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture check corpus/rules/*.page\n"
	"  pagetorture check --json race.page | jq .races\n"
	"  printf 'pagetorture 1\\np0 = alloc_page(GFP_KERNEL)\\n' | pagetorture check -\n";

static int check_file(struct rules *rules, const char *file, bool json, bool strict)
{
	static struct program program;
	char error[PROGRAM_FILE_ERROR], failed_claim[EXPECTATION_TEXT];
	int status;

	if (!program_file_load(file, &program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	rules_evaluate(rules, &program);
	if (json) {
		struct json out = json_begin(stdout);

		json_begin_object(&out, NULL);
		verdict_print_json(&out, file, &program, rules);
		json_end_line(&out);
	} else {
		verdict_print_text(stdout, file, &program, rules);
	}
	status = warnings_print(file, &program, rules, strict);
	if (expectations_hold(&program, rules, failed_claim))
		return status;
	fprintf(stderr, "%s: claim does not hold: %s\n", file, failed_claim);
	return EXIT_FAILED;
}

int command_check(int argc, char **argv)
{
	bool json = false, strict = false;
	const struct option_row rows[] = {
		option_bytes(),
		OPTION_FLAG("json", &json),
		option_strict(&strict),
		OPTION_END,
	};
	int status = options_parse("check", help, rows, argc, argv);
	struct file_tally tally;
	struct file_list files;
	struct rules *rules;

	if (status >= 0)
		return status;
	if (optind == argc)
		return usage_error("check", "expected at least one FILE");
	rules = rules_new();
	if (!rules)
		return usage_error("check", "no memory for the model");
	status = file_list_init(&files, argc - optind, argv + optind) ? EXIT_GOOD : EXIT_BAD;
	file_tally_init(&tally, &files);
	for (size_t i = 0; i < files.count; i++)
		status = worse_exit_status(
			status,
			file_tally_add(&tally, check_file(rules, files.names[i], json, strict)));
	fflush(stdout);
	file_tally_print(&tally, "check");
	file_list_destroy(&files);
	rules_delete(rules);
	return status;
}
