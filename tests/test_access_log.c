/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/access_log.h"
#include "harness/model/rules.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define P "pagetorture 1\np0 = alloc_page(GFP_KERNEL)\np1 = alloc_page(GFP_KERNEL)\n"

static const struct {
	const char *calls;
	uint64_t blocks;
	const char *check_name;
} programs[] = {
	{ "", 1, "without an access: the first block" },
	{ "T0: write_raw(p0, 128, 8, 1)\n", 1, "one thread alone shares nothing" },
	{ "T0: read_raw(p0, 136, 8)\nT1: read_raw(p0, 152, 8)\n", 1 | 1 << 2,
	  "two threads in one block, but not in the same bytes" },
	{ "T0: read_raw(p0, 136, 8)\nT1: read_raw(p1, 136, 8)\n", 1 | 1 << 2,
	  "the same block of different pages counts" },
	{ "T0: read_raw(p0, 128, 64)\nT1: read_raw(p0, 200, 8)\n", 1 | 1 << 3,
	  "an access counts as 8 bytes longer at both ends" },
	{ "T0: read_raw(p0, 128, 56)\nT1: read_raw(p0, 200, 8)\n", 1, "but not as more" },
	{ "T0: read_raw(p0, 4000, 96)\nT1: read_raw(p0, 4095, 1)\n", 1 | 1ull << 63,
	  "there is no block after the page" },
	{ "T0: fill_zero(p0, 0, 4096)\nT1: fill_zero(p1, 0, 4096)\n", 1,
	  "accesses to whole pages share the first block" },
	{ "T0: fill_zero(p0, 0, 4096)\nT1: read_raw(p1, 1032, 8)\n", 1 | 1 << 16,
	  "a whole page and a part share the block of the part" },
	{ "T1: write_raw(p0, 1032, 8, 1)\nfree_page(p0)\n", 1, "free_page() shares nothing" },
};

static uint64_t find_shared_blocks(struct rules *rules, const char *calls)
{
	static struct program program;
	char text[1000];

	snprintf(text, sizeof(text), "%s%s", P, calls);
	parse_program_or_exit(&program, text);
	rules_evaluate(rules, &program);
	return access_log_find_shared_blocks(rules_access_log(rules), &program);
}

UNIT_TEST(test_access_log)
{
	struct rules *rules = rules_new();

	for (size_t i = 0; i < COUNT(programs); i++)
		ok(find_shared_blocks(rules, programs[i].calls) == programs[i].blocks, "shared blocks: %s",
		   programs[i].check_name);
	rules_delete(rules);
}
