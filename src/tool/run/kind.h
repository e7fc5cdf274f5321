/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The kinds of results that an input has in one flavour. */
#ifndef TOOL_RUN_KIND_H
#define TOOL_RUN_KIND_H

#include <stdbool.h>

enum result_kind {
#define KIND(id, name, is_failure, meaning) RUN_##id,
#include "tool/run/kind.def"
#undef KIND
	RUN_KINDS
};

struct result_kind_info {
	const char *name;
	const char *meaning;
	bool is_failure;
};

/* Indexed by enum result_kind. */
extern const struct result_kind_info result_kinds[RUN_KINDS];

/*
 * Return: whether an input with a result of this kind may have damaged its process. An unreadable input is
 * not executed. With a wrong claim, the execution agrees with the model.
 */
static inline bool kind_may_damage_process(enum result_kind kind)
{
	return result_kinds[kind].is_failure && kind != RUN_unreadable && kind != RUN_claim;
}

#endif
