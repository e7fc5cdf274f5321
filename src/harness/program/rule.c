/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/rule.h"

#include <stdio.h>
#include <string.h>

const struct rule_info rule_table[RULE_COUNT] = {
#define RULE(id, name, fatal, contract, summary) [RULE_##id] = { name, contract, summary },
#include "harness/program/rules.def"
};

enum rule rule_find(const char *name, size_t len)
{
	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		if (strlen(rule_table[rule].name) == len && !memcmp(rule_table[rule].name, name, len))
			return rule;
	return RULE_COUNT;
}

void rule_set_to_text(rule_set set, const char *separator, char text[RULE_SET_TEXT])
{
	size_t used = 0;

	if (!set) {
		strcpy(text, "clean");
		return;
	}
	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		if (set & RULE_BIT(rule))
			used += (size_t)snprintf(text + used, RULE_SET_TEXT - used, "%s%s",
						 used ? separator : "", rule_table[rule].name);
}
