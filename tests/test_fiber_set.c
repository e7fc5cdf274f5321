/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* New fibers change no verdict. Old fibers and the parts of reports are freed. */
#include <sys/resource.h>

#include "harness/checker.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define RENEWALS 500
/* 500 renewals that free no fiber need 18 MB; those that free all need 1.4 MB. */
#define GROWTH_MAX_KB (6l << 10)
/* Reports that free nothing need 8 MB more. */
#define REPORTS               4000
#define RENEW_ONCE_IN         16
#define REPORTS_GROWTH_MAX_KB (3l << 10)

#define P "pagetorture 1\np0 = alloc_page(GFP_KERNEL)\n"

static const struct {
	const char *text;
	size_t race_count;
	const char *check_name;
} programs[] = {
	{ P "T0: write_raw(p0, 8, 8, 1)\nT1: write_raw(p0, 8, 8, 2)\n", 1, "a race stays a race" },
	{ P "write_raw(p0, 8, 8, 1)\nT7: write_raw(p0, 8, 8, 2)\nread_raw(p0, 8, 8)\n", 0,
	  "what main orders stays ordered" },
};

static bool is_verdict_same_with_new_fibers(struct checker *checker, const char *text, size_t race_count,
					    unsigned int run_count, unsigned int renew_once_in)
{
	static struct program program;
	struct checker_report report;

	parse_program_or_exit(&program, text);
	for (unsigned int i = 0; i < run_count; i++) {
		checker_evaluate(checker, &program);
		if (checker_run_and_compare_fibers(checker, &program, &report) != CHECKER_AGREES ||
		    report.race_count != race_count)
			return false;
		if (i % renew_once_in == 0)
			exec_renew_fibers(checker->exec);
	}
	return true;
}

static long read_peak_memory_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

UNIT_TEST(test_fiber_set)
{
	struct checker *checker = checker_new();
	long peak_kb = 0;

	for (size_t i = 0; i < COUNT(programs); i++) {
		peak_kb = read_peak_memory_kb();
		ok(is_verdict_same_with_new_fibers(checker, programs[i].text, programs[i].race_count,
						   RENEWALS, 1),
		   "%s", programs[i].check_name);
	}
	printf("# %ld KB more\n", read_peak_memory_kb() - peak_kb);
	ok(read_peak_memory_kb() - peak_kb < GROWTH_MAX_KB, "the last %u renewals need no more memory",
	   RENEWALS);
	peak_kb = read_peak_memory_kb();
	ok(is_verdict_same_with_new_fibers(checker, programs[0].text, 1, REPORTS, RENEW_ONCE_IN) &&
		   read_peak_memory_kb() - peak_kb < REPORTS_GROWTH_MAX_KB,
	   "%u reports need no more memory", REPORTS);
	printf("# %ld KB more\n", read_peak_memory_kb() - peak_kb);
	checker_delete(checker);
}
