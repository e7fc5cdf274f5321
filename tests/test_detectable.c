/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Which fatal calls the kernels of guests report. */
#include "harness/model/detectable.h"
#include "harness/model/rules.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define P    "pagetorture 1\np0 = alloc_page(GFP_KERNEL)\n"
#define DEAD P "free_page(p0)\n"
#define MAP  P "k0 = kmap_local(p0)\n"

static const struct kernel_checks no_checks,
	forced_maps = { .has_forced_maps = true },
	freed_pages = { .has_freed_page_reports = true, .has_reference_checks = true };

static const struct {
	const char *program_text;
	enum detectable stock, mapped, freed;
	const char *check_name;
} programs[] = {
	{ MAP "T0: kunmap_local(k0)\n", DETECTABLE_NEVER, DETECTABLE_ALWAYS, DETECTABLE_NEVER,
	  "an unmap of another thread's mapping" },
	{ MAP "T0: load(k0, 0, 8)\n", DETECTABLE_NEVER, DETECTABLE_SOMETIMES, DETECTABLE_NEVER,
	  "a load through another thread's mapping" },
	{ MAP "load(k0, PAGE_SIZE, 1)\n", DETECTABLE_NEVER, DETECTABLE_ALWAYS, DETECTABLE_NEVER,
	  "a load outside of the page" },
	{ MAP "load(k0, PAGE_SIZE+1, 0)\n", DETECTABLE_NEVER, DETECTABLE_NEVER, DETECTABLE_NEVER,
	  "a load of no byte" },
	{ MAP "kunmap_local(k0)\nstore(k0, 0, 1, 1)\n", DETECTABLE_NEVER, DETECTABLE_ALWAYS, DETECTABLE_NEVER,
	  "a store after the unmap" },
	{ DEAD "get_page(p0)\n", DETECTABLE_NEVER, DETECTABLE_NEVER, DETECTABLE_ALWAYS,
	  "a reference of a freed page" },
	{ DEAD "read_raw(p0, 0, 1)\n", DETECTABLE_NEVER, DETECTABLE_NEVER, DETECTABLE_SOMETIMES,
	  "a read of a freed page" },
	{ DEAD "k0 = kmap_local(p0)\n", DETECTABLE_NEVER, DETECTABLE_NEVER, DETECTABLE_NEVER,
	  "a mapping of a freed page" },
};

static enum detectable classify(const struct rules *rules, const struct program *program,
				const struct kernel_checks *kernel)
{
	const struct verdict *verdict = rules_verdict(rules);

	return detectable_classify_fatal_call(&program->calls[verdict->fatal_call], verdict,
					      (struct available_detectors){ .kernel = kernel });
}

UNIT_TEST(test_detectable)
{
	static struct program program;
	struct rules *rules = rules_new();

	for (size_t i = 0; i < COUNT(programs); i++) {
		parse_program_or_exit(&program, programs[i].program_text);
		rules_evaluate(rules, &program);
		ok(classify(rules, &program, &no_checks) == programs[i].stock &&
			   classify(rules, &program, &forced_maps) == programs[i].mapped &&
			   classify(rules, &program, &freed_pages) == programs[i].freed,
		   "%s", programs[i].check_name);
	}
	rules_delete(rules);
}
