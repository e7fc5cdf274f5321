/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-stress: a command for each pattern. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "stress/core.h"
#include "tool/util/commands.h"

/* A pattern whose calls the page library lacks is not linked (build-aux/flavours.mk). */
#define PATTERN(name) extern const struct stress_pattern stress_##name __attribute__((weak));
#include "stress/patterns.def"
#undef PATTERN

static const struct {
	const char *name;
	const struct stress_pattern *pattern;
} patterns[] = {
#define PATTERN(name) { #name, &stress_##name },
#include "stress/patterns.def"
#undef PATTERN
};
#define PATTERN_COUNT (sizeof(patterns) / sizeof(patterns[0]))

#define NOT_LINKED "skipped: the page library lacks buffers"

static int run_command(int argc, char **argv)
{
	size_t number = 0;
	int exit_status;

	while (strcmp(patterns[number].name, argv[0]) != 0)
		number++;
	current_run.pattern = patterns[number].pattern;
	if (!current_run.pattern) {
		fprintf(stderr, "pagetorture-stress %s: %s\n", argv[0], NOT_LINKED);
		return EX_UNAVAILABLE;
	}
	exit_status = options_read(argc, argv);
	return exit_status < 0 ? run_pattern() : exit_status;
}

static int print_pattern_names(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < PATTERN_COUNT; i++)
		printf("%s\n", patterns[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	static struct command commands[PATTERN_COUNT + 2];
	const struct command_set set = {
		.program_name = "pagetorture-stress",
		.purpose = "Run typical callers of the page library on real threads.",
		.commands = commands,
		.examples = "  pagetorture-stress slot --threads=8 --seconds=60\n"
			    "  pagetorture-stress slot --busted  check that a bug is detected\n"
			    "  pagetorture-stress slot --help\n",
	};

	for (size_t i = 0; i < PATTERN_COUNT; i++) {
		const struct stress_pattern *pattern = patterns[i].pattern;

		commands[i] =
			(struct command) { patterns[i].name, "Patterns",
					   pattern ? pattern->summary : NOT_LINKED, run_command };
	}
	commands[PATTERN_COUNT] = (struct command){
		"list", "Names", "print the names of the patterns", print_pattern_names};
	return commands_main(&set, argc, argv);
}
