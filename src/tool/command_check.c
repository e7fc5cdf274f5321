/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture check: evaluates programs with the rule model only. */
#include <getopt.h>
#include <stdio.h>

#include "harness/model/expectations.h"
#include "harness/model/rules.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "tool/util/file_list.h"
#include "tool/util/options.h"
#include "tool/util/verdict_print.h"
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

struct check_settings {
	struct rules *rules;
	bool must_print_json, is_strict;
};

static int check_file(const char *file, void *context)
{
	static struct program program;
	const struct check_settings *settings = context;
	char error[PROGRAM_FILE_ERROR], failed_claim[EXPECTATION_TEXT];
	int warning_status;

	if (!program_file_read_and_parse(file, &program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	rules_evaluate(settings->rules, &program);
	if (settings->must_print_json) {
		struct json out = json_make_writer(stdout);

		json_begin_object(&out, NULL);
		verdict_write_json_members(&out, file, &program, settings->rules);
		json_end_all_and_newline(&out);
	} else {
		verdict_print_text(stdout, file, &program, settings->rules);
	}
	warning_status = never_runs_print_warnings(file, &program, settings->rules, settings->is_strict);
	if (expectations_hold(&program, settings->rules, failed_claim))
		return warning_status;
	fprintf(stderr, "%s: claim does not hold: %s\n", file, failed_claim);
	return EXIT_FAILED;
}

int command_check(int argc, char **argv)
{
	struct check_settings settings = { .rules = NULL };
	const struct option_row rows[] = {
		OPTION_FLAG("bytes", &program_all_bytes),
		OPTION_FLAG("json", &settings.must_print_json),
		OPTION_FLAG("strict", &settings.is_strict),
		OPTION_END,
	};
	int status = options_parse_or_return_status("check", help, rows, argc, argv);

	if (status >= 0)
		return status;
	if (optind == argc)
		return usage_error("check", "expected at least one FILE");
	settings.rules = rules_new();
	if (!settings.rules)
		return usage_error("check", "expected memory for the rule model, got none");
	status = file_list_handle_all("check", argc - optind, argv + optind, check_file, &settings);
	rules_delete(settings.rules);
	return status;
}
