/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture bugs: the bank of seeded bugs. It compiles the page library, so it is a script
 * of the build folder (bugs/bank, made by configure), next to the binaries that it links
 * again; an installed pagetorture has neither.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/flavours.h"
#include "tool/tool.h"

int command_bugs(int argc, char **argv)
{
	char folder[512], bank[600];

	(void)argc;
	if (!flavour_folder(folder, sizeof(folder)))
		return usage_error("bugs", "expected to find the folder of this program");
	snprintf(bank, sizeof(bank), "%s/bugs/bank", folder);
	if (access(bank, X_OK))
		return usage_error("bugs", "%s: expected the bank of a build folder; run this from one",
				   bank);
	fflush(stdout);
	execv(bank, argv);
	return usage_error("bugs", "%s: %s", bank, strerror(errno));
}
