/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The numbers that a program can use: x, 2^32 + x, 2^63 + x and SIZE_MAX - x, with 0 <= x < 16384. 2^32, 2^63
 * and SIZE_MAX reveal errors of truncation, sign and overflow. 16 bits encode each number.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_SPAN  16384u
#define NUMBER_BASES 4u

/* Size of the longest text of a number, with the NUL. */
#define NUMBER_TEXT 32

/* Return: whether a program can use the number. */
bool number_is_valid(uint64_t number);

/* Convert a valid number to and from 16 bits: 2 bits for the base, 14 bits for x. */
uint16_t number_pack(uint64_t number);
uint64_t number_unpack(uint16_t packed);

/* Writes the number as the program format prints it: decimal, hexadecimal or a name. */
void number_write_program_text(uint64_t number, char text[NUMBER_TEXT]);

static inline uint64_t number_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}
