/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The harness's own functions to copy and fill memory.
 *
 * ThreadSanitizer intercepts memcpy() and memset() and records their accesses as accesses of the running
 * fiber. Recording an access costs more than the copy, fills the detector's memory with irrelevant accesses,
 * and causes reports of races on buffers of the harness. Therefore bytes_copy() and bytes_fill() are loops
 * under ThreadSanitizer (BYTES_NO_INTERCEPT, -fno-builtin), and library calls otherwise.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The two ranges must not overlap. */
static inline void bytes_copy(void *restrict to, const void *restrict from, size_t len)
{
#ifdef BYTES_NO_INTERCEPT
	for (size_t i = 0; i < len; i++)
		((uint8_t *restrict)to)[i] = ((const uint8_t *restrict)from)[i];
#else
	memcpy(to, from, len);
#endif
}

static inline void bytes_fill(void *to, uint8_t value, size_t len)
{
#ifdef BYTES_NO_INTERCEPT
	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = value;
#else
	memset(to, value, len);
#endif
}

/*
 * Disables sanitizer checks and coverage counters in a function with a loop over bytes. Checks and counters
 * in each iteration prevent vectorisation, and would be most of the cost of a fuzz input. The bytes that the
 * loop accesses must be known to be valid.
 */
#ifdef __clang__
#define BYTES_NO_SANITIZE __attribute__((no_sanitize("address", "undefined", "coverage")))
#else
#define BYTES_NO_SANITIZE __attribute__((no_sanitize("address", "undefined")))
#endif
