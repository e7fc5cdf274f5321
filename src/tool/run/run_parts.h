/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the parts of run share; nobody else includes this. */
#ifndef TOOL_RUN_PARTS_H
#define TOOL_RUN_PARTS_H

#include "harness/model/rules.h"
#include "harness/program/program.h"
#include "tool/run/run.h"
#include "tool/run/run_one.h"

/* A file that can be run. */
struct run_input {
	const char *name; /* as the user gave it */
	char path[64];	  /* what flavours read: differs for standard input */
	struct program program;
};

/* One flavour's line for one file. */
struct run_cell {
	char line[1024];
	char *field[RUN_FIELDS];
};

/* Waits for it, and gives up at @seconds. Return: false if there is none. */
bool run_cell_read(struct run_cell *cell, struct flavour *flavour, unsigned int seconds);

/* A flavour that stopped answering disagrees about every file that is left. */
void run_cell_no_answer(struct run_cell *cell, const char *name);

bool run_cell_differs(const struct run_cell *cell);

/* What it saw on fibers, for people. */
const char *run_cell_seen(const struct run_cell *cell);

/* Repeats on threads in which a race was reported. */
unsigned int run_cell_reported(const struct run_cell *cell);

/* Was it started? */
bool run_has(const struct run *run, unsigned int flavour);

bool run_is_tsan(unsigned int flavour);

/* Options that matter to who executes, as they are typed. */
#define RUN_EXECUTION_TEXT 128
void run_execution_text(const struct execution_options *options, char text[RUN_EXECUTION_TEXT]);

void run_print_header(const struct run *run);

/* @cells: of all flavours that were started */
void run_print_row(const struct run *run, const struct run_input *input, rule_set model,
		   const struct run_cell *cells, bool agree);
void run_print_json(const struct run *run, const struct run_input *input,
		    const struct rules *rules, const struct run_cell *cells, bool agree);

/* Says what differs and how to see it again. */
void run_print_differences(const struct run *run, const struct run_input *input,
			   const struct run_cell *cells);

#endif
