/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-stress has one command for each scenario. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "stress/core.h"
#include "tool/util/commands.h"

static int run_scenario_command(int argc, char **argv);
static int print_scenario_names(int argc, char **argv);

static struct command commands[] = {
#define SCENARIO(name, summary) { #name, "Scenarios", summary, run_scenario_command },
#include "stress/scenarios.def"
	{ "list", "Names", "print the names of the scenarios", print_scenario_names },
	{ .name = NULL },
};

/* The address of a scenario is NULL if the page library lacks its calls (build-aux/flavours.mk). */
#define SCENARIO(name, summary) extern const struct stress_scenario stress_##name __attribute__((weak));
#include "stress/scenarios.def"

static const struct stress_scenario *const scenarios[] = {
#define SCENARIO(name, summary) &stress_##name,
#include "stress/scenarios.def"
};
#define SCENARIO_COUNT (sizeof(scenarios) / sizeof(scenarios[0]))

static int run_scenario_command(int argc, char **argv)
{
	size_t index = 0;
	int exit_status;

	while (strcmp(commands[index].name, argv[0]) != 0)
		index++;
	current_run.name = commands[index].name;
	current_run.summary = commands[index].summary;
	current_run.scenario = scenarios[index];
	if (!current_run.scenario) {
		fprintf(stderr, "pagetorture-stress %s: %s\n", argv[0], current_run.summary);
		return EX_UNAVAILABLE;
	}
	exit_status = options_parse_and_apply(argc, argv);
	return exit_status < 0 ? run_scenario() : exit_status;
}

static int print_scenario_names(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < SCENARIO_COUNT; i++)
		printf("%s\n", commands[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	const struct command_set set = {
		.program_name = "pagetorture-stress",
		.purpose = "Run typical callers of the page library on real threads.",
		.commands = commands,
		.examples = "  pagetorture-stress slot --threads=8 --seconds=60\n"
			    "  pagetorture-stress slot --busted  check that a bug is detected\n"
			    "  pagetorture-stress slot --help\n",
	};

	for (size_t i = 0; i < SCENARIO_COUNT; i++)
		if (!scenarios[i])
			commands[i].summary = "skipped: the page library lacks buffers";
	return commands_main(&set, argc, argv);
}
