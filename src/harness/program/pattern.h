/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_PATTERN_H
#define HARNESS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "harness/util/bytes.h"

/* Fills @bytes with what a write call of that seed writes: byte i is (seed + i + i/256) mod 256. */
static inline void BYTES_NO_SANITIZE pattern_fill(uint8_t *bytes, size_t len, uint8_t seed)
{
	for (size_t block = 0; block < len; block += 256) {
		size_t end = len - block < 256 ? len - block : 256;
		uint8_t first = (uint8_t)(seed + block / 256);

		for (size_t i = 0; i < end; i++)
			bytes[block + i] = (uint8_t)(first + i);
	}
}

#endif
