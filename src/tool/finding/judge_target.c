/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/judge_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/util/status.h"
#include "tool/util/usage.h"

static void begin(struct judge_targets *targets)
{
	if (targets->of)
		return;
	while (fuzz_target_at(targets->count))
		targets->count++;
	targets->of = calloc(targets->count, sizeof(*targets->of));
	targets->asked = calloc(targets->count, sizeof(*targets->asked));
	if (!targets->of || !targets->asked)
		exit(usage_error(NULL, "no memory for the fuzz targets"));
	if (!scratch_open(&targets->scratch))
		exit(usage_error(NULL, "expected to make a directory: %s: %s", targets->scratch.path,
				 strerror(errno)));
}

static struct replayer *replayer_of(struct judge_targets *targets, const struct fuzz_target *target,
				    unsigned int seconds)
{
	size_t number = 0;

	begin(targets);
	while (fuzz_target_at(number) != target)
		number++;
	if (!targets->asked[number]) {
		targets->asked[number] = true;
		if (!replayer_find(&targets->of[number], target, targets->scratch.path, seconds)) {
			status_end();
			fprintf(stderr, "%s: %s; %s\n", target->name, replayer_lacks(target),
				target->reads == READS_BYTES ?
				"only disagreements that `run` sees are failures" :
				"its findings cannot be tried");
		}
	}
	return targets->of[number].path[0] ? &targets->of[number] : NULL;
}

bool judge_by_target(struct judge *judge, struct judge_targets *targets,
		     const struct fuzz_target *target)
{
	judge->replayer = target ? replayer_of(targets, target, judge->runners.seconds) : NULL;
	judge->rules_may_break = target;
	return !target || judge->replayer || target->reads == READS_BYTES;
}

void judge_targets_end(struct judge_targets *targets)
{
	if (targets->of)
		scratch_close(&targets->scratch);
	free(targets->of);
	free(targets->asked);
}
