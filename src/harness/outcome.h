/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * All that one execution found out, told by parts: the same program must tell the same
 * every time.
 */
#ifndef HARNESS_OUTCOME_H
#define HARNESS_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

#include "harness/check.h"

enum outcome_part {
	OUTCOME_VERDICT, /* the rules that are broken, as the model and the execution have it */
	OUTCOME_TRACE,	 /* calls, results, bytes that were read, pages at the end */
	OUTCOME_RACES,	 /* what the detector reported, in its order */
	OUTCOME_PARTS
};

typedef void (*outcome_fn)(void *ctx, enum outcome_part part, const void *bytes, size_t len);

/* Tells @fn of the last execution on fibers, whose report is @report. */
void outcome_tell(struct check *check, const struct check_report *report, outcome_fn fn,
		  void *ctx);

/*
 * FNV-1a. What is folded with no bytes leaves a trace too: their number is folded first.
 * A digest begins as OUTCOME_NOTHING.
 */
#define OUTCOME_NOTHING 0xcbf29ce484222325u
uint64_t outcome_fold(uint64_t digest, const uint8_t *bytes, size_t len);

#endif
