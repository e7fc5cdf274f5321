/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture bugs: the bank of seeded bugs. It compiles the page library, so it is a script
 * of the build directory (tests/bugs/bank, made by configure), next to the binaries that it links
 * again; an installed pagetorture has neither.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "tool/util/place.h"
#include "tool/tool.h"

#define NEEDS "compiles the page library with each bug, for which it needs a build directory: " \
	      "run BUILD/pagetorture bugs"

static int without_bank(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return printf("Usage: pagetorture bugs [OPTION]... [BUG]...\nThis command " NEEDS
			      " --help\n") < 0;
	fputs("pagetorture bugs: this command " NEEDS "\n", stderr);
	return EXIT_BAD;
}

int command_bugs(int argc, char **argv)
{
	char directory[PATH_MAX], bank[PATH_MAX];

	if (!place_own(directory, sizeof(directory)))
		return usage_error("bugs", "expected to find the directory of this program");
	path_format_or_exit(bank, sizeof(bank), "%s/tests/bugs/bank", directory);
	if (access(bank, X_OK))
		return without_bank(argc, argv);
	fflush(stdout);
	execv(bank, argv);
	return usage_error("bugs", "%s: %s", bank, strerror(errno));
}
