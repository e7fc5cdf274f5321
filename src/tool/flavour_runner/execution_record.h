/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What one flavour saw of a program on fibers and threads: whether it agrees with the
 * model, the first race that was reported, and which calls ended a process with which
 * report. A line of text on its way from the flavour's process.
 */
#ifndef TOOL_EXECUTION_RECORD_H
#define TOOL_EXECUTION_RECORD_H

#include "harness/checker.h"
#include "tool/flavour_runner/symbols.h"

/* A call, and the stack in which it was caught. */
struct execution_site {
	size_t call; /* NO_SITE: it is not known, or there is none */
	char stack[SYMBOLS_STACK];
};

#define NO_SITE SIZE_MAX

/* A process that ended: by a fatal call, by use of what has no value, or in disagreement. */
struct execution_death {
	struct execution_site site;
	char kind[64]; /* of the report, or signal-11, timeout ... */
};

#define EXECUTION_DEATHS 2
#define EXECUTION_RECORD_LINE	 2048

struct execution_record {
	enum checker_result result;
	/*
	 * Of the report: this access, and the earlier one. A race that the model does not have
	 * comes first, and its second site has no call.
	 */
	struct execution_site race[2];
	size_t death_count;
	struct execution_death deaths[EXECUTION_DEATHS];
	char why[CHECKER_WHY + 32]; /* if it disagrees without a death, or could not see a race */
};

void execution_record_clear(struct execution_record *record);

/* One line, with its end. */
void execution_record_write(const struct execution_record *record, char line[EXECUTION_RECORD_LINE]);

/* Return: false if the line is none. */
bool execution_record_read(struct execution_record *record, const char *line);

#endif
