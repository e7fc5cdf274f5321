/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture explain: draws programs, and prints which rule they break and why. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/model/expectations.h"
#include "harness/model/rules.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "tool/explore/schedule_facts.h"
#include "tool/run/runner.h"
#include "tool/tool.h"
#include "tool/util/file_list.h"
#include "tool/util/model_facts.h"
#include "tool/util/options.h"
#include "tool/util/script.h"
#include "tool/util/verdict_print.h"

static const char help[] =
	"Usage: pagetorture explain [OPTION]... FILE...\n"
	"Draw page programs: a column for each thread, time downward, arrows where one call happens\n"
	"before another. Then print which rule is broken, by which calls, on which bytes, and why.\n"
	"The rule model computes this. With --run, the command also executes the programs on fibers,\n"
	"in each flavour of this build, and first prints how the execution differs from the model.\n"
	"If a program has a schedule, the flavour tsan runs it, and its switches of threads are drawn.\n"
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
	"off. The command needs python3.\n"
	"\n"
	"Exit status: 0 all expectations (`expect`, `->`) are met and, with --run, executions agree with\n"
	"the model; 1 they do not; 2 bad usage, or a file that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture explain corpus/rules/overlap-one-byte.page\n"
	"  pagetorture explain --run small.page\n"
	"  pagetorture explain --ascii crash-1234 >report.txt\n";

static struct {
	bool is_strict, must_run, wanted_flavours[FLAVOURS_MAX];
	struct rules *rules;
	struct flavour_runners runners;
} settings = { .runners.timeout_seconds = 10 };

static void write_disagreement(struct json *out, unsigned int flavour, const struct program *program,
			       const struct execution_record *record)
{
	char disagreement_text[DISAGREEMENT_TEXT];
	const char *line_number_text;

	runner_describe_disagreement(&settings.runners, flavour, program, record, disagreement_text);
	line_number_text = strstr(disagreement_text, "line ");
	json_begin_object(out, NULL);
	json_text(out, "who", flavour_names[flavour]);
	json_text(out, "seen", disagreement_text);
	json_number(out, "line", line_number_text ? atoi(line_number_text + strlen("line ")) : 0);
	json_end(out);
}

/* With --run, executes the program in each flavour. Return: whether a flavour disagrees with the model. */
static bool execute_and_write_disagreements(struct json *out, const struct program *program)
{
	static struct execution_record record;
	bool has_disagreement = false;

	json_begin_array(out, "disagreements");
	for (unsigned int i = 0; settings.must_run && i < FLAVOURS_MAX; i++) {
		if (!settings.runners.is_available[i])
			continue;
		runner_execute(&settings.runners, i, program, &record);
		if (record.result != CHECKER_DIFFERS)
			continue;
		write_disagreement(out, i, program, &record);
		has_disagreement = true;
	}
	json_end(out);
	return has_disagreement;
}

/* Writes the facts of @file as one line of JSON to @script_input. Return: the exit status for @file. */
static int execute_and_write_facts(const char *file, void *script_input)
{
	static struct program program;
	char error[PROGRAM_FILE_ERROR], failed_claim[EXPECTATION_TEXT];
	struct json out = json_make_writer(script_input);
	bool has_disagreement;
	int warning_status;

	if (!program_file_read_and_parse(file, &program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	rules_evaluate(settings.rules, &program);
	json_begin_object(&out, NULL);
	write_model_facts_as_members(&out, &program, settings.rules, file);
	run_schedule_and_write_facts(&out, &program, settings.runners.timeout_seconds);
	has_disagreement = execute_and_write_disagreements(&out, &program);
	json_end_all_and_newline(&out);
	warning_status = never_runs_print_warnings(file, &program, settings.rules, settings.is_strict);
	return !has_disagreement && expectations_hold(&program, settings.rules, failed_claim) ?
		       warning_status :
		       EXIT_FAILED;
}

/* Selects the backend and the flavours for --run. Return: an exit status; -1: continue. */
static int set_backend_and_find_runners(void)
{
	int status; /* an exit status; -1: continue */

	if (!settings.must_run)
		return -1;
	status = options_check_library_and_set_backend("explain");
	if (status >= 0)
		return status;
	return runners_find_binaries(&settings.runners, settings.wanted_flavours) ?
		       -1 :
		       usage_error("explain", "expected a flavour that this build has");
}

/* Passes the facts of all files to the script, which replaces this process. Return: EXIT_BAD on error. */
static int write_facts_and_exec_script(int count, char **files, struct script_command *script)
{
	FILE *input = script_open_input();
	int status;

	settings.rules = rules_new();
	if (!settings.rules || !input)
		return usage_error("explain", "expected memory for the model and the script");
	status = file_list_handle_all("explain", count, files, execute_and_write_facts, input);
	runners_destroy(&settings.runners);
	script_append(script, "status=%d", status);
	script_append_arguments(script, (char *[]){ NULL });
	return script_exec_python(script, input);
}

int command_explain(int argc, char **argv)
{
	struct script_command script;
	int status; /* an exit status; -1: continue */
	const struct option_row rows[] = {
		OPTION_SCRIPT_FLAG("ascii", &script),
		option_backend(),
		OPTION_FLAG("bytes", &program_all_bytes),
		option_flavour(settings.wanted_flavours),
		OPTION_FLAG("run", &settings.must_run),
		OPTION_FLAG("strict", &settings.is_strict),
		OPTION_NUMBER("timeout", &settings.runners.timeout_seconds, 1, SECONDS_MAX),
		OPTION_SCRIPT_FLAG("utf8", &script),
		OPTION_END,
	};

	script_init(&script, argc, argv);
	memset(settings.wanted_flavours, true, sizeof(settings.wanted_flavours));
	status = options_parse_or_return_status("explain", help, rows, argc, argv);
	if (status >= 0)
		return status;
	if (optind == argc)
		return usage_error("explain", "expected at least one FILE");
	status = set_backend_and_find_runners();
	return status < 0 ? write_facts_and_exec_script(argc - optind, argv + optind, &script) : status;
}
