/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes inputs by a fuzz target's own binary. A finding of a target is a failure if that
 * binary reports one; what `run` sees of the program does not matter, because most targets
 * change the program before they execute it.
 */
#ifndef TOOL_REPLAYER_H
#define TOOL_REPLAYER_H

#include "harness/program/program.h"
#include "tool/finding/test_input.h"
#include "tool/report/report.h"

#define REPLAYED_WHAT 400

struct replayer {
	const struct fuzz_target *target;
	char path[600];	      /* of the binary; empty: this build has none */
	unsigned int seconds; /* for one input */
};

/* The outcome of one input. */
struct replayed {
	bool failed;
	/* The target's own sentence, or what ended the process; equal numbers or not. */
	char what[REPLAYED_WHAT];
	bool by_target;		  /* it is a sentence */
	bool ran_known;		  /* the target has printed the program that it ran */
	struct program ran;	  /* that program, with the lines of its text */
	char last_call[48];	  /* of calls, the one that failed; else empty */
	char top[REPORT_TOP_TEXT]; /* functions in src/page, innermost first; may be empty */
	struct report_frame frame; /* the innermost of them; without a file if it is not known */
};

/*
 * Finds the binary: the replayer in the flavour that the target's findings need, the target with
 * its engine, or the replayer without a sanitizer.
 * Return: false if this build has none.
 */
bool replayer_find(struct replayer *replayer, const struct fuzz_target *target, unsigned int seconds);

/* Runs the target on the input. Return: false if that was not possible. */
bool replayer_run(const struct replayer *replayer, const struct test_input *input,
		  struct replayed *replayed);

/* Runs the target on the file, with names of functions in its report. Return: the output. */
const char *replayer_report(const struct replayer *replayer, const char *file);

#endif
