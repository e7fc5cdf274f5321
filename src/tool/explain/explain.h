/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A program as a person would draw it: threads as columns, time downward, what orders
 * them as arrows, and then what is wrong with it in words. Never wider than a line.
 *
 *   explain.c        all of it, and how it looks
 *   explain_row.c  lines of cells, and paragraphs
 *   explain_drawing.c  the drawing
 *   explain_text.c  the findings
 */
#ifndef TOOL_EXPLAIN_H
#define TOOL_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

struct explain_style {
	bool utf8;   /* lines and arrows, else ASCII */
	bool colour;
};

/* The style for @out: UTF-8 if the locale has it, colours on a terminal only. */
struct explain_style explain_style_for(FILE *out);

/* An execution that was not as the model expects. */
struct explain_disagreement {
	const char *who;  /* a flavour or a fuzz target */
	const char *seen; /* one sentence; "line N" in it is a line of the program */
};

/*
 * Explains @program, which @rules judged last, to @out.
 * @file: what to call it; cut if it is long
 * @disagreements: @count of them, printed before what the model says
 */
void explain_print(FILE *out, const char *file, const struct program *program,
		   const struct rules *rules, struct explain_style style,
		   const struct explain_disagreement *disagreements, size_t count);

#endif
