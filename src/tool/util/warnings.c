/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/warnings.h"

#include <stdio.h>

#include "harness/model/never_runs.h"
#include "harness/program/program_name.h"
#include "tool/util/usage.h"

struct option_row option_strict(bool *strict)
{
	return (struct option_row)OPTION_FLAG("strict", strict);
}

int warnings_print(const char *file, const struct program *program, const struct rules *rules,
		   bool strict)
{
	static struct never_runs found[PROGRAM_CALLS];
	size_t count = never_runs_find(program, rules, found);
	size_t printed = program_name_is_bytes(file) && count ? 1 : count;

	for (size_t i = 0; i < printed; i++) {
		char text[NEVER_RUNS_TEXT], more[48] = "";

		never_runs_text(program, &found[i], text);
		if (count > printed)
			snprintf(more, sizeof(more), "; so do %zu more calls", count - printed);
		fprintf(stderr, "%s:%u: warning: %s%s\n", file, program->calls[found[i].call].line,
			text, more);
	}
	return strict && count ? EXIT_FAILED : EXIT_GOOD;
}
