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

#include "harness/model/rules.h"
#include "harness/program/program.h"
#include "tool/finding/replayer.h"
#include "tool/report/report.h"
#include "tool/run/runner.h"

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
	/* What is told of it, and is no part of it: a race has two. */
	char who[64];		     /* of a disagreement: the flavour or target, else empty */
	char seen[DISAGREEMENT_TEXT]; /* and its sentence, with numbers */
	size_t place_count;
	struct signature_place places[2];
};

/* The model and the runners. */
struct judge {
	struct rules *rules;
	struct flavour_runners runners;
	unsigned long judged, executed; /* programs, and how often in a flavour */
	struct replayer *replayer; /* NULL, or the fuzz target that decides alone what fails */
	bool rules_may_break; /* a program that breaks rules as the model says does not fail */
};

/* Return: false without memory or without a flavour that this build has. */
bool judge_begin(struct judge *judge, const bool *flavours, unsigned int seconds);
void judge_end(struct judge *judge);

/*
 * The failure of @program, whose lines must be those of its own text (program_renumber).
 * @flavours: who is asked; NULL: all. A signature that is made of other ones differs.
 */
void signature_make(struct signature *signature, struct judge *judge,
		    const struct program *program, const bool *flavours);

/* The same by the replayer of a fuzz target. */
void signature_of_target(struct signature *signature, struct judge *judge,
			 const struct program *program);
void signature_of_replayed(struct signature *signature, const struct replayer *replayer,
			   const struct replayed *replayed);

/* Appends a sentence without its numbers; a line of @program becomes the name of its call. */
void signature_add_plain(struct signature *signature, const struct program *program,
			 const char *sentence);

/*
 * Might @program fail like that, as far as the model knows? Costs next to nothing beside an
 * execution.
 */
bool signature_may_match(const struct signature *signature, struct judge *judge,
			 const struct program *program);

/* What signatures lack on this machine, in a sentence; NULL if nothing. */
const char *signature_lacks(const struct judge *judge);

bool signature_equal(const struct signature *a, const struct signature *b);

#endif
