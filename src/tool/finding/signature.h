/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The signature of a failure is one line of text, which is equal for equal failures. A signature describes,
 * in this order:
 *
 * 1. A flavour that disagrees with the model: its name, the kind of the report, and the innermost function of
 *    the page library. Without a report, the signature says what differs, with "#" for each number.
 * 2. An expectation (`expect`, `->`) that does not hold, with "#" for each number.
 * 3. Broken rules: the names of the rules. For the first race, also the innermost function of each access,
 *    sorted, and whether the race was reported. For the first use of uninitialised bytes and for the fatal
 *    call, also the reports. In a program of a fuzz target, broken rules are no failure.
 *
 * A signature names a call of the program only if no function of the library is known: without a symbolizer,
 * without debugging information, or for an access through a mapping.
 *
 * If the oracle has a binary of the input's fuzz target, the failure is what the target itself reports,
 * because most targets change a program before they execute it. Such a signature is the target's error
 * message with "#" for each number, or the kind of a sanitizer's report and its functions in src/page.
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
	size_t call;               /* index of the call in the program; SITE_NO_CALL: unknown */
	struct report_frame frame; /* frame.file is empty if the place is unknown */
};

struct signature {
	bool has_failed;      /* the input has some failure */
	bool is_disagreement; /* the failure is that a flavour or target disagrees with the model */
	bool is_claim;        /* the failure is that `expect` or `->` does not hold */
	char failure_text[SIGNATURE_TEXT];  /* the signature itself: one line of text */
	char short_name[256];               /* a few words about the failure, for a file name */
	bool needed_flavours[FLAVOURS_MAX]; /* flavours whose executions failure_text describes */
	rule_set broken_rules;              /* according to the model */
	enum rule main_rule;                /* the rule that is broken at places[0]; RULE_COUNT: no rule */
	uint8_t racing_ops[2];              /* operations of the two calls of the first race, sorted */
	uint8_t fatal_op;                   /* operation of the fatal call; OP_COUNT: no call is fatal */
	/* The members below are printed, but signature_is_same_failure() does not compare them. */
	char observer_name[64];                    /* the flavour or target that disagrees */
	char observed_sentence[DISAGREEMENT_TEXT]; /* what disagrees, with all numbers */
	size_t place_count;
	struct signature_place places[2];
};

/*
 * Executes @input and makes the signature of its failure. The caller has set the line numbers of a program
 * with program_update_lines().
 * @flavours: the flavours that execute a program; NULL: all. Other flavours may give another signature.
 */
void signature_init_by_executing_input(struct signature *signature, struct oracle *oracle,
				       const struct test_input *input, const bool *flavours);

/* Executes @program and makes the signature of its failure. @rules_may_break: broken rules are no failure. */
void signature_init_by_executing_program(struct signature *signature, struct oracle *oracle,
					 const struct program *program, const bool *flavours,
					 bool rules_may_break);

/*
 * Executes @input with @replayer, the binary of its fuzz target, and makes the signature of its failure.
 * @executed_program: gets the program that the target executed; may be NULL.
 * Return: whether the target printed the program that it executed.
 */
bool signature_run_target_and_parse_program(struct signature *signature, const char *replayer,
					    const struct test_input *input, unsigned int timeout_seconds,
					    struct program *executed_program);

/* Appends formatted text to failure_text. */
void signature_append_failure_text(struct signature *signature, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Appends @sentence to failure_text. The name of the call on line 7 of @program replaces "line 7", and "#"
 * replaces each other number.
 */
void signature_append_without_numbers(struct signature *signature, const struct program *program,
				      const char *sentence);

/*
 * Return: whether @program may have the failure of @signature. This function only evaluates @program with the
 * model, which is much faster than an execution.
 */
bool signature_may_match_in_model(const struct signature *signature, struct oracle *oracle,
				  const struct program *program);

/* Return: whether the inputs of both signatures failed, and failed in the same way. */
bool signature_is_same_failure(const struct signature *a, const struct signature *b);
