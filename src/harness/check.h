/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The check: what the rule model says of a program against what an execution saw.
 */
#ifndef HARNESS_CHECK_H
#define HARNESS_CHECK_H

#include <stdbool.h>

#include "harness/exec/exec.h"
#include "harness/model/rules.h"
#include "harness/program/program.h"

#define CHECK_WHY 256

enum check_result {
	CHECK_AGREE,
	CHECK_BEYOND, /* races, none reported, and none had to be: `why` says so */
	CHECK_DIFFER, /* `why` says what */
};

struct check_report {
	enum check_result result;
	rule_set seen; /* rules that the execution saw broken */
	size_t races;  /* races that the detector reported */
	bool predicted; /* it was known which would be */
	char why[CHECK_WHY];
};

struct check;

/* Return: NULL without memory. */
struct check *check_new(void);
void check_delete(struct check *check);

struct exec *check_exec(struct check *check);
const struct rules *check_rules(const struct check *check);

/* What the last execution saw. */
const struct trace *check_trace(const struct check *check);

/* Judges the program. */
void check_judge(struct check *check, const struct program *program);

/* Makes it a program that breaks no rule (repair.h), which leaves it judged. */
void check_repair(struct check *check, struct program *program);

/*
 * Executes the program, up to a fatal call, on fibers. It must be the one judged last.
 * Return: the same as report->result.
 */
enum check_result check_fibers(struct check *check, const struct program *program,
			       struct check_report *report);

/* The same on real threads. */
enum check_result check_threads(struct check *check, const struct program *program,
				struct check_report *report);

/*
 * Executes the program up to and with @call, which should end this process. In a process
 * of its own, with exec_announce() set.
 */
void check_die(struct check *check, const struct program *program, size_t call);

#endif
