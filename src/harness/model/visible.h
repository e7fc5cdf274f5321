/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_VISIBLE_H
#define HARNESS_VISIBLE_H

#include <stdbool.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

/* Can a fatal call be seen where it runs? */
enum visible {
	VISIBLE_NOT, /* nobody can; it is not executed */
	VISIBLE_MAY,
	VISIBLE_MUST,
};

struct visible_where {
	bool asan;  /* AddressSanitizer watches */
	bool alias; /* each mapping has an address of its own */
};

/* @call breaks the fatal rule of @verdict; what says so where it is executed? */
enum visible visible_fatal(const struct call *call, const struct verdict *verdict,
			   struct visible_where where);

#endif
