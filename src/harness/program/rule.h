/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_RULE_H
#define HARNESS_RULE_H

#include <stddef.h>

enum rule {
#define RULE(id, ...) RULE_##id,
#include "harness/program/rules.def"
#undef RULE
	RULE_COUNT
};

/* A set of rules: one bit each. The empty set is the verdict `clean`. */
typedef unsigned int rule_set;

#define RULE_BIT(rule) (1u << (rule))

/* Bytes that the longest text of a set needs, with its end. */
#define RULE_SET_TEXT 160

const char *rule_name(enum rule rule);

/* The rules of the page contract (doc/rules.md) that the rule is about. */
const char *rule_contract(enum rule rule);

/* What breaks the rule, in a sentence. */
const char *rule_summary(enum rule rule);

/* The rule of that name (not ended by a NUL), or RULE_COUNT. */
enum rule rule_find(const char *name, size_t len);

/* "clean", or the names sorted with @separator between them. */
void rule_set_text(rule_set set, const char *separator, char text[RULE_SET_TEXT]);

#endif
