/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The numbers of a program: { x, 2^32 + x, 2^63 + x, SIZE_MAX - x : 0 <= x < 16384 }.
 * The bases are what catches truncation, sign and overflow mistakes; 16 bits hold
 * any of them.
 */
#ifndef HARNESS_NUMBER_H
#define HARNESS_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_SPAN	 16384u
#define NUMBER_BASES 4u

/* Bytes that the longest text of a number needs, with its end. */
#define NUMBER_TEXT 32

bool number_valid(uint64_t number);

/* To and from 16 bits: 2 choose the base, 14 are x. @number must be valid. */
uint16_t number_pack(uint64_t number);
uint64_t number_unpack(uint16_t packed);

/* Canonical text. */
void number_text(uint64_t number, char text[NUMBER_TEXT]);

#endif
