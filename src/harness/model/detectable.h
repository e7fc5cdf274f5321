/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_DETECTABLE_H
#define HARNESS_DETECTABLE_H

#include <stdbool.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

/* Whether a fatal call can be detected where it runs. */
enum detectable {
	DETECTABLE_NEVER, /* no detector sees it, so it is not executed */
	DETECTABLE_SOMETIMES,
	DETECTABLE_ALWAYS,
};

struct detectable_by {
	bool has_asan;  /* AddressSanitizer is linked in */
	bool has_alias_backend; /* each mapping has its own address (alias backend) */
};

/* Return: whether @call, which breaks the fatal rule of @verdict, is detectable with @where. */
enum detectable detectable_fatal_call(const struct call *call, const struct verdict *verdict,
				      struct detectable_by where);

#endif
