/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Programs that may break rules: what the model says of data races must be what
 * ThreadSanitizer says, and all results and bytes as in fuzz_page. A program that
 * breaks a fatal rule runs up to there.
 *
 * Emptying the detector's memory costs more than running a program, so it is done
 * only now and then: to report a race, ThreadSanitizer walks through all that its threads
 * did since. What older inputs left behind can make it miss, hence the rule: a
 * disagreement counts only if it is there on fresh state too.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program_bytes.h"

static struct {
	unsigned long inputs, racy, beyond, unconfirmed;
} counts;

static void print_counts(void)
{
	fprintf(stderr,
		"fuzz_race: %lu inputs, %lu with a race reported, %lu beyond what the detector "
		"keeps, %lu disagreements that fresh state settled\n",
		counts.inputs, counts.racy, counts.beyond, counts.unconfirmed);
}

static enum check_result compare(const struct program *program, struct check_report *report)
{
	enum check_result result = fuzz_compare(program, report);

	if (result == CHECK_DIFFER) {
		fuzz_fresh();
		result = fuzz_compare(program, report);
		counts.unconfirmed += result != CHECK_DIFFER;
	}
	if (report->races)
		fuzz_raced();
	return result;
}

const bool fuzz_reads_text = false;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	struct check_report report;

	if (!counts.inputs++) {
		exec_first_race_only(check_exec(fuzz_check()), true);
		atexit(print_counts);
	}
	program_from_bytes(&program, data, size);
	program_renumber(&program);
	switch (compare(&program, &report)) {
	case CHECK_DIFFER:
		fuzz_finding("fuzz_race", &program, report.why);
	case CHECK_BEYOND:
		counts.beyond++;
		break;
	case CHECK_AGREE:
		counts.racy += report.races > 0;
		break;
	}
	return 0;
}
