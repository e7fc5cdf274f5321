/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/sha1.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 64

static uint32_t rotate_left(uint32_t word, unsigned int by)
{
	return word << by | word >> (32 - by);
}

static uint32_t combine_by_round(unsigned int round, uint32_t b, uint32_t c, uint32_t d)
{
	switch (round / 20) {
	case 0:
		return (b & c) | (~b & d);
	case 2:
		return (b & c) | (b & d) | (c & d);
	default:
		return b ^ c ^ d;
	}
}

static void hash_block(uint32_t state[5], const uint8_t block[BLOCK])
{
	static const uint32_t constants[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
	uint32_t words[80], registers[5];

	for (unsigned int i = 0; i < 16; i++)
		words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
			   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned int i = 16; i < 80; i++)
		words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
	memcpy(registers, state, sizeof(registers));
	for (unsigned int i = 0; i < 80; i++) {
		uint32_t next = rotate_left(registers[0], 5) +
				combine_by_round(i, registers[1], registers[2], registers[3]) + registers[4] +
				constants[i / 20] + words[i];

		registers[4] = registers[3];
		registers[3] = registers[2];
		registers[2] = rotate_left(registers[1], 30);
		registers[1] = registers[0];
		registers[0] = next;
	}
	for (unsigned int i = 0; i < 5; i++)
		state[i] += registers[i];
}

/* Hashes the rest of the message, followed by a one bit, zeros and the length in bits. */
static void hash_last_blocks(uint32_t state[5], const uint8_t *rest, size_t bytes_left, uint64_t message_size)
{
	uint8_t end[2 * BLOCK] = { 0 };
	size_t blocks = bytes_left + 9 > BLOCK ? 2 : 1;

	if (bytes_left)
		memcpy(end, rest, bytes_left);
	end[bytes_left] = 0x80;
	for (unsigned int i = 0; i < 8; i++)
		end[blocks * BLOCK - 1 - i] = (uint8_t)(message_size * 8 >> 8 * i);
	for (size_t i = 0; i < blocks; i++)
		hash_block(state, end + i * BLOCK);
}

void sha1_write_hex(const void *bytes, size_t message_size, char text[SHA1_TEXT])
{
	uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	const uint8_t *at = bytes;
	size_t bytes_left;

	for (bytes_left = message_size; bytes_left >= BLOCK; bytes_left -= BLOCK, at += BLOCK)
		hash_block(state, at);
	hash_last_blocks(state, at, bytes_left, message_size);
	for (unsigned int i = 0; i < 5; i++)
		snprintf(text + 8 * i, SHA1_TEXT - 8 * i, "%08x", state[i]);
}
