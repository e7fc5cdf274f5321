/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/sarif/sarif_rules.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "harness/program/rule.h"
#include "tool/explain/explain.h"
#include "tool/sarif/replay_kind.h"

/* What a program does that breaks a rule, in a sentence. */
static const char *const broken[RULE_COUNT] = {
	[RULE_data_race] = "Two threads use the same bytes, one writes, and nothing orders them.",
	[RULE_deadlock] = "No thread can go on.",
	[RULE_foreign_map] = "A task uses or undoes another task's mapping.",
	[RULE_map_overflow] = "A task maps more pages at a time than it may.",
	[RULE_out_of_bounds] = "An access through a mapping leaves its page.",
	[RULE_uninit_use] = "Bytes are used that were never written.",
	[RULE_unmap_order] = "Mappings are not undone last in first out.",
	[RULE_use_after_free] = "A page is used that its last owner has freed.",
	[RULE_use_after_unmap] = "An address is used after its mapping was undone.",
};

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
		put_rule(j, rule_name(rule), broken[rule], "doc/rules.md", contract_name(rule));
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
