/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture minimize: the smallest program that fails as this one does. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/program/program_file.h"
#include "harness/program/program_text.h"
#include "tool/finding/reduce.h"
#include "tool/kit/file_list.h"
#include "tool/kit/options.h"
#include "tool/kit/output.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture minimize [OPTION]... FILE\n"
	"Write the smallest program that fails in the same way as the one in FILE, text or bytes.\n"
	"\n"
	"A program fails if it breaks a rule, if a flavour disagrees with the model or dies, or if\n"
	"a claim (expect, ->) does not hold. It fails in the same way if these are the same: the\n"
	"rules broken; the functions of the page library that race first, or the calls where no\n"
	"function is known; the report's kind and functions; what disagrees or is claimed.\n"
	"Calls are left out first, then threads, then numbers get smaller and rounder, then flags\n"
	"go. The same FILE gives the same program. What fails is said on standard error.\n"
	"\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --bytes          read FILE as a byte string, whatever its name is\n"
	"  --executor E     fibers (default), or both: disagreements on real threads count too\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -o, --output OUT write to OUT, whole or not at all; default is standard output\n"
	"  --timeout S      seconds for one program in one flavour (default 10)\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 written; 1 the program does not fail; 2 bad usage, or a file that cannot\n"
	"be read, parsed or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture minimize campaign/fuzz_race/findings/crash-1234\n"
	"  pagetorture minimize -o small.page large.page\n"
	"  pagetorture minimize --flavour asan --backend alias crash.page > small.page\n";

struct settings {
	const char *backend, *output;
	bool wanted[FLAVOURS_MAX], threads;
	unsigned int seconds;
};

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct settings *s, int argc, char **argv)
{
	const struct option_row rows[] = {
		OPTION_TEXT("backend", &s->backend),
		option_bytes(),
		option_threads(&s->threads),
		option_flavour(s->wanted),
		{ .name = "output", .letter = 'o', .text = &s->output },
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

static int write_program(const struct program *program, const char *output)
{
	static char text[TEXT_PROGRAM_MAX];
	size_t size = program_to_text(program, text);
	int error;

	if (!output)
		return fwrite(text, 1, size, stdout) == size ? EXIT_GOOD : EXIT_BAD;
	error = output_write(output, text, size);
	if (!error)
		return EXIT_GOOD;
	fprintf(stderr, "%s: expected a file that can be written: %s\n", output, strerror(error));
	return EXIT_BAD;
}

static int minimize_program(struct reduction *r, struct judge *judge, const char *output)
{
	size_t before = r->program.count;

	signature_make(&r->signature, judge, &r->program, NULL);
	if (!r->signature.failed) {
		fprintf(stderr, "%s: nothing to minimise: it breaks no rule, and all flavours agree\n",
			r->name);
		return EXIT_FAILED;
	}
	fprintf(stderr, "%s: %s\n", r->name, r->signature.text);
	if (!reduce(r, judge)) {
		fprintf(stderr, "%s: expected it to fail in the same way again, it does not\n",
			r->name);
		return EXIT_FAILED;
	}
	fprintf(stderr, "%s: %zu calls, of %zu; %lu candidates, %lu executions\n", r->name,
		r->program.count, before, r->tried, r->executed);
	return write_program(&r->program, output);
}

static int minimize_file(const char *file, const struct settings *s)
{
	static struct reduction reduction;
	struct judge judge;
	char error[PROGRAM_FILE_ERROR], flavours[FLAVOURS_TEXT];
	int status;

	reduction.name = file;
	if (!program_file_load(file, &reduction.program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	program_renumber(&reduction.program);
	if (!judge_begin(&judge, s->wanted, s->seconds))
		return usage_error("minimize", "expected a flavour that this build has");
	judge.witnesses.threads = s->threads;
	witnesses_text(&judge.witnesses, flavours);
	announce("minimize", "%s: %zu call%s, in %s", file, reduction.program.count,
		 reduction.program.count == 1 ? "" : "s", flavours);
	status = minimize_program(&reduction, &judge, s->output);
	if (signature_lacks(&judge))
		fprintf(stderr, "%s: %s\n", file, signature_lacks(&judge));
	judge_end(&judge);
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
	return file ? minimize_file(file, &settings) : EXIT_BAD;
}
