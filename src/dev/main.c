/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stddef.h>

#include "tool/util/commands.h"
#include "dev/dev.h"

#define CHECKS "Checks of the harness itself"

static const struct command commands[] = {
	{ "bench", CHECKS, "compare the speed of the executors", command_bench },
	{ "race", CHECKS, "run the race matrix under every race detector", command_race },
	{ "race-cells", CHECKS, "evaluate or execute programs of the race matrix, for `race`",
	  command_race_cells },
	{ "replay", CHECKS, "run a corpus, and obey `# misbehave:` comments", command_replay_misbehaving },
	{ "run", CHECKS, "execute programs, and obey `# misbehave:` comments", command_run_misbehaving },
	{ "self-test", CHECKS, "check that `run` detects each kind of failure", command_self_test },
	{ NULL, NULL, NULL, NULL },
};

static const struct command_set set = {
	.program_name = "pagetorture-dev",
	.purpose = "Test and measure pagetorture itself. This program is not installed.",
	.commands = commands,
	.examples = "  pagetorture-dev race --detector tsan-fibers\n"
		    "  pagetorture-dev help bench\n",
};

int main(int argc, char **argv)
{
	return commands_main(&set, argc, argv);
}
