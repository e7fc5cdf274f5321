/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What decides whether an input fails: the model and the flavours, or a fuzz target. */
#ifndef TOOL_ORACLE_H
#define TOOL_ORACLE_H

#include "harness/model/rules.h"
#include "tool/finding/replayer.h"
#include "tool/run/runner.h"

struct oracle {
	struct rules *rules;
	struct flavour_runners runners;
	unsigned long executed;	   /* programs, once for each flavour */
	struct replayer *replayer; /* of the fuzz target that alone decides; or NULL */
	struct replayer *replayers; /* one for each fuzz target, found when it is first needed */
	bool rules_may_break; /* a program that breaks rules as the model predicts does not fail */
};

/* Return: false without memory or without a flavour that this build has. */
bool oracle_init(struct oracle *oracle, const bool *flavours, unsigned int seconds);
void oracle_destroy(struct oracle *oracle);

/*
 * From here on the replayer of @target decides; with NULL, executions by `run`. If this build has
 * no replayer, one line on standard error says so, and a program fails only where executions
 * disagree with the model.
 * Return: false if the inputs of @target are no programs and there is no replayer.
 */
bool oracle_set_target(struct oracle *oracle, const struct fuzz_target *target);

/* What signatures lack on this machine, in a sentence; NULL if nothing. */
const char *oracle_lacks(const struct oracle *oracle);

#endif
