/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stddef.h>

enum rule {
#define RULE(id, ...) RULE_##id,
#include "harness/program/rules.def"
	RULE_COUNT
};

/* A set of rules: bit N is rule N. The empty set is printed as `clean`. */
typedef unsigned int rule_set;

#define RULE_BIT(rule) (1u << (rule))

/* Size of the longest text that rule_set_to_text() writes, with the NUL. */
#define RULE_SET_TEXT 160

struct rule_info {
	const char *name;
	const char *contract; /* the rules of doc/rules.md that define this rule, such as "R6 order" */
	const char *summary;  /* a sentence that says what breaks the rule */
};

extern const struct rule_info rule_table[RULE_COUNT];

/* Return: the rule with this name (not ended by a NUL), or RULE_COUNT. */
enum rule rule_find(const char *name, size_t len);

/* Writes the sorted names of the rules with @separator between them; "clean" for the empty set. */
void rule_set_to_text(rule_set set, const char *separator, char text[RULE_SET_TEXT]);
