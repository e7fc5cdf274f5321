/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stddef.h>

#include "tool/tool.h"
#include "tool/util/commands.h"

#define PROGRAMS "Programs"
#define CORPORA  "Corpora and campaigns"

/* The commands of each group are sorted by name. */
static const struct command commands[] = {
	{ "check", PROGRAMS, "evaluate programs with the rule model", command_check },
	{ "convert", PROGRAMS, "convert programs between text and bytes", command_convert },
	{ "explain", PROGRAMS, "draw programs, and print which rule is broken and why", command_explain },
	{ "explore", PROGRAMS, "evaluate programs in every order of their calls", command_explore },
	{ "minimize", PROGRAMS, "make a failing program as small as possible", command_minimize },
	{ "run", PROGRAMS, "execute programs under every sanitizer, and compare with the rule model",
	  command_run },
	{ "to-c", PROGRAMS, "write a program as a C file, for a bug report", command_to_c },
	{ "fuzz", CORPORA, "fuzz the page library until stopped", command_fuzz },
	{ "replay", CORPORA, "run a corpus as a regression test", command_replay },
	{ "triage", CORPORA, "group findings by failure, and minimise them", command_triage },
	{ NULL, NULL, NULL, NULL },
};

static const struct command_set set = {
	.program_name = "pagetorture",
	.purpose = "Test a page library with page programs: small programs of page calls by several threads.",
	.commands = commands,
	.examples = "  pagetorture check race.page\n"
		    "  pagetorture run corpus/rules\n"
		    "  pagetorture help run\n",
};

int main(int argc, char **argv)
{
	return commands_main(&set, argc, argv);
}
