/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_DETECTABLE_H
#define HARNESS_DETECTABLE_H

#include <stdbool.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

/* Can a fatal call be seen where it runs? */
enum detectable {
	DETECTABLE_NEVER, /* nobody can; it is not executed */
	DETECTABLE_SOMETIMES,
	DETECTABLE_ALWAYS,
};

struct detectable_by {
	bool asan;  /* AddressSanitizer watches */
	bool alias; /* each mapping has an address of its own */
};

/* @call breaks the fatal rule of @verdict; what says so where it is executed? */
enum detectable detectable_fatal_call(const struct call *call, const struct verdict *verdict,
				      struct detectable_by where);

#endif
