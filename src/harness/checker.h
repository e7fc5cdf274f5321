/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Executes a program and compares what happens with the rule model. */
#ifndef HARNESS_CHECKER_H
#define HARNESS_CHECKER_H

#include <stdbool.h>

#include "harness/exec/exec.h"
#include "harness/model/rules.h"
#include "harness/program/program.h"

#define CHECKER_WHY 256

enum checker_result {
	CHECKER_AGREES,
	CHECKER_MISS_ALLOWED, /* the program races, no race was reported, and that is allowed: see
			       * `why` */
	CHECKER_DIFFERS, /* `why` has the difference */
};

struct checker_report {
	enum checker_result result;
	rule_set seen; /* rules whose reports the execution produced */
	size_t race_count;  /* races that the detector reported */
	bool reports_were_predicted; /* the model of the detector predicted the reports */
	char difference_text[CHECKER_WHY];
};

/* Records a difference with its description. Return: always false, so that a check can end with it. */
bool checker_set_difference(struct checker_report *report, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

struct checker {
	struct exec *exec;
	struct rules *rules;
	struct trace *trace; /* of the last execution */
	/* The members below are private to checker.c. */
	const struct program *evaluated_program;
	struct tsan_shadow *tsan_model;
	struct race_reports predicted_reports;
};

/* Return: NULL without memory. */
struct checker *checker_new(void);
void checker_delete(struct checker *check);

/* Evaluates the program with the rule model. */
void checker_evaluate(struct checker *check, const struct program *program);

/* Changes the program until it breaks no rule (repair.h), and evaluates the result. */
void checker_repair(struct checker *check, struct program *program);

/*
 * Executes the program on fibers, up to a fatal call. It must be the one evaluated last.
 * Return: the same as report->result.
 */
enum checker_result checker_run_fibers(struct checker *check, const struct program *program,
				       struct checker_report *report);

/* Executes the program on real threads; otherwise the same. */
enum checker_result checker_run_threads(struct checker *check, const struct program *program,
					struct checker_report *report);

/*
 * Executes the program up to and including @call, which should end this process. The caller
 * runs it in a child process, with the option call_hook.
 */
void checker_run_fatal_call(struct checker *check, const struct program *program, size_t call);

#endif
