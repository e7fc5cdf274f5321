/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Findings are sorted first, each tried until it fails: one failure for all that fail in the
 * same way. Then each failure is tried again and made small, from its smallest finding.
 */
#include "tool/finding/triage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/util/path.h"
#include "harness/exec/exec.h"
#include "harness/program/program_file.h"
#include "tool/finding/bundle.h"
#include "tool/finding/bundle_record.h"
#include "tool/finding/finding.h"
#include "tool/finding/judge_target.h"
#include "tool/finding/reduce.h"
#include "tool/finding/reduce_input.h"
#include "tool/finding/regress.h"
#include "tool/util/status.h"
#include "tool/util/store.h"
#include "tool/util/usage.h"

/* Findings that fail in the same way. */
struct failure {
	char key[SIGNATURE_TEXT];   /* equal for all of its findings */
	struct signature signature; /* of the smallest */
	struct reduction reduction; /* of the smallest */
	struct input_reduction input; /* in place of it, if that is no program */
	const char *finding;	    /* its path */
	size_t size;		    /* calls of it, or bytes */
	char *members;		    /* paths, a line each */
	size_t count;
	unsigned int failed;
};

struct triage {
	struct triage_order *order;
	struct judge judge;
	struct judge_targets targets;
	struct findings findings;
	struct failure **failures;
	size_t count;
	size_t sound, unparsed; /* findings that do not fail; files that are no program */
	size_t untried;		/* of a target without a replayer */
	int status;
};

/* ---- sorting ---- */

static struct failure *failure_of(struct triage *t, const char *key)
{
	struct failure *failure;

	for (size_t i = 0; i < t->count; i++)
		if (!strcmp(t->failures[i]->key, key))
			return t->failures[i];
	failure = calloc(1, sizeof(*failure));
	t->failures = realloc(t->failures, (t->count + 1) * sizeof(*t->failures));
	if (!failure || !t->failures)
		exit(usage_error("triage", "no memory for one more failure"));
	snprintf(failure->key, sizeof(failure->key), "%s", key);
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

static void keep_smallest(struct failure *failure, const struct signature *signature,
			  const struct program *program, const char *path)
{
	if (failure->finding && program->count >= failure->size)
		return;
	failure->finding = path;
	failure->signature = *signature;
	failure->size = program->count;
	failure->reduction.program = *program;
}

static void keep_smallest_input(struct failure *failure, const struct signature *signature,
				const struct store_input *input, const char *path)
{
	uint8_t *copy;

	if (failure->finding && input->size >= failure->size)
		return;
	copy = malloc(input->size);
	if (!copy)
		exit(usage_error("triage", "no memory for one more finding"));
	memcpy(copy, input->bytes, input->size);
	free(failure->input.bytes);
	failure->finding = path;
	failure->signature = *signature;
	failure->size = input->size;
	failure->input.bytes = copy;
	failure->input.size = input->size;
}

/* Return: does it fail, in one of all tries? A replayer reads the file as the engine left it. */
static bool fails(struct triage *t, const struct program *program, const struct store_input *input,
		  struct signature *signature, struct replayed *replayed)
{
	for (unsigned int i = 0; i < t->order->tries; i++) {
		memset(signature, 0, sizeof(*signature));
		if (!t->judge.replayer)
			signature_make(signature, &t->judge, program, NULL);
		else if (replayer_run(t->judge.replayer, input->bytes, input->size, replayed))
			signature_of_replayed(signature, t->judge.replayer, replayed);
		if (signature->failed)
			return true;
	}
	return false;
}

/*
 * The sentence of a target names a call, and one bug is met by several. So the program that the
 * target ran is executed, too: a disagreement there is told apart by functions of the library.
 */
static void make_key(struct triage *t, const struct signature *signature,
		     const struct replayed *replayed, char key[SIGNATURE_TEXT])
{
	static struct signature run;
	struct replayer *replayer = t->judge.replayer;

	snprintf(key, SIGNATURE_TEXT, "%s", signature->text);
	if (!replayer || !replayed->ran_known)
		return;
	t->judge.replayer = NULL;
	signature_make(&run, &t->judge, &replayed->ran, NULL);
	t->judge.replayer = replayer;
	if (run.failed && run.differs)
		snprintf(key, SIGNATURE_TEXT, "%s: %.1500s", replayer->target->name, run.text);
}

static void tell_sound(struct triage *t, const struct finding *finding)
{
	status_end();
	fprintf(stderr, "%s: does not fail here, in %u tries\n", finding->path, t->order->tries);
	t->sound++;
}

/* Return: false, after saying why, if the finding cannot be read. */
static bool load(struct triage *t, const struct finding *finding, const struct fuzz_target *target,
		 struct program *program, struct store_input *input)
{
	char error[PROGRAM_FILE_ERROR];
	const char *why = store_read(finding->path, input);

	if (why)
		snprintf(error, sizeof(error), "%s: expected a finding: %s", finding->path, why);
	else if ((target && target->reads != READS_BYTES) ||
		 program_file_load(finding->path, program, error))
		return true;
	status_end();
	fprintf(stderr, "%s\n", error);
	t->unparsed++;
	return false;
}

static void sort_finding(struct triage *t, const struct finding *finding)
{
	const struct fuzz_target *target = t->order->target ? t->order->target :
					   fuzz_target_of_finding(finding->path);
	static struct program program;
	static struct signature signature;
	static struct replayed replayed;
	struct store_input input;
	struct failure *failure;
	char key[SIGNATURE_TEXT];

	if (!judge_by_target(&t->judge, &t->targets, target)) {
		t->untried++;
		return;
	}
	if (!load(t, finding, target, &program, &input))
		return;
	program_renumber(&program);
	if (!fails(t, &program, &input, &signature, &replayed)) {
		tell_sound(t, finding);
		return;
	}
	make_key(t, &signature, &replayed, key);
	failure = failure_of(t, key);
	add_member(failure, finding->path);
	if (target && target->reads != READS_BYTES)
		keep_smallest_input(failure, &signature, &input, finding->path);
	else
		keep_smallest(failure, &signature, &program, finding->path);
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
	for (unsigned int i = 0; i < t->order->tries; i++) {
		signature_make(&signature, &t->judge, program, any ? expected->needs : NULL);
		failed += signature_equal(&signature, expected);
	}
	return failed;
}

static unsigned int count_input_failures(struct triage *t, const struct failure *failure)
{
	static struct replayed replayed;
	static struct signature signature;
	unsigned int failed = 0;

	for (unsigned int i = 0; i < t->order->tries; i++) {
		if (!replayer_run(t->judge.replayer, failure->input.bytes, failure->input.size,
				  &replayed))
			continue;
		signature_of_replayed(&signature, t->judge.replayer, &replayed);
		failed += signature_equal(&signature, &failure->signature);
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
	int error;

	if (failure->input.bytes) {
		printf("  not added: an input of %s is no page program\n",
		       failure->signature.target->name);
		return;
	}
	error = regress_add(t->order->regress, name, &failure->reduction.program,
				&failure->signature, t->judge.rules, path);

	if (error && error != EEXIST)
		complain(t, path, error);
	else
		printf("  %s: %s\n", error ? "was there" : "added", path);
}

/* Makes the failure small. @before: the program as it was found */
static void reduce_failure(struct triage *t, struct failure *failure, const char *name,
			   struct program *before, struct bundle *bundle)
{
	const char *unit;

	if (failure->input.bytes) {
		bundle->units = input_units(&failure->input, failure->signature.target, &unit);
		failure->failed = count_input_failures(t, failure);
		failure->input.name = name;
		failure->input.signature = failure->signature;
		bundle->minimised = reduce_input(&failure->input, &t->judge);
		bundle->input = &failure->input;
		return;
	}
	*before = failure->reduction.program;
	bundle->units = before->count;
	failure->failed = count_failures(t, before, &failure->signature);
	failure->reduction.name = name;
	failure->reduction.signature = failure->signature;
	bundle->minimised = reduce(&failure->reduction, &t->judge);
	bundle->program = before;
	bundle->smallest = &failure->reduction.program;
}

static void finish_failure(struct triage *t, struct failure *failure)
{
	static struct program before;
	char name[BUNDLE_NAME], file[PATH_MAX];
	static struct signature named;
	struct bundle bundle = { .signature = &named };
	const char *unit = "calls";
	size_t left;
	int error;

	judge_by_target(&t->judge, &t->targets, failure->signature.target);
	named = failure->signature;
	strcpy(named.text, failure->key);
	bundle_name(&named, name);
	reduce_failure(t, failure, name, &before, &bundle);
	bundle.finding = failure->finding;
	bundle.backend = exec_backend();
	bundle.members = failure->members;
	bundle.failed = failure->failed;
	bundle.tries = t->order->tries;
	path_make_or_exit(bundle.dir, sizeof(bundle.dir), "%s/%s", t->order->output, name);
	error = bundle_write(&bundle, &t->judge, file);
	if (t->order->results.path)
		bundle_write_record(&t->order->results, &bundle, &t->judge);
	left = bundle.input ? input_units(bundle.input, failure->signature.target, &unit) :
			      bundle.smallest->count;
	status_end();
	printf("%s: %zu finding%s, failed %u of %u, %zu %s of %zu\n  %s\n", name, failure->count,
	       failure->count == 1 ? "" : "s", failure->failed, t->order->tries, left, unit,
	       bundle.units, named.text);
	if (error)
		complain(t, file, error);
	else if (t->order->add)
		add_to_corpus(t, failure, name);
	fflush(stdout);
}

/* ---- all of it ---- */

static void print_end(const struct triage *t)
{
	printf("%zu finding%s, %zu failure%s, in %s", t->findings.count,
	       t->findings.count == 1 ? "" : "s", t->count, t->count == 1 ? "" : "s",
	       t->order->output);
	if (t->findings.repeated)
		printf("; %zu were there twice", t->findings.repeated);
	if (t->sound)
		printf("; %zu did not fail", t->sound);
	if (t->untried)
		printf("; %zu could not be tried", t->untried);
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
		free(t->failures[i]->input.bytes);
		free(t->failures[i]);
	}
	free(t->failures);
	print_end(t);
	if (!t->findings.count || t->sound || t->untried || t->unparsed || t->findings.unreadable)
		t->status = worse(t->status, EXIT_FAILED);
}

static bool make_output(const char *output)
{
	if (!mkdir(output, 0777) || errno == EEXIST)
		return true;
	fprintf(stderr, "%s: expected a directory that can be written: %s\n", output, strerror(errno));
	return false;
}

/* The last line of the results. Return: are they written? */
static bool write_summary(struct triage *t)
{
	struct json *out = results_open(&t->order->results, t->status == EXIT_GOOD ? "good" : "failed");

	if (!out)
		return false;
	json_number(out, "findings", (int64_t)t->findings.count);
	json_number(out, "failures", (int64_t)t->count);
	return results_close(&t->order->results);
}

int triage(struct triage_order *order)
{
	static struct triage t;
	char flavours[FLAVOURS_TEXT];

	t.order = order;
	if (!findings_gather(&t.findings, order->dir, order->output))
		return EXIT_BAD;
	if (t.findings.count && !make_output(order->output))
		return EXIT_BAD;
	if (!judge_begin(&t.judge, order->wanted, order->seconds))
		return usage_error("triage", "expected a flavour that this build has");
	t.judge.runners.threads = order->threads;
	runners_text(&t.judge.runners, flavours);
	announce("triage", "%zu finding%s in %s, up to %u tries each, in %s", t.findings.count,
		 t.findings.count == 1 ? "" : "s", order->dir, order->tries, flavours);
	sort_all(&t);
	if (order->results.path && !write_summary(&t))
		t.status = EXIT_BAD;
	if (signature_lacks(&t.judge))
		fprintf(stderr, "%s: %s\n", order->dir, signature_lacks(&t.judge));
	judge_targets_end(&t.targets);
	judge_end(&t.judge);
	findings_free(&t.findings);
	return t.status;
}
