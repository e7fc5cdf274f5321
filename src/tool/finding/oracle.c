/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/oracle.h"

#include <stdio.h>
#include <string.h>

#include "tool/util/status.h"

bool oracle_init(struct oracle *oracle, const bool *flavours, unsigned int seconds)
{
	memset(oracle, 0, sizeof(*oracle));
	oracle->rules = rules_new();
	oracle->runners.timeout_seconds = seconds;
	return oracle->rules && runners_find_binaries(&oracle->runners, flavours);
}

void oracle_destroy(struct oracle *oracle)
{
	runners_destroy(&oracle->runners);
	rules_delete(oracle->rules);
}

static bool find_replayer_binary(struct oracle *oracle, const char *format, const char *flavour)
{
	char binary_name[160];

	snprintf(binary_name, sizeof(binary_name), format, oracle->target->name, flavour);
	return binary_find(binary_name, oracle->replayer_path, sizeof(oracle->replayer_path));
}

static void report_missing_replayer(struct oracle *oracle, const struct fuzz_target *target)
{
	unsigned int target_index = 0;

	while (fuzz_target_get(target_index) != target)
		target_index++;
	if (oracle->reported_target_bits & 1u << target_index)
		return;
	oracle->reported_target_bits |= 1u << target_index;
	status_erase();
	fprintf(stderr, "%s: expected the replayer of %s beside this program (make %s-replay-%s); %s\n",
		target->name, target->name, target->name, target->flavour,
		target->reads == READS_BYTES ? "only disagreements that `run` sees are failures" :
					       "its findings cannot be tried");
}

const char *oracle_find_replayer(struct oracle *oracle, const struct fuzz_target *target)
{
	if (target && target != oracle->target) {
		oracle->target = target;
		if (!find_replayer_binary(oracle, "%s-replay-%s", target->flavour) &&
		    !find_replayer_binary(oracle, "%s", "") &&
		    !find_replayer_binary(oracle, "%s-replay", "")) {
			oracle->replayer_path[0] = '\0';
			report_missing_replayer(oracle, target);
		}
	}
	return target && *oracle->replayer_path ? oracle->replayer_path : NULL;
}

const char *oracle_find_limitation(const struct oracle *oracle)
{
	if (symbols_tool_is_missing())
		return "no llvm-symbolizer or addr2line found: failures are not distinguished by functions";
	if (!oracle->runners.list[FLAVOUR_TSAN].is_available)
		return "without the tsan flavour races are the model's alone";
	return NULL;
}
