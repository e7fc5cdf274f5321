/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Decides whether an input fails: by the model and the flavours, or by a fuzz target. */
#pragma once

#include <limits.h>

#include "harness/model/rules.h"
#include "tool/run/runner.h"
#include "tool/util/fuzz_target.h"

struct oracle {
	struct rules *rules;
	struct flavour_runners runners;
	unsigned long execution_count;      /* number of executions, added up over the flavours */
	const struct fuzz_target *target;   /* the target whose binary was searched last, or NULL */
	char replayer_path[PATH_MAX];       /* binary that runs inputs of @target; "": not built */
	unsigned int missing_replayer_bits; /* bit N: a message said that target N has no binary */
};

/* Return: false if there is no memory or this build has none of the wanted flavours. */
bool oracle_init(struct oracle *oracle, const bool *wanted_flavours, unsigned int timeout_seconds);
void oracle_destroy(struct oracle *oracle);

/*
 * Finds the binary that runs inputs of @target: the replayer in target->flavour, else the target with its
 * engine, else the plain replayer. If this build has none of these binaries, prints one line on standard
 * error, once for each target.
 * Return: the path of the binary, or NULL. Without a binary, an input of @target fails only if executions of
 * its program in the flavours disagree with the model.
 */
const char *oracle_find_replayer_or_report(struct oracle *oracle, const struct fuzz_target *target);

/* Return: whether this build can execute inputs of @target. NULL: programs that belong to no target. */
static inline bool oracle_can_execute(struct oracle *oracle, const struct fuzz_target *target)
{
	return oracle_find_replayer_or_report(oracle, target) || !target || target->input_kind == READS_BYTES;
}

/* Return: a sentence about a missing tool that makes signatures less exact; NULL: no tool is missing. */
const char *oracle_describe_missing_tools(const struct oracle *oracle);
