/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Which fuzz target decides what fails, for triage and minimize. */
#ifndef TOOL_JUDGE_TARGET_H
#define TOOL_JUDGE_TARGET_H

#include "tool/finding/signature.h"
#include "tool/util/scratch.h"

/* A replayer for each target that was asked for, found once. */
struct judge_targets {
	struct replayer *of; /* one for each target of the table */
	bool *asked;
	size_t count;
	struct scratch scratch; /* for their inputs; with targets */
};

/*
 * Makes the judge ask the replayer of @target; with NULL, executions by `run`. Without a replayer
 * in this build, which is said on standard error once, a program fails only where executions
 * disagree with the model.
 * Return: false if the inputs of @target are no programs, and there is no replayer.
 */
bool judge_by_target(struct judge *judge, struct judge_targets *targets,
		     const struct fuzz_target *target);
void judge_targets_end(struct judge_targets *targets);

#endif
