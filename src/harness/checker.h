/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The check: what the rule model says of a program against what an execution saw.
 */
#ifndef HARNESS_CHECKER_H
#define HARNESS_CHECKER_H

#include <stdbool.h>

#include "harness/exec/exec.h"
#include "harness/model/rules.h"
#include "harness/program/program.h"

#define CHECKER_WHY 256

enum checker_result {
	CHECKER_AGREES,
	CHECKER_MISS_ALLOWED, /* races, none reported, and none had to be: `why` says so */
	CHECKER_DIFFERS, /* `why` says what */
};

struct checker_report {
	enum checker_result result;
	rule_set seen; /* rules that the execution saw broken */
	size_t races;  /* races that the detector reported */
	bool predicted; /* it was known which would be */
	char why[CHECKER_WHY];
};

struct checker;

/* Return: NULL without memory. */
struct checker *checker_new(void);
void checker_delete(struct checker *check);

struct exec *checker_exec(struct checker *check);
const struct rules *checker_rules(const struct checker *check);

/* What the last execution saw. */
const struct trace *checker_trace(const struct checker *check);

/* Judges the program. */
void checker_evaluate(struct checker *check, const struct program *program);

/* Makes it a program that breaks no rule (repair.h), which leaves it judged. */
void checker_repair(struct checker *check, struct program *program);

/*
 * Executes the program, up to a fatal call, on fibers. It must be the one judged last.
 * Return: the same as report->result.
 */
enum checker_result checker_run_fibers(struct checker *check, const struct program *program,
				       struct checker_report *report);

/* The same on real threads. */
enum checker_result checker_run_threads(struct checker *check, const struct program *program,
					struct checker_report *report);

/*
 * Executes the program up to and with @call, which should end this process. In a process
 * of its own, with exec_set_call_hook() set.
 */
void checker_run_fatal_call(struct checker *check, const struct program *program, size_t call);

#endif
