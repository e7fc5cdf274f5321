/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The harness's own copying and filling.
 *
 * Where ThreadSanitizer is linked it intercepts memcpy() and memset() and books them as
 * accesses of the fiber that runs: that costs more than the copy, fills the detector's
 * memory with what is none of its business, and would let buffers of the harness race.
 * So there (BYTES_NO_INTERCEPT, -fno-builtin) these are loops, and elsewhere calls.
 */
#ifndef HARNESS_BYTES_H
#define HARNESS_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef BYTES_NO_INTERCEPT
/* The two must not overlap. */
static inline void bytes_copy(void *restrict to, const void *restrict from, size_t len)
{
	uint8_t *restrict t = to;
	const uint8_t *restrict f = from;

	for (size_t i = 0; i < len; i++)
		t[i] = f[i];
}

static inline void bytes_fill(void *to, uint8_t value, size_t len)
{
	uint8_t *t = to;

	for (size_t i = 0; i < len; i++)
		t[i] = value;
}
#else
static inline void bytes_copy(void *restrict to, const void *restrict from, size_t len)
{
	memcpy(to, from, len);
}

static inline void bytes_fill(void *to, uint8_t value, size_t len)
{
	memset(to, value, len);
}
#endif

/*
 * For loops whose steps all are alike: checks and coverage of each step would keep them
 * from being done many at once, and would be most of what a fuzz input costs. Only where
 * the range is known to be good.
 */
#ifdef __clang__
#define BYTES_NO_SANITIZE __attribute__((no_sanitize("address", "undefined", "coverage")))
#else
#define BYTES_NO_SANITIZE __attribute__((no_sanitize("address", "undefined")))
#endif

#endif
