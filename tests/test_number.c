/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <string.h>

#include "harness/util/number.h"
#include "tests/tap.h"

static bool packed_numbers_round_trip(void)
{
	for (unsigned int packed = 0; packed < 65536; packed++) {
		uint64_t number = number_unpack((uint16_t)packed);

		if (!number_is_valid(number) || number_pack(number) != packed)
			return false;
	}
	return true;
}

static bool number_has_text(uint64_t number, const char *expected)
{
	char number_text[NUMBER_TEXT];

	number_write_program_text(number, number_text);
	return !strcmp(number_text, expected);
}

UNIT_TEST(test_number)
{
	static const uint64_t outside[] = { 16384,
					    (1ull << 32) - 1,
					    (1ull << 32) + 16384,
					    (1ull << 63) - 1,
					    (1ull << 63) + 16384,
					    UINT64_MAX - 16384 };

	ok(packed_numbers_round_trip(), "each value of 16 bits is one number of the domain, and reverse");
	for (unsigned int i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		ok(!number_is_valid(outside[i]), "0x%llx is outside of the domain",
		   (unsigned long long)outside[i]);
	ok(number_has_text(9, "9") && number_has_text(10, "0xa"),
	   "a number below 10 is decimal, others are hexadecimal");
	ok(number_has_text(4096, "PAGE_SIZE") && number_has_text(4097, "0x1001"), "PAGE_SIZE has a name");
	ok(number_has_text(UINT64_MAX, "SIZE_MAX-0") && number_has_text(UINT64_MAX - 16383, "SIZE_MAX-16383"),
	   "the top base counts down from SIZE_MAX");
	ok(number_has_text(1ull << 63, "0x8000000000000000"), "numbers near other bases are hexadecimal");
}
