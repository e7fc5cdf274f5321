/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How far a campaign has come: beneath its messages one line that is refreshed, or where
 * there is no terminal a line now and then; and figures in plot.tsv of each target.
 */
#ifndef TOOL_PROGRESS_H
#define TOOL_PROGRESS_H

#include "tool/campaign/target.h"

struct progress {
	const struct fuzz_options *options;
	struct target **targets;
	size_t count;
	long started;  /* ms */
	long reported; /* ms: when the last line of the log was due */
};

/* Continues what the campaigns before wrote. */
void progress_begin(struct progress *progress);

/* To be called each second. */
void progress_report(struct progress *progress, long now);

/* The last line of the log, the table, and the findings again. */
void progress_summary(struct progress *progress, long now);

#endif
