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
#include "tool/finding/bundle.h"
#include "tool/finding/bundle_record.h"
#include "tool/finding/finding_list.h"
#include "tool/finding/reduce.h"
#include "tool/finding/regress.h"
#include "tool/util/status.h"
#include "tool/util/usage.h"

/* Findings that fail in the same way. */
struct failure {
	char key[SIGNATURE_TEXT];   /* equal for all of its findings */
	struct reduction reduction; /* of the smallest finding */
	const char *finding;	    /* its path */
	char *members;		    /* paths, a line each */
	size_t count;
};

struct triage {
	struct triage_order *order;
	struct oracle oracle;
	struct finding_list findings;
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

/* Keeps @input, which becomes the failure's, if it is smaller than all before. */
static void keep_smallest(struct failure *failure, const struct signature *signature,
			  struct test_input *input, const char *path)
{
	const char *unit;

	if (failure->finding &&
	    test_input_size(input, &unit) >= test_input_size(&failure->reduction.input, &unit)) {
		test_input_destroy(input);
		return;
	}
	test_input_destroy(&failure->reduction.input);
	failure->finding = path;
	failure->reduction.signature = *signature;
	failure->reduction.input = *input;
}

/* Return: does it fail, in one of all tries? */
static bool fails(struct triage *t, const struct test_input *input, struct signature *signature)
{
	for (unsigned int i = 0; i < t->order->tries; i++) {
		signature_of_input(signature, &t->oracle, input, NULL);
		if (signature->failed)
			return true;
	}
	return false;
}

/*
 * The sentence of a target names a call, and one bug is met by several. So the program that the
 * target ran is executed, too: functions of the library distinguish disagreements.
 */
static void make_key(struct triage *t, const struct signature *signature,
		     const struct test_input *input, char key[SIGNATURE_TEXT])
{
	static struct program ran;
	static struct signature run;
	struct replayer *replayer = t->oracle.replayer;

	snprintf(key, SIGNATURE_TEXT, "%s", signature->text);
	if (!replayer || !test_input_is_program(input) || !program_that_ran(&t->oracle, input, &ran))
		return;
	signature_make(&run, &t->oracle, &ran, NULL);
	if (run.failed && run.differs)
		snprintf(key, SIGNATURE_TEXT, "%s: %.1500s", replayer->target->name, run.text);
}

static void sort_input(struct triage *t, const struct finding *finding, struct test_input *input)
{
	static struct signature signature;
	struct failure *failure;
	char key[SIGNATURE_TEXT];

	if (!fails(t, input, &signature)) {
		status_end();
		fprintf(stderr, "%s: does not fail here, in %u tries\n", finding->path, t->order->tries);
		t->sound++;
		test_input_destroy(input);
		return;
	}
	make_key(t, &signature, input, key);
	failure = failure_of(t, key);
	add_member(failure, finding->path);
	keep_smallest(failure, &signature, input, finding->path);
}

static void sort_finding(struct triage *t, const struct finding *finding)
{
	static struct test_input input;
	const struct fuzz_target *target = t->order->target ? t->order->target :
					   fuzz_target_of_finding(finding->path);
	char error[PROGRAM_FILE_ERROR];

	if (!oracle_set_target(&t->oracle, target)) {
		t->untried++;
	} else if (!test_input_load(&input, finding->path, target, error)) {
		status_end();
		fprintf(stderr, "%s\n", error);
		t->unparsed++;
	} else {
		sort_input(t, finding, &input);
	}
}

/* ---- one failure ---- */

/* Executes the flavours that the failure needs; all, if it needs none. */
static unsigned int count_failures(struct triage *t, const struct reduction *reduction)
{
	const struct signature *expected = &reduction->signature;
	struct signature signature;
	unsigned int failed = 0;
	bool any = false;

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		any |= expected->needs[i];
	for (unsigned int i = 0; i < t->order->tries; i++) {
		signature_of_input(&signature, &t->oracle, &reduction->input,
				   any ? expected->needs : NULL);
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
	const struct reduction *reduction = &failure->reduction;
	char path[PATH_MAX];
	int error;

	if (!test_input_is_program(&reduction->input)) {
		printf("  not added: an input of %s is no page program\n",
		       reduction->signature.target->name);
		return;
	}
	error = regress_add(t->order->regress, name, &reduction->input.program, &reduction->signature,
			    t->oracle.rules, path);
	if (error && error != EEXIST)
		complain(t, path, error);
	else
		printf("  %s: %s\n", error ? "was there" : "added", path);
}

/* Makes the failure small, and writes its directory. @before: a copy of the input as it was found */
static int write_failure(struct triage *t, struct failure *failure, const struct test_input *before,
			 struct bundle *bundle, char file[PATH_MAX])
{
	int error;

	bundle->failed = count_failures(t, &failure->reduction);
	bundle->minimised = reduce(&failure->reduction, &t->oracle);
	bundle->found = before;
	bundle->smallest = &failure->reduction.input;
	error = bundle_write(bundle, &t->oracle, file);
	if (t->order->results.path)
		bundle_write_record(&t->order->results, bundle, &t->oracle);
	return error;
}

static void finish_failure(struct triage *t, struct failure *failure)
{
	static struct test_input before;
	static struct signature named;
	char name[BUNDLE_NAME], file[PATH_MAX];
	struct bundle bundle = { .finding = failure->finding,
				 .signature = &named,
				 .backend = exec_backend(),
				 .members = failure->members,
				 .tries = t->order->tries };
	const char *unit;
	int error;

	oracle_set_target(&t->oracle, failure->reduction.signature.target);
	named = failure->reduction.signature;
	strcpy(named.text, failure->key);
	bundle_name(&named, name);
	failure->reduction.name = name;
	path_format_or_exit(bundle.dir, sizeof(bundle.dir), "%s/%s", t->order->output, name);
	if (!test_input_copy(&before, &failure->reduction.input))
		exit(usage_error("triage", "no memory for one more finding"));
	error = write_failure(t, failure, &before, &bundle, file);
	status_end();
	printf("%s: %zu finding%s, failed %u of %u, %zu ", name, failure->count,
	       failure->count == 1 ? "" : "s", bundle.failed, bundle.tries,
	       test_input_size(bundle.smallest, &unit));
	printf("%s of %zu\n  %s\n", unit, test_input_size(&before, &unit), named.text);
	if (error)
		complain(t, file, error);
	else if (t->order->add)
		add_to_corpus(t, failure, name);
	fflush(stdout);
	test_input_destroy(&before);
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
		test_input_destroy(&t->failures[i]->reduction.input);
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
	if (!finding_list_init(&t.findings, order->dir, order->output))
		return EXIT_BAD;
	if (t.findings.count && !make_output(order->output))
		return EXIT_BAD;
	if (!oracle_init(&t.oracle, order->wanted, order->seconds))
		return usage_error("triage", "expected a flavour that this build has");
	t.oracle.runners.threads = order->threads;
	runners_text(&t.oracle.runners, flavours);
	announce("triage", "%zu finding%s in %s, up to %u tries each, in %s", t.findings.count,
		 t.findings.count == 1 ? "" : "s", order->dir, order->tries, flavours);
	sort_all(&t);
	if (order->results.path && !write_summary(&t))
		t.status = EXIT_BAD;
	if (oracle_lacks(&t.oracle))
		fprintf(stderr, "%s: %s\n", order->dir, oracle_lacks(&t.oracle));
	oracle_destroy(&t.oracle);
	finding_list_destroy(&t.findings);
	return t.status;
}
