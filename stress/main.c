/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-stress: a command for each scenario. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "stress/core.h"
#include "tool/util/commands.h"

/* A scenario whose calls the page library lacks is not linked (build-aux/flavours.mk). */
#define SCENARIO(name, summary) extern const struct stress_scenario stress_##name __attribute__((weak));
#include "stress/scenarios.def"

static const struct {
	const char *name, *summary;
	const struct stress_scenario *scenario;
} scenarios[] = {
#define SCENARIO(name, summary) { #name, summary, &stress_##name },
#include "stress/scenarios.def"
};
#define SCENARIO_COUNT (sizeof(scenarios) / sizeof(scenarios[0]))

#define NOT_LINKED "skipped: the page library lacks buffers"

static int run_command(int argc, char **argv)
{
	size_t number = 0;
	int exit_status;

	while (strcmp(scenarios[number].name, argv[0]) != 0)
		number++;
	current_run.name = scenarios[number].name;
	current_run.summary = scenarios[number].summary;
	current_run.scenario = scenarios[number].scenario;
	if (!current_run.scenario) {
		fprintf(stderr, "pagetorture-stress %s: %s\n", argv[0], NOT_LINKED);
		return EX_UNAVAILABLE;
	}
	exit_status = options_read(argc, argv);
	return exit_status < 0 ? run_scenario() : exit_status;
}

static int print_scenario_names(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < SCENARIO_COUNT; i++)
		printf("%s\n", scenarios[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	static struct command commands[SCENARIO_COUNT + 2];
	const struct command_set set = {
		.program_name = "pagetorture-stress",
		.purpose = "Run typical callers of the page library on real threads.",
		.commands = commands,
		.examples = "  pagetorture-stress slot --threads=8 --seconds=60\n"
			    "  pagetorture-stress slot --busted  check that a bug is detected\n"
			    "  pagetorture-stress slot --help\n",
	};

	for (size_t i = 0; i < SCENARIO_COUNT; i++)
		commands[i] = (struct command){ scenarios[i].name, "Scenarios",
						scenarios[i].scenario ? scenarios[i].summary :
									NOT_LINKED,
						run_command };
	commands[SCENARIO_COUNT] = (struct command){
		"list", "Names", "print the names of the scenarios", print_scenario_names};
	return commands_main(&set, argc, argv);
}
