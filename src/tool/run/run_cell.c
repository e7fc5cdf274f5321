/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/run/run_parts.h"

bool run_cell_read(struct run_cell *cell, struct flavour *flavour, unsigned int seconds)
{
	char *rest = cell->line;

	if (!flavour_read(flavour, cell->line, sizeof(cell->line), seconds))
		return false;
	cell->line[strcspn(cell->line, "\n")] = '\0';
	for (unsigned int i = 0; i < RUN_FIELDS; i++) {
		cell->field[i] = strsep(&rest, "\t");
		if (!cell->field[i])
			return false;
	}
	return true;
}

void run_cell_no_answer(struct run_cell *cell, const char *name)
{
	static char words[][32] = { "differ", "no answer", "no answer", "0", "" };
	static char why[64];

	for (unsigned int i = 0; i < RUN_FIELDS; i++)
		cell->field[i] = words[i];
	snprintf(why, sizeof(why), "expected a line from pagetorture-%s, got none", name);
	cell->field[RUN_WHY] = why;
}

bool run_cell_differs(const struct run_cell *cell)
{
	return !strcmp(cell->field[RUN_RESULT], "differ");
}

const char *run_cell_seen(const struct run_cell *cell)
{
	if (run_cell_differs(cell))
		return "DIFFERS";
	if (!strcmp(cell->field[RUN_RESULT], "beyond"))
		return "unseen";
	return cell->field[RUN_SEEN];
}

unsigned int run_cell_reported(const struct run_cell *cell)
{
	return (unsigned int)strtoul(cell->field[RUN_REPORTED], NULL, 10);
}
