/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/detector.h"

#include <stdio.h>
#include <string.h>

static const char library_bug[] = "BUG: page: ";

/* What a sanitizer calls it, and which rule that is for a page. Sorted. */
static const struct {
	const char *says;
	enum rule rule;
} reports[] = {
	{ "AddressSanitizer: use-after-poison", RULE_use_after_free },
};

/* Any of these begins a report, of whatever kind. */
static const char *const unknown[] = { "Sanitizer: ", "runtime error: ", library_bug };

static void copy_line(const char *at, const char *output, char *line, size_t size)
{
	while (at > output && at[-1] != '\n')
		at--;
	snprintf(line, size, "%.*s", (int)strcspn(at, "\n"), at);
}

enum rule detector_rule(const char *output, char *line, size_t size)
{
	const char *bug = strstr(output, library_bug);

	line[0] = '\0';
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		const char *at = strstr(output, reports[i].says);

		if (!at)
			continue;
		copy_line(at, output, line, size);
		return reports[i].rule;
	}
	if (bug) {
		const char *name = bug + strlen(library_bug);

		copy_line(bug, output, line, size);
		return rule_find(name, strcspn(name, ":\n"));
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		const char *at = strstr(output, unknown[i]);

		if (at) {
			copy_line(at, output, line, size);
			break;
		}
	}
	return RULE_COUNT;
}
