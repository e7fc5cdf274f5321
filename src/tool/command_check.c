/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture check: judge programs with the rule model alone. */
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
	"Judge page programs with the rule model alone; the page library is not run.\n"
	"\n"
	"For each file one line, `FILE: clean` or `FILE: RULE RULE ...`, and below it one\n"
	"indented line for each finding. A FILE with one of these names is a byte string: *.bin,\n"
	"crash-*, leak-*, timeout-*, oom-*, slow-unit-*, id:*, 40 hex digits. Every other FILE is\n"
	"text, and so is `-`, standard input. A directory means its files *.page and the byte\n"
	"strings in it.\n"
	"\n"
	"  --bytes     read every FILE as a byte string, whatever its name is\n"
	"  --json      one JSON object a line, as the program format says\n"
	"  --strict    a call that can never run ends with 1; without it, it is only a warning\n"
	"  --help      this text\n"
	"\n"
	"A call that can never run (no call before it fills its handle, a lock is misused, an atomic\n"
	"of size 3) is a warning on standard error.\n"
	"\n"
	"Exit status: 0 all claims (`expect`, `->`) hold; 1 one does not; 2 bad usage, or a file\n"
	"that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture check corpus/rules/*.page\n"
	"  pagetorture check --json race.page | jq .races\n"
	"  printf 'pagetorture 1\\np0 = alloc_page(GFP_KERNEL)\\n' | pagetorture check -\n";

static int check_file(struct rules *rules, const char *file, bool json, bool strict)
{
	static struct program program;
	char error[PROGRAM_FILE_ERROR], claim[EXPECTATION_TEXT];
	int status;

	if (!program_file_load(file, &program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	rules_evaluate(rules, &program);
	if (json) {
		struct json out = json_begin(stdout);

		json_object(&out, NULL);
		verdict_print_json(&out, file, &program, rules);
		json_end_line(&out);
	} else {
		verdict_print_text(stdout, file, &program, rules);
	}
	status = warnings_print(file, &program, rules, strict);
	if (expectations_hold(&program, rules, claim))
		return status;
	fprintf(stderr, "%s: claim does not hold: %s\n", file, claim);
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
	int status = options_take("check", help, rows, argc, argv);
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
		status = worse(status, file_tally_add(&tally, check_file(rules, files.names[i], json,
									 strict)));
	fflush(stdout);
	file_tally_print(&tally, "check");
	file_list_destroy(&files);
	rules_delete(rules);
	return status;
}
