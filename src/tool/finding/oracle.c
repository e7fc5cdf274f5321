/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/oracle.h"

#include <stdio.h>
#include <string.h>

#include "tool/util/status.h"

bool oracle_init(struct oracle *oracle, const bool *wanted_flavours, unsigned int timeout_seconds)
{
	memset(oracle, 0, sizeof(*oracle));
	oracle->rules = rules_new();
	oracle->runners.timeout_seconds = timeout_seconds;
	return oracle->rules && runners_find_binaries(&oracle->runners, wanted_flavours);
}

void oracle_destroy(struct oracle *oracle)
{
	runners_destroy(&oracle->runners);
	rules_delete(oracle->rules);
}

static bool set_replayer_path_if_found(struct oracle *oracle, const char *name_format, const char *flavour)
{
	char binary_name[160];

	snprintf(binary_name, sizeof(binary_name), name_format, oracle->target->name, flavour);
	return binary_find(binary_name, oracle->replayer_path, sizeof(oracle->replayer_path));
}

static void report_missing_replayer(struct oracle *oracle, const struct fuzz_target *target)
{
	unsigned int target_index = 0;

	while (fuzz_target_get(target_index) != target)
		target_index++;
	if (oracle->missing_replayer_bits & 1u << target_index)
		return;
	oracle->missing_replayer_bits |= 1u << target_index;
	status_erase();
	fprintf(stderr, "%s: expected the replayer of %s beside this program (make %s-replay-%s); %s\n",
		target->name, target->name, target->name, target->flavour,
		target->input_kind == READS_BYTES ? "only disagreements that `run` sees are failures" :
						    "its findings cannot be tried");
}

const char *oracle_find_replayer_or_report(struct oracle *oracle, const struct fuzz_target *target)
{
	if (target && target != oracle->target) {
		oracle->target = target;
		if (!set_replayer_path_if_found(oracle, "%s-replay-%s", target->flavour) &&
		    !set_replayer_path_if_found(oracle, "%s", "") &&
		    !set_replayer_path_if_found(oracle, "%s-replay", "")) {
			oracle->replayer_path[0] = '\0';
			report_missing_replayer(oracle, target);
		}
	}
	return target && *oracle->replayer_path ? oracle->replayer_path : NULL;
}

const char *oracle_describe_missing_tools(const struct oracle *oracle)
{
	if (symbols_symbolizer_is_missing())
		return "no llvm-symbolizer or addr2line found: failures are not distinguished by "
		       "functions";
	if (!oracle->runners.is_available[FLAVOUR_TSAN])
		return "without the tsan flavour races are the model's alone";
	return NULL;
}
