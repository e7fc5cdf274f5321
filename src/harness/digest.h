/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * All that one execution found out, told by parts: the same program must tell the same
 * every time.
 */
#ifndef HARNESS_DIGEST_H
#define HARNESS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "harness/checker.h"

enum digest_part {
	DIGEST_VERDICT, /* the rules that are broken, as the model and the execution have it */
	DIGEST_TRACE,	 /* calls, results, bytes that were read, pages at the end */
	DIGEST_RACES,	 /* what the detector reported, in its order */
	DIGEST_PARTS
};

typedef void (*digest_fn)(void *ctx, enum digest_part part, const void *bytes, size_t len);

/* Tells @fn of the last execution on fibers, whose report is @report. */
void digest_visit(struct checker *check, const struct checker_report *report, digest_fn fn,
		  void *ctx);

/*
 * FNV-1a. What is folded with no bytes leaves a trace too: their number is folded first.
 * A digest begins as DIGEST_START.
 */
#define DIGEST_START 0xcbf29ce484222325u
uint64_t digest_add(uint64_t digest, const uint8_t *bytes, size_t len);

#endif
