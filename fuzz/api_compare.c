/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/api_compare.h"

#include "fuzz/api.h"
#include "harness/util/bytes.h"
#include "harness/util/no_coverage.h"
#include "harness/util/number.h"

#define PATTERN_SEEDS 4096
static unsigned char pattern[PATTERN_SEEDS + 2 * PAGE_SIZE];

/* The state of a generator with full period; the upper bits depend on all positions before. */
void api_init_pattern(void)
{
	uint64_t state = 1;

	for (size_t i = 0; i < sizeof(pattern); i++) {
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		pattern[i] = (unsigned char)(1 + (state >> 33) % 255);
	}
}

const unsigned char *api_pattern(uint64_t seed)
{
	return pattern + seed % PATTERN_SEEDS;
}

NO_COVERAGE_BEGIN

/* Eight bytes at any address. The type may have the address of any other type. */
struct eight_bytes {
	uint64_t value;
} __attribute__((packed, may_alias));

static BYTES_NO_SANITIZE uint64_t compare_known_bytes(const struct model_page *page,
						      const unsigned char *seen, size_t off, size_t len)
{
	const unsigned char *bytes = page->bytes + off, *known = page->known + off;
	const struct eight_bytes *seen_8 = (const void *)seen, *bytes_8 = (const void *)bytes,
				 *known_8 = (const void *)known;
	uint64_t difference = 0;

	for (size_t i = 0; i < len / 8; i++)
		difference |= (seen_8[i].value ^ bytes_8[i].value) & known_8[i].value;
	for (size_t i = len / 8 * 8; i < len; i++)
		difference |= (uint64_t)((seen[i] ^ bytes[i]) & known[i]);
	return difference;
}

/* Return: true if a known byte of the range differs. Most inputs compare many whole pages. */
static BYTES_NO_SANITIZE bool has_wrong_byte(const struct model_page *page, const unsigned char *seen,
					     size_t off, size_t len)
{
	uint64_t difference = 0;
	size_t part;

	if (page->blocks == UINT64_MAX)
		return compare_known_bytes(page, seen, off, len);
	for (; len; len -= part, off += part, seen += part) {
		part = number_min(len, MODEL_BLOCK - off % MODEL_BLOCK);
		if (page->blocks >> off / MODEL_BLOCK & 1)
			difference |= compare_known_bytes(page, seen, off, part);
	}
	return difference;
}

BYTES_NO_SANITIZE bool api_are_equal_bytes(const unsigned char *a, const unsigned char *b, size_t len)
{
	const struct eight_bytes *a_8 = (const void *)a, *b_8 = (const void *)b;
	uint64_t difference = 0;

	for (size_t i = 0; i < len / 8; i++)
		difference |= a_8[i].value ^ b_8[i].value;
	for (size_t i = len / 8 * 8; i < len; i++)
		difference |= (uint64_t)(a[i] ^ b[i]);
	return !difference;
}

bool api_are_equal_texts(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return *a == *b;
}

const char *api_find_text(const char *text, const char *part)
{
	for (; *text; text++) {
		size_t i = 0;

		while (part[i] && text[i] == part[i])
			i++;
		if (!part[i])
			return text;
	}
	return NULL;
}

NO_COVERAGE_END

static size_t find_wrong_byte(const struct model_page *page, const unsigned char *seen, size_t off)
{
	size_t i = 0;

	while (!((seen[i] ^ page->bytes[off + i]) & page->known[off + i]))
		i++;
	return i;
}

void api_check_bytes(const struct model_page *page, const unsigned char *seen, size_t off, size_t len,
		     const char *what)
{
	size_t i;

	if (!has_wrong_byte(page, seen, off, len))
		return;
	i = find_wrong_byte(page, seen, off);
	api_abort_with_finding("byte %zu of a page is %#x in %s, expected %#x", off + i, seen[i], what,
			       page->bytes[off + i]);
}
