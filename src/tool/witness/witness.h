/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Flavours of this program that are asked about one program after the other. Each is a
 * process that executes what it is sent in children of its own, so a program may crash or
 * hang; one that is gone all the same is started again.
 */
#ifndef TOOL_WITNESS_H
#define TOOL_WITNESS_H

#include <limits.h>

#include "harness/program/program.h"
#include "harness/trial.h"
#include "tool/kit/flavours.h"
#include "tool/witness/testimony.h"

struct witness {
	struct flavour flavour;
	char path[PATH_MAX];
	bool there;  /* this build has it */
	unsigned long asked;
};

struct witnesses {
	struct witness of[FLAVOURS_MAX]; /* as flavour_names */
	unsigned int seconds;		 /* for one program */
	bool threads;			 /* real ones, too */
};

/*
 * Finds those that this build has and that @wanted has (NULL: all); none is started before
 * it is asked. Return: is there any?
 */
bool witnesses_find(struct witnesses *witnesses, const bool *wanted);

/* The names of those that were found, with commas. */
void witnesses_text(const struct witnesses *witnesses, char text[FLAVOURS_TEXT]);

/* One that does not answer, even started anew, disagrees, and says so. */
void witness_ask(struct witnesses *witnesses, unsigned int flavour, const struct program *program,
		 struct testimony *testimony);

/*
 * What a testimony that differs has seen, in one sentence with lines of @program, of whose text
 * the witness knows only the calls.
 */
#define DISAGREEMENT_TEXT 640
void witness_disagreement(const struct witnesses *witnesses, unsigned int flavour,
			  const struct program *program, const struct testimony *testimony,
			  char text[DISAGREEMENT_TEXT]);

void witnesses_end(struct witnesses *witnesses);

/* A flavour prints what the sanitizer, or the library, says of a program. */
void witness_reports(const char *file, const struct trial_options *options);

/* The flavour's half: answers on standard output until standard input ends. */
void witness_serve(const struct trial_options *options);

#endif
