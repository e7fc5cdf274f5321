/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/regress.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/program/program_text.h"
#include "tool/util/output.h"

static bool has(const char *root, const char *name)
{
	char path[PATH_MAX + 32];

	path_format_or_exit(path, sizeof(path), "%s/%s", root, name);
	return !access(path, F_OK);
}

bool regress_find(const char *start, char directory[PATH_MAX])
{
	char root[PATH_MAX], *up;

	if (!realpath(start, root))
		return false;
	while (!has(root, "corpus/regress") || !has(root, "src/page/page.h")) {
		if (!strcmp(root, "/"))
			return false;
		up = dirname(root);
		if (up != root)
			strcpy(root, up);
	}
	path_format_or_exit(directory, PATH_MAX, "%s/corpus/regress", root);
	return true;
}

/* What the whole breaks is all that it says; what it failed to claim goes. */
static size_t text_of(const struct program *program, const struct signature *signature,
		      struct rules *rules, char text[TEXT_PROGRAM_MAX + 300])
{
	static struct program says;
	static char plain[TEXT_PROGRAM_MAX];
	const char *rest;

	says = *program;
	says.has_expect = true;
	rules_evaluate(rules, program);
	says.expect = rules_verdict(rules)->broken;
	for (size_t i = 0; i < says.count; i++)
		says.calls[i].expected_result = RESULT_NONE;
	program_to_text(&says, plain);
	rest = strchr(plain, '\n') + 1;
	return (size_t)snprintf(text, TEXT_PROGRAM_MAX + 300, "%.*s# It failed: %.230s\n%s",
				(int)(rest - plain), plain, signature->text, rest);
}

int regress_add(const char *directory, const char *name, const struct program *program,
		const struct signature *signature, struct rules *rules, char path[PATH_MAX])
{
	static char text[TEXT_PROGRAM_MAX + 300];
	size_t size = text_of(program, signature, rules, text);

	if (!path_format(path, PATH_MAX, "%s/%s.page", directory, name))
		return ENAMETOOLONG;
	if (!access(path, F_OK))
		return EEXIST;
	return output_write(path, text, size);
}
