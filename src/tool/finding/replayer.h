/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a fuzz target itself says of an input. A finding of a target is a failure if the
 * target's own replayer reports one; what `run` sees of the program does not matter, because
 * most targets change the program before they execute it.
 */
#ifndef TOOL_REPLAYER_H
#define TOOL_REPLAYER_H

#include <limits.h>
#include <stdint.h>

#include "harness/util/isolate.h"
#include "harness/program/program.h"
#include "tool/util/fuzz_target.h"
#include "tool/report/report.h"

#define REPLAYED_WHAT 400

struct replayer {
	const struct fuzz_target *target;
	char path[600];	      /* of the binary; empty: this build has none */
	unsigned int seconds; /* for one input */
	char directory[PATH_MAX]; /* of the file that the binary reads */
};

/* What came of one input. */
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
 * @directory: for inputs, which are written there
 * Return: false if this build has none.
 */
bool replayer_find(struct replayer *replayer, const struct fuzz_target *target,
		   const char *directory, unsigned int seconds);

/* Which program to make for replayer_find() to find one. */
const char *replayer_lacks(const struct fuzz_target *target);

/* Runs the target on @bytes. Return: false if that was not possible. */
bool replayer_run(struct replayer *replayer, const void *bytes, size_t size,
		  struct replayed *replayed);

/* The same for a program, encoded. */
bool replayer_run_program(struct replayer *replayer, const struct program *program,
			  struct replayed *replayed);

/* Runs the target on the file, with names of functions in its report. Return: what it printed. */
const char *replayer_report(struct replayer *replayer, const char *file);

/*
 * The input as people read it, for targets whose inputs are calls.
 * @text: gets it. Return: false if no binary can print it.
 */
bool replayer_text(struct replayer *replayer, const void *bytes, size_t size,
		   char text[ISOLATE_OUTPUT]);

#endif
