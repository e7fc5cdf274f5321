/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What one flavour saw of a program on fibers and threads: whether it agrees with the model, the
 * first race that was reported, and which calls ended a process with which report.
 */
#ifndef TOOL_EXECUTION_RECORD_H
#define TOOL_EXECUTION_RECORD_H

#include "harness/checker.h"
#include "tool/report/symbols.h"

/* A call, and the stack in which it was caught. */
struct execution_site {
	size_t call; /* NO_SITE: it is not known, or there is none */
	char stack[SYMBOLS_STACK];
};

#define NO_SITE SIZE_MAX

/* A process that ended: by a fatal call, by use of uninitialised bytes, or in disagreement. */
struct execution_death {
	struct execution_site site;
	char kind[64]; /* of the report, or signal-11, timeout ... */
};

#define EXECUTION_DEATHS 2

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

/* Nothing was seen. */
static inline void execution_record_init(struct execution_record *record)
{
	*record = (struct execution_record){ .race = { { .call = NO_SITE }, { .call = NO_SITE } } };
	for (size_t i = 0; i < EXECUTION_DEATHS; i++)
		record->deaths[i].site.call = NO_SITE;
}

#endif
