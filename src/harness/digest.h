/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The observations of one execution, in parts, and a hash function for the observations. Each execution of a
 * program must have the same observations.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "harness/checker.h"

enum digest_part {
	DIGEST_VERDICT, /* rules that the model and the execution found broken */
	DIGEST_TRACE,   /* calls, results, bytes that calls read, pages at the end */
	DIGEST_RACES,   /* the detector's reports, in order */
	DIGEST_PARTS
};

typedef void (*digest_fn)(void *ctx, enum digest_part part, const void *bytes, size_t len);

/* Calls @fn for each observation of the last execution, of which @report is the report. */
void digest_visit_parts(struct checker *checker, const struct checker_report *report, digest_fn fn,
			void *ctx);

/*
 * Extends the FNV-1a hash @digest by @len and the bytes. Return: the new hash. The length is hashed so that
 * empty observations count too. A new hash begins with DIGEST_START.
 */
#define DIGEST_START 0xcbf29ce484222325u
uint64_t digest_add(uint64_t digest, const uint8_t *bytes, size_t len);
