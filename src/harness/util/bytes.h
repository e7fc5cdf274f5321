/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The harness's own functions to copy and fill memory.
 *
 * ThreadSanitizer intercepts memcpy() and memset() and records them as accesses of the running
 * fiber. That costs more than the copy, fills the detector's memory with irrelevant accesses, and
 * lets buffers of the harness race. So with ThreadSanitizer (BYTES_NO_INTERCEPT, -fno-builtin)
 * these functions are loops, and otherwise library calls.
 */
#ifndef HARNESS_BYTES_H
#define HARNESS_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef BYTES_NO_INTERCEPT
/* The two ranges must not overlap. */
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
 * For loops over bytes: checks and coverage counters in each iteration prevent vectorisation, and
 * would be most of the cost of a fuzz input. Use it only if the range is known to be valid.
 */
#ifdef __clang__
#define BYTES_NO_SANITIZE __attribute__((no_sanitize("address", "undefined", "coverage")))
#else
#define BYTES_NO_SANITIZE __attribute__((no_sanitize("address", "undefined")))
#endif

#endif
