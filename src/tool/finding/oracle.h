/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Decides whether an input fails: by the model and the flavours, or by a fuzz target. */
#ifndef TOOL_ORACLE_H
#define TOOL_ORACLE_H

#include <limits.h>

#include "harness/model/rules.h"
#include "tool/run/runner.h"
#include "tool/util/fuzz_target.h"

struct oracle {
	struct rules *rules;
	struct flavour_runners runners;
	unsigned long execution_count;	  /* executions of programs, in all flavours */
	const struct fuzz_target *target; /* whose replayer was searched last; or NULL */
	char replayer_path[PATH_MAX];	  /* binary of the replayer of @target; empty: this build has none */
	unsigned int reported_target_bits;	  /* targets whose missing replayer was reported */
};

/* Return: false if there is no memory or this build has none of the flavours. */
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

/* Return: whether this build can execute inputs of @target (NULL: programs of no target). */
static inline bool oracle_can_execute(struct oracle *oracle, const struct fuzz_target *target)
{
	return oracle_find_replayer(oracle, target) || !target || target->input_kind == READS_BYTES;
}

/* Return: a sentence about missing tools that make signatures less exact; NULL: none is missing. */
const char *oracle_find_limitation(const struct oracle *oracle);

#endif
