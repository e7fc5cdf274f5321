/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture minimize: writes the smallest program that fails in the same way. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/program/program_name.h"
#include "tool/finding/describe.h"
#include "tool/finding/reduce.h"
#include "tool/util/file_list.h"
#include "tool/util/options.h"
#include "tool/util/output.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture minimize [OPTION]... FILE\n"
	"       pagetorture minimize --json [OPTION]... FILE...\n"
	"Write the smallest program that fails in the same way as the program in FILE.\n"
	"\n"
	"A program fails if it breaks a rule, if a flavour disagrees with the model or crashes, or if\n"
	"an expectation (`expect`, `->`) is not met. Two programs fail in the same way if these are\n"
	"equal: the broken rules; the functions of the page library in the first race, or the calls\n"
	"where no function is known; the kind and the functions of a sanitizer's report; the kind of\n"
	"disagreement; the expectation.\n"
	"\n"
	"The command removes calls, then threads, then makes numbers smaller and rounder, then removes\n"
	"flags. The result depends only on FILE. The failure is printed on standard error. If FILE has\n"
	"a schedule, the command removes deviations, and searches a schedule for each smaller program.\n"
	"\n"
	"A finding of a fuzz target (a file of a campaign, or --target) fails if the target reports a\n"
	"failure. It fails in the same way if the target prints the same message, or the same kind of\n"
	"report with the same functions. The command runs the replayer of the target for this (make\n"
	"TARGET-replay-FLAVOUR). It removes calls for fuzz_api, lines and bytes for fuzz_text.\n"
	"\n"
	"  --backend B      map pages with backend B: direct (default) or alias\n"
	"  --bytes          read FILE as a byte string, whatever its name is\n"
	"  --executor E     execute on fibers (default), or on both: also on real threads\n"
	"  --failure TEXT   minimise the failure that --json describes as TEXT, not the first failure\n"
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n"
	"  --json           print the failure of each FILE as one line of JSON, and do not minimise; with\n"
	"                   -o: minimise FILE, and print the failure of the smallest input, with reports\n"
	"  -o, --output OUT write to OUT, completely or not at all; the default is standard output\n"
	"  --target NAME    treat FILE as a finding of this fuzz target\n"
	"  --timeout S      stop a program in one flavour after S seconds (default 10)\n"
	"  --tries N        run FILE up to N times until it fails (default 1)\n"
	"  --help           print this text\n"
	"\n"
	"Exit status: 0 the program is written; 1 FILE does not fail; 2 bad usage, or a file that cannot\n"
	"be read, parsed or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture minimize campaign/fuzz_race/findings/crash-1234\n"
	"  pagetorture minimize -o small.page large.page\n"
	"  pagetorture minimize --flavour asan --backend alias crash.page > small.page\n";

static struct {
	const char *output_path, *failure_text; /* values of -o and --failure; NULL: not given */
	const struct fuzz_target *target;       /* value of --target; NULL: not given */
	unsigned int try_limit;
	struct oracle oracle;
} settings = { .try_limit = 1 };

/* Runs the input up to try_limit times. Return: whether the input failed (with --failure: as TEXT says). */
static bool run_until_failure(struct reduction *reduction)
{
	struct signature *signature = &reduction->signature;

	for (unsigned int i = 0; i < settings.try_limit; i++) {
		signature_init_by_executing_input(signature, &settings.oracle, &reduction->input, NULL);
		if (signature->has_failed &&
		    (!settings.failure_text || !strcmp(signature->failure_text, settings.failure_text)))
			return true;
	}
	return false;
}

static int write_minimised_input(const struct test_input *input)
{
	const char *path = settings.output_path;
	char *text = NULL;
	size_t text_size;
	FILE *out = open_memstream(&text, &text_size);
	int error = 0;

	if (!out)
		return usage_error("minimize", "expected memory for the result, got none");
	test_input_print(out, input);
	if (fclose(out))
		error = errno;
	else if (path)
		error = output_write_or_errno(path, text, text_size);
	else if (fwrite(text, 1, text_size, stdout) != text_size || fflush(stdout))
		error = errno;
	free(text);
	if (error)
		fprintf(stderr, "%s: expected a file that can be written: %s\n",
			path ? path : "standard output", strerror(error));
	return error ? EXIT_BAD : EXIT_GOOD;
}

/* Return: a text for messages: why the input has no failure to minimise. */
static const char *explain_missing_failure(const struct test_input *input, const char *replayer)
{
	if (replayer)
		return " reports no failure";
	return input->target ? "all flavours agree with the model" :
			       "it breaks no rule, and all flavours agree";
}

static int minimize_and_write_input(struct reduction *reduction)
{
	const struct test_input *input = &reduction->input;
	const char *replayer = oracle_find_replayer_or_report(&settings.oracle, input->target);
	const char *name = reduction->input_name;
	size_t size_before = test_input_count_units(input);
	char flavour_list[FLAVOURS_TEXT];

	flavours_format_names(settings.oracle.runners.is_available, flavour_list);
	log_command_message("minimize", "%s: %zu %s, in %s", name, size_before,
			    test_input_unit_name(input, size_before), replayer ? replayer : flavour_list);
	if (!run_until_failure(reduction)) {
		fprintf(stderr, "%s: nothing to minimise: %s%s\n", name, replayer ? input->target->name : "",
			explain_missing_failure(input, replayer));
		return EXIT_FAILED;
	}
	fprintf(stderr, "%s: %s\n", name, reduction->signature.failure_text);
	if (!reduce_input(reduction, &settings.oracle)) {
		fprintf(stderr, "%s: expected it to fail in the same way again, it does not\n", name);
		return EXIT_FAILED;
	}
	fprintf(stderr, "%s: %zu %s, of %zu; %lu candidates, %lu executions\n", name,
		test_input_count_units(input), test_input_unit_name(input, 0), size_before,
		reduction->candidate_count, reduction->execution_count);
	return write_minimised_input(input);
}

/* ---- as JSON ---- */

/* Runs the input try_limit times. Return: how many runs have the failure of reduction->signature. */
static unsigned int run_and_count_failures(const struct reduction *reduction)
{
	static struct signature signature;
	const bool *needed = reduction->signature.needed_flavours;
	unsigned int failure_count = 0;

	for (unsigned int i = 0; i < settings.try_limit; i++) {
		signature_init_by_executing_input(&signature, &settings.oracle, &reduction->input,
						  memchr(needed, true, FLAVOURS_MAX) ? needed : NULL);
		failure_count += signature_is_same_failure(&signature, &reduction->signature);
	}
	return failure_count;
}

/* Minimises the input, writes the smallest input, and describes the failure, with the sanitizers' reports. */
static int minimize_describe_and_write_input(struct json *json, struct reduction *reduction)
{
	static struct signature smallest;
	const struct test_input *input = &reduction->input;

	json_bool(json, "is_minimised", reduce_input(reduction, &settings.oracle));
	json_number(json, "failure_count", run_and_count_failures(reduction));
	signature_init_by_executing_input(&smallest, &settings.oracle, input,
					  reduction->signature.needed_flavours);
	execute_and_write_failure_members(json, &settings.oracle, input, &smallest);
	execute_and_write_reports(json, &settings.oracle, input, &reduction->signature);
	return write_minimised_input(input);
}

static int execute_and_describe_or_minimize(struct json *json, struct reduction *reduction)
{
	bool has_failed = run_until_failure(reduction);

	json_text(json, "outcome", has_failed ? "failure" : "no failure");
	json_text(json, "limitation", oracle_describe_missing_tools(&settings.oracle));
	if (!has_failed)
		return EXIT_FAILED;
	if (settings.output_path)
		return minimize_describe_and_write_input(json, reduction);
	execute_and_write_failure_members(json, &settings.oracle, &reduction->input, &reduction->signature);
	return EXIT_GOOD;
}

/* ---- the command ---- */

/* Minimises the input in @file. With --json, describes the failure, and minimises the input only with -o. */
static int minimize_or_describe_file(const char *file, struct json *json)
{
	static struct reduction reduction;
	struct oracle *oracle = &settings.oracle;
	const struct fuzz_target *target = settings.target ? settings.target : fuzz_target_find_by_path(file);
	char error[PROGRAM_FILE_ERROR];
	int status;

	memset(&reduction, 0, sizeof(reduction));
	reduction.input_name = file;
	if (!oracle_can_execute(oracle, target)) {
		if (json)
			json_text(json, "outcome", "not tried");
		return EXIT_FAILED;
	}
	if (!test_input_load(&reduction.input, file, target, error)) {
		fprintf(stderr, "%s\n", error);
		if (json)
			json_text(json, "outcome", "no program");
		return EXIT_BAD;
	}
	status = json ? execute_and_describe_or_minimize(json, &reduction) :
			minimize_and_write_input(&reduction);
	if (!json && oracle_describe_missing_tools(oracle) && !oracle_find_replayer_or_report(oracle, target))
		fprintf(stderr, "%s: %s\n", file, oracle_describe_missing_tools(oracle));
	test_input_destroy(&reduction.input);
	return status;
}

static int describe_failures_as_json(int count, char **files)
{
	struct json json = json_make_writer(stdout);
	int status = EXIT_GOOD;

	for (int i = 0; i < count; i++) {
		json_begin_object(&json, NULL);
		status = worse_exit_status(status, minimize_or_describe_file(files[i], &json));
		json_end_all_and_newline(&json);
		fflush(stdout);
	}
	return status;
}

static bool parse_executor_option(char *value, void *must_use_threads)
{
	*(bool *)must_use_threads = !strcmp(value, "both");
	return !strcmp(value, "both") || !strcmp(value, "fibers");
}

static bool parse_target_option(char *value, void *unused)
{
	(void)unused;
	settings.target = fuzz_target_find(value);
	return settings.target;
}

int command_minimize(int argc, char **argv)
{
	bool wanted_flavours[FLAVOURS_MAX] = { true, true, true, true };
	bool must_use_threads = false, is_json = false;
	unsigned int seconds = 10;
	const struct option_row rows[] = {
		option_backend(),
		OPTION_FLAG("bytes", &program_all_bytes),
		OPTION_CHOICE("executor", parse_executor_option, &must_use_threads, "fibers, both"),
		OPTION_TEXT("failure", &settings.failure_text),
		option_flavour(wanted_flavours),
		OPTION_FLAG("json", &is_json),
		{ .name = "output", .letter = 'o', .text = &settings.output_path },
		OPTION_CHOICE("target", parse_target_option, NULL, fuzz_target_names),
		OPTION_NUMBER("timeout", &seconds, 1, SECONDS_MAX),
		OPTION_NUMBER("tries", &settings.try_limit, 1, 100000),
		OPTION_END,
	};
	int status = options_parse_or_return_status("minimize", help, rows, argc, argv);
	const char *file; /* "" with --json, which takes several files; NULL after an error */

	if (status >= 0)
		return status;
	if (optind == argc || (optind < argc - 1 && (!is_json || settings.output_path)))
		return usage_error("minimize", "expected one FILE");
	status = options_check_library_and_set_backend("minimize");
	if (status >= 0)
		return status;
	file = is_json ? "" : file_list_find_only_file("minimize", argv[optind]);
	if (!file)
		return EXIT_BAD;
	if (!oracle_init(&settings.oracle, wanted_flavours, seconds))
		return usage_error("minimize", "expected a flavour that this build has");
	settings.oracle.runners.must_use_threads = must_use_threads;
	status = is_json ? describe_failures_as_json(argc - optind, argv + optind) :
			   minimize_or_describe_file(file, NULL);
	oracle_destroy(&settings.oracle);
	return status;
}
