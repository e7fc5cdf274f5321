/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The outcome of a program in one flavour, on fibers and threads. The record has the comparison with the
 * model, the first reported race, and the reports of calls that ended a process.
 */
#pragma once

#include "harness/checker.h"
#include "tool/report/symbols.h"

/* A call of the program, and the stack of the report about the call. */
struct execution_site {
	size_t call; /* index of the call in the program; SITE_NO_CALL: unknown, or no call */
	char stack[SYMBOLS_STACK];
};

#define SITE_NO_CALL SIZE_MAX

/* The end of a process: at a fatal call, at a use of uninitialised bytes, or unexpected. */
struct execution_death {
	struct execution_site site;
	char kind[64]; /* the kind of the report; without a report "signal-11", "exit-1", "timeout" ... */
};

#define EXECUTION_DEATHS_MAX 2

struct execution_record {
	enum checker_result result;
	/*
	 * The two accesses of the first reported race, the later access first. If a race was reported that
	 * the model does not predict, @race has that race, and race[1] has no call.
	 */
	struct execution_site race[2];
	size_t death_count;
	struct execution_death deaths[EXECUTION_DEATHS_MAX];
	char why[CHECKER_WHY + 32]; /* text about a difference without a death, or about a predicted miss */
};

static inline void execution_record_init(struct execution_record *record)
{
	*record = (struct execution_record){ .race = { { .call = SITE_NO_CALL }, { .call = SITE_NO_CALL } } };
	for (size_t i = 0; i < EXECUTION_DEATHS_MAX; i++)
		record->deaths[i].site.call = SITE_NO_CALL;
}
