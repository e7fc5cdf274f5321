/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The same seed injects the same failures on every machine and in every later version. An external
 * library may draw differently.
 */
#include "tests/page_test.h"

#include "page/fault.h"

/* Bit i: does allocation i fail with this probability and seed? */
static uint64_t failures(unsigned int probability, uint64_t seed)
{
	struct page_fault_attr attr = { .probability = probability, .times = -1, .seed = seed };
	uint64_t seen = 0;

	page_fault_attr_set(PAGE_FAULT_ALLOC, &attr);
	for (unsigned int i = 0; i < 64; i++) {
		struct page *page = page_alloc(GFP_KERNEL);

		seen |= (uint64_t)!page << i;
		page_free(page);
	}
	return seen;
}

static const struct {
	unsigned int probability;
	uint64_t seed, failures;
} draws[] = {
	{ 1, 1, 0 },
	{ 50, 0, UINT64_C(0x65acb3bb574e8213) },
	{ 50, 42, UINT64_C(0x98a80e641f3a1514) },
	{ 50, UINT64_MAX, UINT64_C(0x3351363a12723803) },
	{ 99, 7, UINT64_C(0xfffffffffeffffff) },
};

UNIT_TEST(test_page_chance)
{
	for (size_t i = 0; i < COUNT(draws); i++) {
		uint64_t got = failures(draws[i].probability, draws[i].seed);

		ok(got == draws[i].failures, "%u %% from seed %#llx: %#llx", draws[i].probability,
		   (unsigned long long)draws[i].seed, (unsigned long long)got);
	}
}
