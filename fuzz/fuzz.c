/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/fuzz.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "harness/util/bytes.h"
#include "harness/util/no_coverage.h"
#include "harness/detect/tsan.h"
#include "harness/library.h"
#include "harness/program/program_text.h"

/* Of 1, 4, 8, 16, 32 the last two are alike and a third faster than the first. */
#define RACES_A_FLUSH 16

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

void fuzz_initialize(void)
{
	int argc = 0;
	char *arguments[] = { NULL }, **argv = arguments;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
}

struct checker *fuzz_checker(void)
{
	static struct checker *check;

	if (!check)
		check = checker_new();
	if (!check) {
		fprintf(stderr, "expected memory for the check, got none\n");
		abort();
	}
	return check;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Before the first input: what the system refuses is no finding. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *lacks = library_missing_requirement();

	(void)argc;
	(void)argv;
	if (!lacks)
		return 0;
	fprintf(stderr, "%s\n", lacks);
	_exit(2);
}

/* ---- outcomes, by parts ---- */

static fuzz_listen_fn listener;

void fuzz_listen(fuzz_listen_fn fn)
{
	listener = fn;
}

void fuzz_report(enum digest_part part, const void *bytes, size_t len)
{
	if (listener)
		listener(part, bytes, len);
}

static void report_part(void *ctx, enum digest_part part, const void *bytes, size_t len)
{
	(void)ctx;
	listener(part, bytes, len);
}

void fuzz_compared(const struct checker_report *report)
{
	if (listener)
		digest_visit(fuzz_checker(), report, report_part, NULL);
}

enum checker_result fuzz_compare(const struct program *program, struct checker_report *report)
{
	checker_run_fibers(fuzz_checker(), program, report);
	fuzz_compared(report);
	return report->result;
}

/* ---- state that inputs leave ---- */

bool fuzz_wants_all_races;

static unsigned int races_since_fresh;

void fuzz_fresh(void)
{
	races_since_fresh = 0;
	tsan_clear_shadow();
}

void fuzz_raced(void)
{
	if (++races_since_fresh == RACES_A_FLUSH)
		fuzz_fresh();
}

/* ---- processes ---- */

#define PROCESS_ALWAYS	 32 /* inputs of one kind */
#define PROCESS_ONCE_IN 24 /* of further ones */

NO_COVERAGE_BEGIN

bool fuzz_is_worth_a_process(unsigned int *count)
{
	return ++*count <= PROCESS_ALWAYS || *count % PROCESS_ONCE_IN == 0;
}

NO_COVERAGE_END

/* ---- what they did ---- */

static struct {
	const char *target;
	unsigned long inputs, ran, skipped;
} counts;

static void print_counts(void)
{
	fprintf(stderr, "%s: %lu inputs, %lu calls ran, %lu were skipped\n", counts.target,
		counts.inputs, counts.ran, counts.skipped);
}

void BYTES_NO_SANITIZE fuzz_count(const char *target)
{
	const struct trace *trace = rules_trace(checker_rules(fuzz_checker()));
	unsigned long skipped = 0;

	if (!counts.inputs++) {
		counts.target = target;
		atexit(print_counts);
	}
	for (size_t i = 0; i < trace->step_count; i++)
		skipped += trace->steps[i].was_skipped;
	counts.skipped += skipped;
	counts.ran += trace->step_count - skipped;
}

_Noreturn void fuzz_finding(const char *target, const struct program *program, const char *why)
{
	static char text[TEXT_PROGRAM_MAX];

	program_to_text(program, text);
	fprintf(stderr,
		"ERROR: %s: %s\n"
		"--- the program as it ran ---\n%s---\n",
		target, why, text);
	fuzz_print_commands(target);
	abort();
}

/*
 * AFL++ runs a target in a child of a child of its own and stops it between inputs. Where
 * AFL++ is killed, that one would stay, stopped, for ever.
 */
static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

__attribute__((constructor)) static void let_children_die(void)
{
	pthread_atfork(NULL, NULL, die_with_parent);
}
