/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What decides whether an input fails: the model and the flavours, or a fuzz target. */
#ifndef TOOL_ORACLE_H
#define TOOL_ORACLE_H

#include <limits.h>

#include "harness/model/rules.h"
#include "tool/run/runner.h"
#include "tool/util/fuzz_target.h"

struct oracle {
	struct rules *rules;
	struct flavour_runners runners;
	unsigned long execution_count;	  /* programs, once for each flavour */
	const struct fuzz_target *target; /* the last one that was looked for; or NULL */
	char replayer_path[PATH_MAX];	  /* its binary; empty: this build has none */
	unsigned int reported_target_bits;	  /* targets without a replayer, one bit each */
};

/* Return: false without memory or without a flavour that this build has. */
bool oracle_init(struct oracle *oracle, const bool *flavours, unsigned int seconds);
void oracle_destroy(struct oracle *oracle);

/*
 * Finds the binary that runs inputs of @target: the replayer in the flavour that the target's
 * findings need, the target with its engine, or the replayer without a sanitizer. If there is none,
 * one line on standard error says so, once for each target.
 * Return: its path, or NULL. Then a program of the target fails only where executions disagree
 * with the model.
 */
const char *oracle_find_replayer(struct oracle *oracle, const struct fuzz_target *target);

/* Return: can inputs of @target (NULL: programs of no target) be executed in this build? */
static inline bool oracle_can_execute(struct oracle *oracle, const struct fuzz_target *target)
{
	return oracle_find_replayer(oracle, target) || !target || target->reads == READS_BYTES;
}

/* Return: what signatures lack on this machine, in a sentence; NULL if nothing. */
const char *oracle_find_limitation(const struct oracle *oracle);

#endif
