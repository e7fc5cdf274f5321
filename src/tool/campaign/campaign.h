/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A fuzzing campaign: engines on targets, until its time is up or somebody stops it. */
#ifndef TOOL_CAMPAIGN_H
#define TOOL_CAMPAIGN_H

#include "tool/campaign/engine.h"
#include "tool/campaign/target.h"
#include "tool/util/results.h"

struct campaign {
	struct fuzz_options options;
	bool wanted[ENGINES];
	struct target **targets;
	size_t count;
	bool incomplete; /* a target was left out because of its directory */
	struct results results;
	long results_due; /* ms */
	long started;	  /* ms */
};

/*
 * Return: EXIT_GOOD without a finding, EXIT_FAILED with one, EXIT_BAD if a target could not
 * run, a file of an engine could not be kept, or figures could not be written.
 */
int campaign_run(struct campaign *campaign);

/*
 * Figures of all targets, for reports: at the beginning, once a minute, at the end.
 * @status: "running", or how it ended
 * Return: are they there, if they are wanted?
 */
bool campaign_results(struct campaign *campaign, const char *status, long now);

#endif
