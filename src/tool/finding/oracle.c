/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/util/status.h"

bool oracle_init(struct oracle *oracle, const bool *flavours, unsigned int seconds)
{
	size_t targets = 0;

	while (fuzz_target_at(targets))
		targets++;
	memset(oracle, 0, sizeof(*oracle));
	oracle->rules = rules_new();
	oracle->replayers = calloc(targets, sizeof(*oracle->replayers));
	oracle->runners.seconds = seconds;
	return oracle->rules && oracle->replayers && runners_find(&oracle->runners, flavours);
}

void oracle_destroy(struct oracle *oracle)
{
	runners_destroy(&oracle->runners);
	rules_delete(oracle->rules);
	free(oracle->replayers);
}

/* Return: NULL if this build has none, which is printed the first time. */
static struct replayer *find_replayer(struct oracle *oracle, const struct fuzz_target *target)
{
	struct replayer *replayer = oracle->replayers;

	for (size_t i = 0; fuzz_target_at(i) != target; i++)
		replayer++;
	if (!replayer->target && !replayer_find(replayer, target, oracle->runners.seconds)) {
		status_end();
		fprintf(stderr, "%s: expected the replayer of %s beside this program (make %s-replay-%s); %s\n",
			target->name, target->name, target->name, target->flavour,
			target->reads == READS_BYTES ? "only disagreements that `run` sees are failures" :
						       "its findings cannot be tried");
	}
	return replayer->path[0] ? replayer : NULL;
}

bool oracle_set_target(struct oracle *oracle, const struct fuzz_target *target)
{
	oracle->replayer = target ? find_replayer(oracle, target) : NULL;
	oracle->rules_may_break = target;
	return !target || oracle->replayer || target->reads == READS_BYTES;
}

const char *oracle_lacks(const struct oracle *oracle)
{
	if (symbols_missing())
		return "no llvm-symbolizer or addr2line found: failures are not distinguished by functions";
	if (!oracle->runners.of[FLAVOUR_TSAN].there)
		return "without the tsan flavour races are the model's alone";
	return NULL;
}
