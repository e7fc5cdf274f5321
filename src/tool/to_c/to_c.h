/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A program as one file of C against page.h, for a bug report.
 *
 *   to_c.c         the file: one function a thread, main()
 *   to_c_head.c    the file above them
 *   to_c_call.c    each call as C, by a table of all calls
 *   to_c_helper.c  the functions that such a file may need; those that it uses are in it
 *   to_c_plan.c    who runs when, and what several threads look at
 *   reproduce.c    compiles and runs such a file, and says whether it shows what it should
 *
 * What threads do has the order of the program, and detectors see none but the program's
 * own: threads wait for their turn on a variable that is only read and written relaxed.
 */
#ifndef TOOL_TO_C_H
#define TOOL_TO_C_H

#include <stdbool.h>
#include <stdio.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

struct to_c_options {
	const char *name;   /* of the program, for the first line */
	const char *note;   /* of the first comment, on how to compile and what came of it; lines
			     * without an end, "" for none */
	bool deterministic; /* fibers of one pthread instead of pthreads */
};

/*
 * Writes the file. @rules has judged @program last.
 * Return: false if @out could not be written.
 */
bool to_c(FILE *out, const struct program *program, const struct rules *rules,
	  const struct to_c_options *options);

/* What the program is to show: what it says of itself, or else what the model says. */
rule_set to_c_expected(const struct program *program, const struct rules *rules);

#endif
