/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stddef.h>

#include "tool/util/commands.h"
#include "dev/dev.h"

#define CHECKS "Checks of the harness itself"

/* Sorted by name. */
static const struct command commands[] = {
	{ "bench", CHECKS, "measure the executors against each other", command_bench },
	{ "race", CHECKS, "run the race matrix under every detector", command_race },
	{ "race-cells", CHECKS, "print or execute cells of the race matrix, for race", command_race_cells },
	{ "replay", CHECKS, "replay inputs that misbehave as their comments say", command_replay_dev },
	{ "run", CHECKS, "run inputs that misbehave as their comments say", command_run_dev },
	{ "self-test", CHECKS, "test that each way to misbehave is noticed", command_self_test },
	{ NULL, NULL, NULL, NULL },
};

static const struct command_set set = {
	.program = "pagetorture-dev",
	.purpose = "Test and measure pagetorture itself. This program is not installed.",
	.commands = commands,
	.examples = "  pagetorture-dev race --detector tsan-fibers\n"
		    "  pagetorture-dev help bench\n",
};

int main(int argc, char **argv)
{
	return commands_main(&set, argc, argv);
}
