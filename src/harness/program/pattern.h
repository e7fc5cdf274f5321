/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "harness/util/bytes.h"

/* Fills @bytes as a write call with the seed @seed does: byte i is (seed + i + i/256) mod 256. */
static inline void BYTES_NO_SANITIZE pattern_fill(uint8_t *bytes, size_t len, uint8_t seed)
{
	for (size_t block = 0; block < len; block += 256) {
		size_t end = len - block < 256 ? len - block : 256;
		uint8_t first = (uint8_t)(seed + block / 256);

		for (size_t i = 0; i < end; i++)
			bytes[block + i] = (uint8_t)(first + i);
	}
}
