/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stddef.h>

#include "tool/tool.h"
#include "tool/util/commands.h"

#define PROGRAMS "Programs"
#define CORPORA	 "Corpora and campaigns"

/* Sorted by name. */
static const struct command commands[] = {
	{ "check", PROGRAMS, "judge programs with the rule model", command_check },
	{ "convert", PROGRAMS, "write programs anew: text as bytes, bytes as text", command_convert },
	{ "explain", PROGRAMS, "draw programs, and say what is wrong and why", command_explain },
	{ "fuzz", CORPORA, "run a fuzzing campaign until it is stopped", command_fuzz },
	{ "minimize", PROGRAMS, "make a failing program as small as it gets", command_minimize },
	{ "replay", CORPORA, "replay a corpus, many inputs a process, as a gate", command_replay },
	{ "run", PROGRAMS, "judge programs, execute them under every sanitizer and compare",
	  command_run },
	{ "to-c", PROGRAMS, "write a program as a C file for a bug report", command_to_c },
	{ "triage", CORPORA, "sort findings by what fails, and minimise them", command_triage },
	{ NULL, NULL, NULL, NULL },
};

static const struct command_set set = {
	.program = "pagetorture",
	.purpose = "Confirm the contract of a page library with small programs of page calls.",
	.commands = commands,
	.examples = "  pagetorture check race.page\n"
		    "  pagetorture run corpus/rules\n"
		    "  pagetorture help run\n",
};

int main(int argc, char **argv)
{
	return commands_main(&set, argc, argv);
}
