/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The signature of a failure is one line of text, which is equal for equal failures. It describes,
 * in this order:
 *
 * - a flavour disagrees with the model: its name, and the kind of its report with the innermost
 *   function of the page library, or what differs, without numbers;
 * - a claim (`expect`, `->`) does not hold: the claim without numbers;
 * - rules are broken: the names of all; the innermost functions of both accesses of the first race,
 *   sorted, and whether it was reported; the first use of uninitialised bytes and the fatal call,
 *   with their reports. For a program of a fuzz target this is no failure.
 *
 * A call of the program is named only where no function of the library is known: no symbolizer,
 * a library without debugging information, an access through a mapping.
 *
 * If the oracle has a replayer of the input's fuzz target, the failure is what the target itself
 * reports, because most targets change the program before they execute it: the target's sentence
 * without numbers, or the report's kind and its functions in src/page.
 */
#pragma once

#include <stdbool.h>

#include "harness/program/program.h"
#include "tool/finding/oracle.h"
#include "tool/finding/test_input.h"
#include "tool/report/report.h"

#define SIGNATURE_TEXT 1600

/* A call of the program, and the code of src/page that the call reached. */
struct signature_place {
	size_t call;               /* index in the program; SITE_NO_CALL: not known */
	struct report_frame frame; /* without a file if the place is not known */
};

struct signature {
	bool has_failed;      /* the input failed, in any way */
	bool is_disagreement; /* the failure is that a flavour or target disagrees with the model */
	bool is_claim;        /* the failure is that `expect` or `->` does not hold */
	char failure_text[SIGNATURE_TEXT];  /* the signature itself, as described above */
	char short_name[256];               /* a few words, which can be part of a file name */
	bool needed_flavours[FLAVOURS_MAX]; /* whose executions the failure text describes */
	rule_set broken_rules;              /* according to the model */
	enum rule main_rule;                /* the broken rule at the first place; RULE_COUNT: none */
	uint8_t racing_ops[2];              /* operations of the first race, sorted */
	uint8_t fatal_op;                   /* operation of the fatal call; OP_COUNT: no call is fatal */
	/* The fields below are printed, but no part of the signature. A race has two places. */
	char observer_name[64];                    /* the flavour or target that disagrees */
	char observed_sentence[DISAGREEMENT_TEXT]; /* the disagreement, with its numbers */
	size_t place_count;
	struct signature_place places[2];
};

/*
 * Executes @input and makes the signature of its failure. Line numbers of a program must be those
 * of its own text (program_update_lines()).
 * @flavours: flavours that execute a program; NULL: all. The signature depends on the choice.
 */
void signature_init_by_executing_input(struct signature *signature, struct oracle *oracle,
				       const struct test_input *input, const bool *flavours);

/* Executes @program and makes its signature. @rules_may_break: broken rules are no failure */
void signature_init_by_executing_program(struct signature *signature, struct oracle *oracle,
					 const struct program *program, const bool *flavours,
					 bool rules_may_break);

/*
 * Executes @input by the binary @replayer of its target.
 * @executed_program: gets the program that the target executed; NULL: it is not needed
 * Return: whether the target printed that program.
 */
bool signature_run_target_and_parse_program(struct signature *signature, const char *replayer,
					    const struct test_input *input, unsigned int timeout_seconds,
					    struct program *executed_program);

/* Appends formatted text to failure_text. */
void signature_append_failure_text(struct signature *signature, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Appends a sentence to failure_text: "line 7" becomes the name of the call on line 7 of @program,
 * and each other number becomes "#".
 */
void signature_append_without_numbers(struct signature *signature, const struct program *program,
				      const char *sentence);

/*
 * Return: whether @program may have the failure of @signature. Evaluates @program with the model
 * and executes nothing, so the result is much faster than an execution.
 */
bool signature_may_match_in_model(const struct signature *signature, struct oracle *oracle,
				  const struct program *program);

/* Return: whether both inputs failed, and in the same way. */
bool signature_is_same_failure(const struct signature *a, const struct signature *b);
