/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/sarif/sarif_rules.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "harness/program/rule.h"
#include "tool/sarif/replay_kind.h"

static void put_text(struct json *j, const char *key, const char *text)
{
	json_object(j, key);
	json_text(j, "text", text);
	json_end(j);
}

static void put_rule(struct json *j, const char *id, const char *says, const char *page,
		     const char *section)
{
	json_object(j, NULL);
	json_text(j, "id", id);
	put_text(j, "shortDescription", says);
	put_text(j, "fullDescription", says);
	json_object(j, "help");
	json_format(j, "text", "%s: %s", page, section);
	json_format(j, "markdown", "[%s](%s)", section, page);
	json_end(j);
	if (*PACKAGE_URL)
		json_format(j, "helpUri", "%s/%s", PACKAGE_URL, page);
	json_object(j, "defaultConfiguration");
	json_text(j, "level", "error");
	json_end(j);
	json_object(j, "properties");
	json_text(j, "precision", "very-high");
	json_text(j, "problem.severity", "error");
	json_end(j);
	json_end(j);
}

void sarif_rules(struct json *j)
{
	json_array(j, "rules");
	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		put_rule(j, rule_name(rule), rule_summary(rule), "doc/rules.md", rule_contract(rule));
	for (size_t i = 0; i < REPLAY_KINDS; i++) {
		char says[160];

		if (!replay_kinds[i].fails)
			continue;
		snprintf(says, sizeof(says), "An input fails: %s.", replay_kinds[i].meaning);
		put_rule(j, replay_kinds[i].name, says, "doc/replay.md", "What is said of an input");
	}
	json_end(j);
}

size_t sarif_rule_index(const char *name)
{
	size_t index = RULE_COUNT;

	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		if (!strcmp(rule_name(rule), name))
			return rule;
	for (size_t i = 0; i < REPLAY_KINDS; i++) {
		if (!replay_kinds[i].fails)
			continue;
		if (!strcmp(replay_kinds[i].name, name))
			return index;
		index++;
	}
	abort();
}
