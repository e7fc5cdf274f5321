/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The outcome of a program in one flavour, on fibers and threads: whether the execution agrees with the
 * model, the first reported race, and the calls that ended a process, each with its report.
 */
#pragma once

#include "harness/checker.h"
#include "tool/report/symbols.h"

/* A call of the program, and the stack of the report about the call. */
struct execution_site {
	size_t call; /* index in the program; SITE_NO_CALL: not known, or no call */
	char stack[SYMBOLS_STACK];
};

#define SITE_NO_CALL SIZE_MAX

/* A process that ended: at a fatal call, at a use of uninitialised bytes, or unexpectedly. */
struct execution_death {
	struct execution_site site;
	char kind[64]; /* the kind of the report, or as in "signal-11", "exit-1", "timeout" */
};

#define EXECUTION_DEATHS_MAX 2

struct execution_record {
	enum checker_result result;
	/*
	 * The two accesses of the first reported race, the later access first. A reported race that the
	 * model does not have takes precedence; then the second site has no call.
	 */
	struct execution_site race[2];
	size_t death_count;
	struct execution_death deaths[EXECUTION_DEATHS_MAX];
	char why[CHECKER_WHY + 32]; /* of a difference without a death, or of a race that may be missed */
};

static inline void execution_record_init(struct execution_record *record)
{
	*record = (struct execution_record){ .race = { { .call = SITE_NO_CALL }, { .call = SITE_NO_CALL } } };
	for (size_t i = 0; i < EXECUTION_DEATHS_MAX; i++)
		record->deaths[i].site.call = SITE_NO_CALL;
}
