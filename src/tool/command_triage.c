/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture triage: what fails in a folder of findings, each failure once. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/exec/exec.h"
#include "harness/program/program_file.h"
#include "tool/finding/bundle.h"
#include "tool/finding/finding.h"
#include "tool/finding/reduce.h"
#include "tool/finding/regress.h"
#include "tool/kit/options.h"
#include "tool/kit/status.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture triage [OPTION]... DIR\n"
	"Sort findings by what fails: the folder of a campaign of `pagetorture fuzz`, or any folder\n"
	"with findings of libFuzzer (crash-*) or AFL++ (id:*).\n"
	"\n"
	"Findings that fail in the same way (`pagetorture minimize --help` says what that is; a race\n"
	"is its two calls, in no order) are one failure. Of each failure the smallest finding is\n"
	"tried again, minimised, and written to a folder of its own below OUT: the finding, as\n"
	"program.page, minimised.page, explanation.txt, reproduce.c, report.txt, replay.sh and\n"
	"summary.txt.\n"
	"\n"
	"  --add[=TREE]     put minimised programs into corpus/regress too, of the source tree TREE\n"
	"                   (default: the one that you stand in), with what they are to `expect`\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --executor E     fibers (default), or both: disagreements on real threads count too\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -o, --output OUT where failures go (default DIR/triage)\n"
	"  --sarif FILE     write the failures for a code host, too (SARIF 2.1.0)\n"
	"  --timeout S      seconds for one program in one flavour (default 10)\n"
	"  --tries N        how often each failure is tried (default 10)\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 each finding fails, and is sorted; 1 there is none, or one does not fail\n"
	"here or is no program; 2 bad usage, or a folder that cannot be read or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture triage campaign\n"
	"  pagetorture triage -o failures campaign/fuzz_race/findings\n"
	"  pagetorture triage --sarif findings.sarif campaign\n"
	"  pagetorture triage --add=$HOME/pagetorture --tries 100 crashes\n";

struct settings {
	const char *backend, *dir, *tree, *asked; /* the output, or NULL */
	const char *sarif; /* or NULL */
	char output[PATH_MAX], regress[PATH_MAX];
	bool wanted[FLAVOURS_MAX], threads, add;
	unsigned int seconds, tries;
};

/* Findings that fail in the same way. */
struct failure {
	struct signature signature;
	struct reduction reduction; /* of the smallest */
	const char *finding;	    /* its path */
	size_t size;		    /* calls of it */
	char *members;		    /* paths, a line each */
	size_t count;
	unsigned int failed;
};

struct triage {
	const struct settings *settings;
	struct judge judge;
	struct findings findings;
	struct sarif *sarif; /* or NULL */
	struct failure **failures;
	size_t count;
	size_t sound, unparsed; /* findings that do not fail; files that are no program */
	int status;
};

/* ---- sorting ---- */

static struct failure *failure_of(struct triage *t, const struct signature *signature)
{
	struct failure *failure;

	for (size_t i = 0; i < t->count; i++)
		if (signature_equal(&t->failures[i]->signature, signature))
			return t->failures[i];
	failure = calloc(1, sizeof(*failure));
	t->failures = realloc(t->failures, (t->count + 1) * sizeof(*t->failures));
	if (!failure || !t->failures)
		exit(usage_error("triage", "no memory for one more failure"));
	failure->signature = *signature;
	t->failures[t->count++] = failure;
	return failure;
}

static void add_member(struct failure *failure, const char *path)
{
	char *more = NULL;

	if (asprintf(&more, "%s  %s\n", failure->members ? failure->members : "", path) < 0)
		exit(usage_error("triage", "no memory for one more finding"));
	free(failure->members);
	failure->members = more;
	failure->count++;
}

static void keep_smallest(struct failure *failure, const struct program *program,
			  const char *path)
{
	if (failure->finding && program->count >= failure->size)
		return;
	failure->finding = path;
	failure->size = program->count;
	failure->reduction.program = *program;
}

/* Return: does it fail, in one of all tries? */
static bool fails(struct triage *t, const struct program *program, struct signature *signature)
{
	for (unsigned int i = 0; i < t->settings->tries; i++) {
		signature_make(signature, &t->judge, program, NULL);
		if (signature->failed)
			return true;
	}
	return false;
}

static void sort_finding(struct triage *t, const struct finding *finding)
{
	static struct program program;
	struct signature signature;
	struct failure *failure;
	char error[PROGRAM_FILE_ERROR];

	if (!program_file_load(finding->path, &program, error)) {
		status_end();
		fprintf(stderr, "%s\n", error);
		t->unparsed++;
		return;
	}
	program_renumber(&program);
	if (!fails(t, &program, &signature)) {
		status_end();
		fprintf(stderr, "%s: does not fail here, in %u tries\n", finding->path,
			t->settings->tries);
		t->sound++;
		return;
	}
	failure = failure_of(t, &signature);
	add_member(failure, finding->path);
	keep_smallest(failure, &program, finding->path);
}

/* ---- one failure ---- */

/* Those that the failure is made of are tried; all, if it is the model's alone. */
static unsigned int count_failures(struct triage *t, const struct program *program,
				   const struct signature *expected)
{
	struct signature signature;
	unsigned int failed = 0;
	bool any = false;

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		any |= expected->needs[i];
	for (unsigned int i = 0; i < t->settings->tries; i++) {
		signature_make(&signature, &t->judge, program, any ? expected->needs : NULL);
		failed += signature_equal(&signature, expected);
	}
	return failed;
}

static void complain(struct triage *t, const char *path, int error)
{
	status_end();
	fprintf(stderr, "%s: expected a file that can be written: %s\n", path, strerror(error));
	t->status = EXIT_BAD;
}

static void add_to_corpus(struct triage *t, const struct failure *failure, const char *name)
{
	char path[PATH_MAX];
	int error = regress_add(t->settings->regress, name, &failure->reduction.program,
				&failure->signature, t->judge.rules, path);

	if (error && error != EEXIST)
		complain(t, path, error);
	else
		printf("  %s: %s\n", error ? "was there" : "added", path);
}

static void finish_failure(struct triage *t, struct failure *failure)
{
	static struct program before;
	char name[BUNDLE_NAME], file[PATH_MAX];
	struct bundle bundle = { .program = &before, .signature = &failure->signature };
	int error;

	bundle_name(&failure->signature, name);
	before = failure->reduction.program;
	failure->failed = count_failures(t, &before, &failure->signature);
	failure->reduction.name = name;
	failure->reduction.signature = failure->signature;
	bundle.minimised = reduce(&failure->reduction, &t->judge);
	bundle.smallest = &failure->reduction.program;
	bundle.finding = failure->finding;
	bundle.backend = exec_backend();
	bundle.members = failure->members;
	bundle.failed = failure->failed;
	bundle.tries = t->settings->tries;
	snprintf(bundle.dir, sizeof(bundle.dir), "%.3700s/%s", t->settings->output, name);
	error = bundle_write(&bundle, &t->judge, file);
	if (t->sarif)
		bundle_sarif(t->sarif, &bundle, &t->judge);
	status_end();
	printf("%s: %zu finding%s, failed %u of %u, %zu calls of %zu\n  %s\n", name, failure->count,
	       failure->count == 1 ? "" : "s", failure->failed, t->settings->tries,
	       bundle.smallest->count, before.count, failure->signature.text);
	if (error)
		complain(t, file, error);
	else if (t->settings->add)
		add_to_corpus(t, failure, name);
	fflush(stdout);
}

/* ---- all of it ---- */

static void print_end(const struct triage *t)
{
	printf("%zu finding%s, %zu failure%s, in %s", t->findings.count,
	       t->findings.count == 1 ? "" : "s", t->count, t->count == 1 ? "" : "s",
	       t->settings->output);
	if (t->findings.repeated)
		printf("; %zu were there twice", t->findings.repeated);
	if (t->sound)
		printf("; %zu did not fail", t->sound);
	if (t->unparsed + t->findings.unreadable)
		printf("; %zu are no program", t->unparsed + t->findings.unreadable);
	putchar('\n');
}

static void sort_all(struct triage *t)
{
	for (size_t i = 0; i < t->findings.count; i++) {
		status("triage: finding %zu of %zu, %zu failures", i + 1, t->findings.count,
		       t->count);
		sort_finding(t, &t->findings.of[i]);
	}
	for (size_t i = 0; i < t->count; i++) {
		finish_failure(t, t->failures[i]);
		free(t->failures[i]->members);
		free(t->failures[i]);
	}
	free(t->failures);
	print_end(t);
	if (!t->findings.count || t->sound || t->unparsed || t->findings.unreadable)
		t->status = worse(t->status, EXIT_FAILED);
}

static bool make_output(const char *output)
{
	if (!mkdir(output, 0777) || errno == EEXIST)
		return true;
	fprintf(stderr, "%s: expected a folder that can be written: %s\n", output, strerror(errno));
	return false;
}

static int triage(const struct settings *settings)
{
	static struct triage t;

	t.settings = settings;
	if (!findings_gather(&t.findings, settings->dir, settings->output))
		return EXIT_BAD;
	if (t.findings.count && !make_output(settings->output))
		return EXIT_BAD;
	if (!judge_begin(&t.judge, settings->wanted, settings->seconds))
		return usage_error("triage", "expected a flavour that this build has");
	t.judge.witnesses.threads = settings->threads;
	if (settings->sarif && !(t.sarif = sarif_begin("triage")))
		return EXIT_BAD;
	sort_all(&t);
	if (t.sarif && !sarif_end(t.sarif, settings->sarif))
		t.status = EXIT_BAD;
	if (signature_lacks(&t.judge))
		fprintf(stderr, "%s: %s\n", settings->dir, signature_lacks(&t.judge));
	judge_end(&t.judge);
	findings_free(&t.findings);
	return t.status;
}

static bool read_tree(char *tree, void *into)
{
	struct settings *s = into;

	s->add = true;
	s->tree = tree ? tree : ".";
	return true;
}

static int check_settings(struct settings *s)
{
	int status = options_backend("triage", s->backend);

	if (status >= 0)
		return status;
	if (s->add && !regress_find(s->tree, s->regress))
		return usage_error("triage", "expected --add=TREE, a source tree, got '%s'", s->tree);
	if (s->asked)
		snprintf(s->output, sizeof(s->output), "%s", s->asked);
	else
		snprintf(s->output, sizeof(s->output), "%.4000s/triage", s->dir);
	return -1;
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct settings *s, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ .name = "add", .may_lack = true, .read = read_tree, .into = s },
		OPTION_TEXT("backend", &s->backend),
		option_threads(&s->threads),
		option_flavour(s->wanted),
		{ .name = "output", .letter = 'o', .text = &s->asked },
		OPTION_TEXT("sarif", &s->sarif),
		option_timeout(&s->seconds),
		OPTION_NUMBER("tries", &s->tries, 1, 100000),
		OPTION_END,
	};
	int status = options_take("triage", help, rows, argc, argv);

	if (status >= 0)
		return status;
	if (optind != argc - 1)
		return usage_error("triage", "expected one DIR");
	s->dir = argv[optind];
	return check_settings(s);
}

int command_triage(int argc, char **argv)
{
	static struct settings settings = { .seconds = 10, .tries = 10 };
	int status;

	settings.backend = getenv("PAGE_MAP");
	memset(settings.wanted, true, sizeof(settings.wanted));
	status = parse_options(&settings, argc, argv);
	return status >= 0 ? status : triage(&settings);
}
