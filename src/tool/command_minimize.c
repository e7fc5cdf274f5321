/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture minimize: writes the smallest program that fails in the same way. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/finding/reduce.h"
#include "tool/util/file_list.h"
#include "tool/util/options.h"
#include "tool/util/output.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture minimize [OPTION]... FILE\n"
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
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n"
	"  -o, --output OUT write to OUT, completely or not at all; the default is standard output\n"
	"  --target NAME    treat FILE as a finding of this fuzz target\n"
	"  --timeout S      stop a program in one flavour after S seconds (default 10)\n"
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
	const char *backend, *output;
	const struct fuzz_target *target; /* or NULL */
	bool wanted[FLAVOURS_MAX], threads;
	unsigned int seconds;
};

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct settings *s, int argc, char **argv)
{
	const struct option_row rows[] = {
		option_backend(&s->backend),
		option_bytes(),
		option_threads(&s->threads),
		option_flavour(s->wanted),
		{ .name = "output", .letter = 'o', .text = &s->output },
		option_target(&s->target),
		option_timeout(&s->seconds),
		OPTION_END,
	};
	int status = options_take("minimize", help, rows, argc, argv);

	if (status >= 0)
		return status;
	if (optind != argc - 1)
		return usage_error("minimize", "expected one FILE");
	return options_backend("minimize", s->backend);
}

static int write_result(const struct test_input *input, const char *output)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int error;

	if (!out)
		return usage_error("minimize", "no memory for the result");
	test_input_print(out, input);
	if (fclose(out))
		error = errno;
	else if (output)
		error = output_write(output, text, size);
	else
		error = fwrite(text, 1, size, stdout) == size && !fflush(stdout) ? 0 : errno;
	free(text);
	if (error)
		fprintf(stderr, "%s: expected a file that can be written: %s\n",
			output ? output : "standard output", strerror(error));
	return error ? EXIT_BAD : EXIT_GOOD;
}

static int print_sound(const char *file, const struct oracle *oracle)
{
	if (oracle->replayer)
		fprintf(stderr, "%s: nothing to minimise: %s reports no failure\n", file,
			oracle->replayer->target->name);
	else
		fprintf(stderr, "%s: nothing to minimise: %s\n", file, oracle->rules_may_break ?
			"all flavours agree with the model" :
			"it breaks no rule, and all flavours agree");
	return EXIT_FAILED;
}

static int minimize(struct reduction *r, struct oracle *oracle, const char *output)
{
	const char *unit;
	size_t before = test_input_size(&r->input, &unit);

	signature_of_input(&r->signature, oracle, &r->input, NULL);
	if (!r->signature.failed)
		return print_sound(r->name, oracle);
	fprintf(stderr, "%s: %s\n", r->name, r->signature.text);
	if (!reduce(r, oracle)) {
		fprintf(stderr, "%s: expected it to fail in the same way again, it does not\n", r->name);
		return EXIT_FAILED;
	}
	fprintf(stderr, "%s: %zu %s, of %zu; %lu candidates, %lu executions\n", r->name,
		test_input_size(&r->input, &unit), unit, before, r->tried, r->executed);
	return write_result(&r->input, output);
}

static int minimize_file(const char *file, const struct settings *s, struct oracle *oracle)
{
	static struct reduction reduction;
	const struct fuzz_target *target = s->target ? s->target : fuzz_target_of_finding(file);
	char error[PROGRAM_FILE_ERROR], flavours[FLAVOURS_TEXT];
	const char *unit;
	size_t count;
	int status;

	if (!oracle_set_target(oracle, target))
		return EXIT_FAILED;
	if (!test_input_load(&reduction.input, file, target, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	reduction.name = file;
	runners_text(&oracle->runners, flavours);
	count = test_input_size(&reduction.input, &unit);
	announce("minimize", "%s: %zu %.*s, in %s", file, count,
		 (int)strlen(unit) - (count == 1), unit, /* "1 call" */
		 oracle->replayer ? oracle->replayer->path : flavours);
	status = minimize(&reduction, oracle, s->output);
	test_input_destroy(&reduction.input);
	return status;
}

static int minimize_with_oracle(const char *file, const struct settings *s)
{
	struct oracle oracle;
	int status;

	if (!oracle_init(&oracle, s->wanted, s->seconds))
		return usage_error("minimize", "expected a flavour that this build has");
	oracle.runners.threads = s->threads;
	status = minimize_file(file, s, &oracle);
	if (!oracle.replayer && oracle_lacks(&oracle))
		fprintf(stderr, "%s: %s\n", file, oracle_lacks(&oracle));
	oracle_destroy(&oracle);
	return status;
}

int command_minimize(int argc, char **argv)
{
	struct settings settings = { .backend = getenv("PAGE_MAP"), .seconds = 10 };
	const char *file;
	int status;

	memset(settings.wanted, true, sizeof(settings.wanted));
	status = parse_options(&settings, argc, argv);
	if (status >= 0)
		return status;
	file = file_list_one("minimize", argv[optind]);
	return file ? minimize_with_oracle(file, &settings) : EXIT_BAD;
}
