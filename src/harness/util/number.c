/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/number.h"

#include <inttypes.h>
#include <stdio.h>

/* A valid number is 0 to 16383 below the last base, or 0 to 16383 above another base. */
static const uint64_t bases[NUMBER_BASES] = { 0, 1ull << 32, 1ull << 63, UINT64_MAX };

static uint64_t distance_from_base(uint64_t number, unsigned int base_index)
{
	return base_index == 3 ? bases[3] - number : number - bases[base_index];
}

/* Return: the index of the number's base; NUMBER_BASES if the number is not valid. */
static unsigned int find_base_index_if_valid(uint64_t number)
{
	for (unsigned int base = 0; base < NUMBER_BASES; base++)
		if (distance_from_base(number, base) < NUMBER_SPAN)
			return base;
	return NUMBER_BASES;
}

bool number_is_valid(uint64_t number)
{
	return find_base_index_if_valid(number) < NUMBER_BASES;
}

uint16_t number_pack(uint64_t number)
{
	unsigned int base = find_base_index_if_valid(number);

	return (uint16_t)(base << 14 | distance_from_base(number, base));
}

uint64_t number_unpack(uint16_t packed)
{
	uint64_t x = packed & (NUMBER_SPAN - 1);
	unsigned int base = packed >> 14;

	return base == 3 ? bases[3] - x : bases[base] + x;
}

void number_write_program_text(uint64_t number, char text[NUMBER_TEXT])
{
	if (number < 10)
		snprintf(text, NUMBER_TEXT, "%" PRIu64, number);
	else if (number == 4096)
		snprintf(text, NUMBER_TEXT, "PAGE_SIZE");
	else if (find_base_index_if_valid(number) == 3)
		snprintf(text, NUMBER_TEXT, "SIZE_MAX-%" PRIu64, UINT64_MAX - number);
	else
		snprintf(text, NUMBER_TEXT, "0x%" PRIx64, number);
}
