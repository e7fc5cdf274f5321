/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Everything that one execution showed, in parts, and a hash of it. The same program must give the
 * same parts each time.
 */
#ifndef HARNESS_DIGEST_H
#define HARNESS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "harness/checker.h"

enum digest_part {
	DIGEST_VERDICT, /* rules that the model and the execution found broken */
	DIGEST_TRACE,	 /* calls, results, bytes that were read, pages at the end */
	DIGEST_RACES,	 /* the detector's reports, in order */
	DIGEST_PARTS
};

typedef void (*digest_fn)(void *ctx, enum digest_part part, const void *bytes, size_t len);

/* Calls @fn for each part of the last execution on fibers, whose report is @report. */
void digest_visit_parts(struct checker *checker, const struct checker_report *report, digest_fn fn,
			void *ctx);

/*
 * FNV-1a. The length is hashed before the bytes, so that an empty part counts too. The first digest
 * is DIGEST_START.
 */
#define DIGEST_START 0xcbf29ce484222325u
uint64_t digest_add(uint64_t digest, const uint8_t *bytes, size_t len);

#endif
