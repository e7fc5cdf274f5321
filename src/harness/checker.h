/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Evaluates a program, executes it, and compares the execution with the rule model. */
#pragma once

#include <stdbool.h>

#include "harness/exec/exec.h"
#include "harness/model/rules.h"
#include "harness/program/program.h"

#define CHECKER_WHY 256

enum checker_result {
	CHECKER_AGREES,       /* no difference between the execution and the model */
	CHECKER_MISS_ALLOWED, /* the detector missed all races of the program, and may miss them */
	CHECKER_DIFFERS,      /* difference_or_miss_text has the first difference */
};

struct checker_report {
	enum checker_result result;
	rule_set seen;                /* broken rules that were observed in the execution */
	size_t race_count;            /* race reports of the detector, at most RACE_REPORTS_MAX */
	bool has_library_race;        /* the difference is the race of library_race_get() */
	bool differs_in_races;        /* the difference is about races; the detector may have forgotten some */
	bool reports_are_predictable; /* tsan_shadow.h predicted which races the detector reports */
	/* The first difference, or why the detector may miss the race; otherwise empty. */
	char difference_or_miss_text[CHECKER_WHY];
};

/*
 * Sets the result to CHECKER_DIFFERS. Return: false, so that a check can end with `return
 * checker_set_difference(...)`.
 */
bool checker_set_difference(struct checker_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct checker {
	struct exec *exec;
	struct rules *rules;
	struct trace *trace; /* the trace of the last execution */
	/* The members below are private to checker.c. */
	const struct program *evaluated_program; /* the program that the model evaluated last */
	struct tsan_shadow *tsan_model;
	struct race_reports predicted_reports;
};

/* Return: NULL without memory. */
struct checker *checker_new(void);
void checker_delete(struct checker *checker);

/* Evaluates the program with the rule model. */
void checker_evaluate(struct checker *checker, const struct program *program);

/* Changes the program until it breaks no rule (repair.h), and evaluates the changed program. */
void checker_repair_and_evaluate(struct checker *checker, struct program *program);

/*
 * Executes the program on fibers and compares the execution with the model. Stops before a fatal call, except
 * if the fatal call is a deadlock. With the option catches_report, makes the fatal call too; if the fatal
 * call returns, compares nothing. The program must be the program that was evaluated last.
 * Return: report->result
 */
enum checker_result checker_run_and_compare_fibers(struct checker *checker, const struct program *program,
						   struct checker_report *report);

/*
 * Executes the program on real threads and compares the execution with the model; stops before a fatal call.
 * Return: report->result
 */
enum checker_result checker_run_and_compare_threads(struct checker *checker, const struct program *program,
						    struct checker_report *report);

/*
 * Executes the program on fibers, up to and including the call @call. The caller must be a child process,
 * because the call @call should end the process.
 */
void checker_run_up_to_fatal_call(struct checker *checker, const struct program *program, size_t call);
