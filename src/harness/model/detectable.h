/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

/* Whether the detectors of this process find a fatal call when the call runs. */
enum detectable {
	DETECTABLE_NEVER,     /* no detector finds the call, so the harness does not execute it */
	DETECTABLE_SOMETIMES, /* a detector finds the call or not, depending on the memory next to the page */
	DETECTABLE_ALWAYS,
};

/* The checks of a guest's kernel, which makes the page calls in place of a page library. */
struct kernel_checks {
	bool has_forced_maps;        /* each mapping has its own address (DEBUG_KMAP_LOCAL_FORCE_MAP) */
	bool has_freed_page_reports; /* an access to a freed page is reported (KASAN) */
	bool has_reference_checks;   /* a reference of a freed page is reported (DEBUG_VM) */
};

struct available_detectors {
	bool has_asan;          /* AddressSanitizer is linked in */
	bool has_alias_backend; /* each mapping has its own address (alias backend) */
	/* NULL: a page library makes the calls; otherwise the members above are not used. */
	const struct kernel_checks *kernel;
};

/* Return: whether @detectors find @call, which breaks the fatal rule of @verdict. */
enum detectable detectable_classify_fatal_call(const struct call *call, const struct verdict *verdict,
					       struct available_detectors detectors);
