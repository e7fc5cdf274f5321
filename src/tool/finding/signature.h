/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a program's failure is, so that two programs can fail in the same way: one line of
 * text, equal for equal failures. In this order:
 *
 * - a flavour disagrees with the model: which one, and the report's kind and innermost
 *   function of the page library, or what differs, without its numbers;
 * - a claim (`expect`, `->`) does not hold: which, without its numbers;
 * - rules are broken: all of them; of the first race the innermost functions of both accesses,
 *   in no order, or that no report shows it; and what the first use of uninitialised bytes and the
 *   fatal call were, with their reports.
 *
 * A call of the program is named only where no function of the library is known: no symbolizer,
 * a library without debugging information, an access through a mapping.
 *
 * Otherwise all is well, and nothing fails.
 *
 * Of a finding of a fuzz target the failure is what the target itself reports (replayer.h): its
 * sentence without numbers, or the report's kind and its functions in src/page.
 */
#ifndef TOOL_SIGNATURE_H
#define TOOL_SIGNATURE_H

#include <stdbool.h>

#include "harness/program/program.h"
#include "tool/finding/oracle.h"
#include "tool/report/report.h"

#define SIGNATURE_TEXT 1600

/* Where it was seen: a call of the program, and what that reached in src/page. */
struct signature_place {
	size_t call;		   /* NO_SITE: it is not known */
	struct report_frame frame; /* without a file if it is not known */
};

struct signature {
	bool failed;
	char text[SIGNATURE_TEXT];
	char site[256];		  /* in a few words that can name a file */
	bool needs[FLAVOURS_MAX]; /* flavours that it is made of */
	bool differs;		  /* it is a disagreement */
	rule_set broken;	  /* as the model says */
	uint8_t race[2];	  /* ops of the race, sorted */
	uint8_t fatal;		  /* op of the fatal call, or OP_COUNT */
	const struct fuzz_target *target; /* that reported it; NULL: executions by `run` */
	/* Printed with the failure, but no part of the signature; a race has two places. */
	char who[64];		     /* of a disagreement: the flavour or target, else empty */
	char seen[DISAGREEMENT_TEXT]; /* and its sentence, with numbers */
	size_t place_count;
	struct signature_place places[2];
};

/*
 * The failure of @program, whose lines must be those of its own text (program_renumber).
 * @flavours: that execute it; NULL: all. The signature depends on them.
 */
void signature_make(struct signature *signature, struct oracle *oracle,
		    const struct program *program, const bool *flavours);

/* The same for any input that the oracle's fuzz target reads. */
void signature_of_input(struct signature *signature, struct oracle *oracle,
			const struct test_input *input, const bool *flavours);

/* Executes @input by the oracle's fuzz target. Return: did it print the program that it @ran? */
bool program_that_ran(struct oracle *oracle, const struct test_input *input, struct program *ran);

/* Appends a sentence without its numbers; a line of @program becomes the name of its call. */
void signature_append_plain(struct signature *signature, const struct program *program,
			 const char *sentence);

/*
 * Might @program fail like that, as far as the model knows? Costs next to nothing beside an
 * execution.
 */
bool signature_may_match(const struct signature *signature, struct oracle *oracle,
			 const struct program *program);

bool signature_equal(const struct signature *a, const struct signature *b);

#endif
