/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture minimize: the smallest program that fails as this one does. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/program/program_file.h"
#include "harness/program/program_text.h"
#include "tool/finding/judge_target.h"
#include "tool/finding/reduce.h"
#include "tool/finding/reduce_input.h"
#include "tool/util/file_list.h"
#include "tool/util/options.h"
#include "tool/util/output.h"
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
	"A finding of a fuzz target (a file of a campaign, or --target) fails if the target itself\n"
	"reports a failure, and in the same way if it reports the same sentence or the same kind\n"
	"in the same functions: its replayer is asked (make TARGET-replay-FLAVOUR). Of fuzz_api\n"
	"calls are left out, of fuzz_text lines and bytes.\n"
	"\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --bytes          read FILE as a byte string, whatever its name is\n"
	"  --executor E     fibers (default), or both: disagreements on real threads count too\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -o, --output OUT write to OUT, whole or not at all; default is standard output\n"
	"  --target NAME    FILE is a finding of this fuzz target\n"
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
	const struct fuzz_target *target; /* or NULL */
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

static int write_result(const void *text, size_t size, const char *output)
{
	int error;

	if (!output)
		return fwrite(text, 1, size, stdout) == size ? EXIT_GOOD : EXIT_BAD;
	error = output_write(output, text, size);
	if (!error)
		return EXIT_GOOD;
	fprintf(stderr, "%s: expected a file that can be written: %s\n", output, strerror(error));
	return EXIT_BAD;
}

static int write_program(const struct program *program, const char *output)
{
	static char text[TEXT_PROGRAM_MAX];

	return write_result(text, program_to_text(program, text), output);
}

static int tell_sound(const char *file, const struct judge *judge)
{
	if (judge->replayer)
		fprintf(stderr, "%s: nothing to minimise: %s reports no failure\n", file,
			judge->replayer->target->name);
	else
		fprintf(stderr, "%s: nothing to minimise: %s\n", file, judge->rules_may_break ?
			"all flavours agree with the model" :
			"it breaks no rule, and all flavours agree");
	return EXIT_FAILED;
}

static int tell_unsteady(const char *file)
{
	fprintf(stderr, "%s: expected it to fail in the same way again, it does not\n", file);
	return EXIT_FAILED;
}

/* ---- programs ---- */

static int minimize_program(struct reduction *r, struct judge *judge, const char *output)
{
	size_t before = r->program.count;

	signature_make(&r->signature, judge, &r->program, NULL);
	if (!r->signature.failed)
		return tell_sound(r->name, judge);
	fprintf(stderr, "%s: %s\n", r->name, r->signature.text);
	if (!reduce(r, judge))
		return tell_unsteady(r->name);
	fprintf(stderr, "%s: %zu calls, of %zu; %lu candidates, %lu executions\n", r->name,
		r->program.count, before, r->tried, r->executed);
	return write_program(&r->program, output);
}

static int minimize_program_file(const char *file, struct judge *judge, const char *output)
{
	static struct reduction reduction;
	char error[PROGRAM_FILE_ERROR], flavours[FLAVOURS_TEXT];

	reduction.name = file;
	if (!program_file_load(file, &reduction.program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	program_renumber(&reduction.program);
	runners_text(&judge->runners, flavours);
	announce("minimize", "%s: %zu call%s, in %s", file, reduction.program.count,
		 reduction.program.count == 1 ? "" : "s",
		 judge->replayer ? judge->replayer->path : flavours);
	return minimize_program(&reduction, judge, output);
}

/* ---- inputs of a fuzz target that are no programs ---- */

/* Calls are written as people read them, if a binary can print them. */
static int write_input(const struct input_reduction *r, struct judge *judge, const char *output)
{
	static char text[ISOLATE_OUTPUT];

	if (judge->replayer->target->reads == READS_CALLS &&
	    replayer_text(judge->replayer, r->bytes, r->size, text))
		return write_result(text, strlen(text), output);
	return write_result(r->bytes, r->size, output);
}

static int minimize_input(struct input_reduction *r, struct judge *judge, const char *output)
{
	static struct replayed replayed;
	const char *unit;
	size_t before = input_units(r, judge->replayer->target, &unit);

	if (!replayer_run(judge->replayer, r->bytes, r->size, &replayed)) {
		fprintf(stderr, "%s: expected to start %s\n", r->name, judge->replayer->path);
		return EXIT_BAD;
	}
	signature_of_replayed(&r->signature, judge->replayer, &replayed);
	if (!r->signature.failed)
		return tell_sound(r->name, judge);
	fprintf(stderr, "%s: %s\n", r->name, r->signature.text);
	if (!reduce_input(r, judge))
		return tell_unsteady(r->name);
	fprintf(stderr, "%s: %zu %s, of %zu; %lu candidates\n", r->name,
		input_units(r, judge->replayer->target, &unit), unit, before, r->tried);
	return write_input(r, judge, output);
}

static int minimize_input_file(const char *file, struct judge *judge, const char *output)
{
	struct input_reduction reduction = { .name = file };
	char error[PROGRAM_FILE_ERROR];
	int status;

	reduction.bytes = (uint8_t *)program_file_read(file, &reduction.size, error);
	if (!reduction.bytes) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	status = minimize_input(&reduction, judge, output);
	free(reduction.bytes);
	return status;
}

/* ---- any file ---- */

static int minimize_file(const char *file, const struct settings *s)
{
	const struct fuzz_target *target = s->target ? s->target : fuzz_target_of_finding(file);
	struct judge_targets targets = { .count = 0 };
	struct judge judge;
	int status;

	if (!judge_begin(&judge, s->wanted, s->seconds))
		return usage_error("minimize", "expected a flavour that this build has");
	judge.runners.threads = s->threads;
	if (!judge_by_target(&judge, &targets, target))
		status = EXIT_FAILED;
	else if (target && target->reads != READS_BYTES)
		status = minimize_input_file(file, &judge, s->output);
	else
		status = minimize_program_file(file, &judge, s->output);
	if (!judge.replayer && signature_lacks(&judge))
		fprintf(stderr, "%s: %s\n", file, signature_lacks(&judge));
	judge_targets_end(&targets);
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
