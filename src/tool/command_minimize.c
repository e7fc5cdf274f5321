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
	"flags. The result depends only on FILE. The failure is printed on standard error.\n"
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

struct settings {
	const char *backend, *output_path, *failure_text; /* or NULL */
	const struct fuzz_target *target; /* or NULL */
	bool wanted_flavours[FLAVOURS_MAX], with_threads, is_json;
	unsigned int seconds, try_limit;
};

/* Return: an exit status, or -1 to continue. */
static int parse_options(struct settings *s, int argc, char **argv)
{
	const struct option_row rows[] = {
		option_backend(&s->backend),
		OPTION_FLAG("bytes", &program_all_bytes),
		option_threads(&s->with_threads),
		OPTION_TEXT("failure", &s->failure_text),
		option_flavour(s->wanted_flavours),
		OPTION_FLAG("json", &s->is_json),
		{ .name = "output", .letter = 'o', .text = &s->output_path },
		option_target(&s->target),
		OPTION_NUMBER("timeout", &s->seconds, 1, SECONDS_MAX),
		OPTION_NUMBER("tries", &s->try_limit, 1, 100000),
		OPTION_END,
	};
	int status = options_parse("minimize", help, rows, argc, argv);

	if (status >= 0)
		return status;
	if (optind == argc || (optind < argc - 1 && (!s->is_json || s->output_path)))
		return usage_error("minimize", "expected one FILE");
	return options_set_backend("minimize", s->backend);
}

/* Return: whether the input fails in at least one try. */
static bool find_failure(struct reduction *r, struct oracle *oracle, const struct settings *s)
{
	for (unsigned int i = 0; i < s->try_limit; i++) {
		signature_init_from_input(&r->signature, oracle, &r->input, NULL);
		if (r->signature.has_failed &&
		    (!s->failure_text || !strcmp(r->signature.failure_text, s->failure_text)))
			return true;
	}
	return false;
}

static int write_result(const struct test_input *input, const char *output_path)
{
	char *text = NULL;
	size_t text_size;
	FILE *out = open_memstream(&text, &text_size);
	int error;

	if (!out)
		return usage_error("minimize", "no memory for the result");
	test_input_print(out, input);
	if (fclose(out))
		error = errno;
	else if (output_path)
		error = output_write(output_path, text, text_size);
	else
		error = fwrite(text, 1, text_size, stdout) == text_size && !fflush(stdout) ? 0
											   : errno;
	free(text);
	if (error)
		fprintf(stderr, "%s: expected a file that can be written: %s\n",
			output_path ? output_path : "standard output", strerror(error));
	return error ? EXIT_BAD : EXIT_GOOD;
}

/* Return: the reason why the input has no failure to minimise. */
static const char *explain_agreement(const struct test_input *input, const char *replayer)
{
	if (replayer)
		return " reports no failure";
	return input->target ? "all flavours agree with the model" :
			       "it breaks no rule, and all flavours agree";
}

static int minimize_input(struct reduction *r, struct oracle *oracle, const struct settings *s)
{
	const char *replayer = oracle_find_replayer(oracle, r->input.target);
	size_t size_before = test_input_count_units(&r->input);
	char flavour_list[FLAVOURS_TEXT];

	runners_format_names(&oracle->runners, flavour_list);
	log_command_message("minimize", "%s: %zu %s, in %s", r->input_name, size_before,
			    test_input_unit_name(&r->input, size_before),
			    replayer ? replayer : flavour_list);
	if (!find_failure(r, oracle, s)) {
		fprintf(stderr, "%s: nothing to minimise: %s%s\n", r->input_name,
			replayer ? r->input.target->name : "",
			explain_agreement(&r->input, replayer));
		return EXIT_FAILED;
	}
	fprintf(stderr, "%s: %s\n", r->input_name, r->signature.failure_text);
	if (!reduce_input(r, oracle)) {
		fprintf(stderr, "%s: expected it to fail in the same way again, it does not\n", r->input_name);
		return EXIT_FAILED;
	}
	fprintf(stderr, "%s: %zu %s, of %zu; %lu candidates, %lu executions\n", r->input_name,
		test_input_count_units(&r->input), test_input_unit_name(&r->input, 0), size_before,
		r->candidate_count, r->execution_count);
	return write_result(&r->input, s->output_path);
}

/* ---- as JSON ---- */

static unsigned int count_failures(const struct reduction *r, struct oracle *oracle,
				   unsigned int try_limit)
{
	static struct signature signature;
	const bool *needed = r->signature.needed_flavours;
	unsigned int failure_count = 0;

	for (unsigned int i = 0; i < try_limit; i++) {
		signature_init_from_input(&signature, oracle, &r->input,
				   memchr(needed, true, FLAVOURS_MAX) ? needed : NULL);
		failure_count += signature_is_equal(&signature, &r->signature);
	}
	return failure_count;
}

/* Minimises the input, and describes the smallest input instead of the one in the file. */
static int describe_smallest(struct json *json, struct reduction *r, struct oracle *oracle,
			     const struct settings *s)
{
	static struct signature smallest;

	json_bool(json, "is_minimised", reduce_input(r, oracle));
	json_number(json, "failure_count", count_failures(r, oracle, s->try_limit));
	signature_init_from_input(&smallest, oracle, &r->input, r->signature.needed_flavours);
	describe_failure(json, oracle, &r->input, &smallest);
	describe_reports(json, oracle, &r->input, &r->signature);
	return write_result(&r->input, s->output_path);
}

static int describe_input(struct json *json, struct reduction *r, struct oracle *oracle,
			  const struct settings *s)
{
	bool has_failed = find_failure(r, oracle, s);

	json_text(json, "outcome", has_failed ? "failure" : "no failure");
	json_text(json, "limitation", oracle_find_limitation(oracle));
	if (!has_failed)
		return EXIT_FAILED;
	if (s->output_path)
		return describe_smallest(json, r, oracle, s);
	describe_failure(json, oracle, &r->input, &r->signature);
	return EXIT_GOOD;
}

/* ---- the command ---- */

/* @json: NULL without --json */
static int handle_file(const char *file, struct oracle *oracle, const struct settings *s, struct json *json)
{
	static struct reduction reduction;
	const struct fuzz_target *target = s->target ? s->target : fuzz_target_find_by_path(file);
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
	status = json ? describe_input(json, &reduction, oracle, s) : minimize_input(&reduction, oracle, s);
	if (!json && oracle_find_limitation(oracle) && !oracle_find_replayer(oracle, target))
		fprintf(stderr, "%s: %s\n", file, oracle_find_limitation(oracle));
	test_input_destroy(&reduction.input);
	return status;
}

static int describe_files(int count, char **files, struct oracle *oracle, const struct settings *s)
{
	struct json json = json_begin(stdout);
	int status = EXIT_GOOD;

	for (int i = 0; i < count; i++) {
		json_begin_object(&json, NULL);
		status = worse_exit_status(status, handle_file(files[i], oracle, s, &json));
		json_end_line(&json);
		fflush(stdout);
	}
	return status;
}

int command_minimize(int argc, char **argv)
{
	static struct oracle oracle;
	struct settings settings = { .backend = getenv("PAGE_MAP"), .seconds = 10, .try_limit = 1 };
	const char *file;
	int status;

	memset(settings.wanted_flavours, true, sizeof(settings.wanted_flavours));
	status = parse_options(&settings, argc, argv);
	if (status >= 0)
		return status;
	file = settings.is_json ? "" : file_list_find_only_file("minimize", argv[optind]);
	if (!file)
		return EXIT_BAD;
	if (!oracle_init(&oracle, settings.wanted_flavours, settings.seconds))
		return usage_error("minimize", "expected a flavour that this build has");
	oracle.runners.must_use_threads = settings.with_threads;
	status = settings.is_json ? describe_files(argc - optind, argv + optind, &oracle, &settings) :
				 handle_file(file, &oracle, &settings, NULL);
	oracle_destroy(&oracle);
	return status;
}
