/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The kinds of results that an input has in one flavour. */
#pragma once

#include <stdbool.h>

enum result_kind {
#define KIND(id, name, is_failure, meaning) RUN_##id,
#include "tool/run/kind.def"
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
 * Return: whether an input with a result of this kind may have damaged its process. An unreadable input did
 * not run. After RUN_claim only an expectation does not hold: the execution agreed with the model.
 */
static inline bool kind_may_damage_process(enum result_kind kind)
{
	return result_kinds[kind].is_failure && kind != RUN_unreadable && kind != RUN_claim;
}
