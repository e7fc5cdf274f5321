/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What can be broken or go wrong, as SARIF's rules: the names of rules.def and replay_kind.def. */
#ifndef TOOL_SARIF_RULES_H
#define TOOL_SARIF_RULES_H

#include "tool/util/json.h"

/* The array of all rules. */
void sarif_rules(struct json *json);

/* Its place in that array. A name that is none ends the program: it is a mistake here. */
size_t sarif_rule_index(const char *name);

#endif
