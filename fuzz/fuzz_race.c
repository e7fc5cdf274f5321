/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests programs that may break rules. ThreadSanitizer must report exactly the data races of the model,
 * except predicted misses. Results and bytes must be those of the model. A program that breaks a fatal rule
 * stops before its fatal call.
 *
 * Clearing the detector's memory takes longer than running a program, so only the fibers become new from time
 * to time. Without clearing, state of earlier inputs can make ThreadSanitizer miss a race. Therefore other
 * races than in the model are a finding only if they also occur with cleared memory.
 *
 * ThreadSanitizer never frees what it remembers of an ended fiber, about 130 bytes for each racy program. So
 * after REPORTED_PROGRAMS_MAX racy programs, only one racy program in RUN_ONE_IN runs.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program/program_bytes.h"
#include "harness/util/no_coverage.h"

/* The fibers of this many programs need about 650 MB; libFuzzer's memory limit is 2 GB. */
#define REPORTED_PROGRAMS_MAX 5000000
#define RUN_ONE_IN            64

static struct {
	unsigned long inputs, racy_programs, predicted_misses, unpredicted, unconfirmed, skipped;
} counts;

static void print_race_counts(void)
{
	fprintf(stderr,
		"fuzz_race: %lu inputs, %lu with a race reported as predicted, %lu with only predicted "
		"misses, %lu that could not be predicted, %lu differences that did not occur again\n",
		counts.inputs, counts.racy_programs, counts.predicted_misses, counts.unpredicted,
		counts.unconfirmed);
	if (counts.skipped)
		fprintf(stderr, "fuzz_race: %lu racy inputs were not run, to limit the memory\n",
			counts.skipped);
}

/* Counts the current program if the model has a race in it. Return: whether to skip the program. */
static bool count_race_and_maybe_skip(void)
{
	static unsigned long count;

	if (!(rules_verdict(fuzz_get_checker()->rules)->broken & RULE_BIT(RULE_data_race)) ||
	    count++ < REPORTED_PROGRAMS_MAX || count % RUN_ONE_IN == 0)
		return false;
	counts.skipped++;
	return true;
}

/*
 * To report a race, ThreadSanitizer searches all accesses since the fibers are new. With 16 races between two
 * renewals fuzz_race is faster than with 4, 8 or 32.
 */
#define RACES_PER_RENEWAL 16

NO_COVERAGE_BEGIN

static void count_race_and_maybe_renew_fibers(void)
{
	static unsigned int races_since_renewal;

	if (++races_since_renewal < RACES_PER_RENEWAL)
		return;
	races_since_renewal = 0;
	fuzz_renew_fibers();
}

NO_COVERAGE_END

/* Runs a program again with cleared detector memory if the first run has other races than the model. */
static enum checker_result run_and_confirm_races(const struct program *program, struct checker_report *report)
{
	enum checker_result result = fuzz_run_and_compare(program, report);

	if (result == CHECKER_DIFFERS && report->differs_in_races) {
		fuzz_clear_detector();
		result = fuzz_run_and_compare(program, report);
		counts.unconfirmed += result != CHECKER_DIFFERS;
	}
	if (report->race_count)
		count_race_and_maybe_renew_fibers();
	return result;
}

/*
 * A race report takes as long as a hundred programs, so most programs stop at their first race. Inputs whose
 * number of calls is a multiple of 8 report all races, to test the executor and the detector after the first
 * race.
 */
static bool input_size_selects_all_races(size_t size)
{
	return size / PROGRAM_RECORD % 8 == 0;
}

const enum fuzz_input_kind fuzz_input_kind = FUZZ_BYTES;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	struct checker_report report;

	fuzz_set_input(data, size);
	if (!counts.inputs++)
		atexit(print_race_counts);
	exec_options(fuzz_get_checker()->exec)->first_race_only =
		!fuzz_wants_all_races && !input_size_selects_all_races(size);
	/*
	 * FUZZ_FRESH=1 makes the coverage of an input independent of earlier inputs, whose accesses may fill
	 * a granule. With FUZZ_FRESH=1, each input takes four times as long.
	 */
	if (getenv("FUZZ_FRESH"))
		fuzz_clear_detector();
	program_from_bytes(&program, data, size);
	program_update_lines(&program);
	checker_evaluate(fuzz_get_checker(), &program);
	if (count_race_and_maybe_skip())
		return 0;
	switch (run_and_confirm_races(&program, &report)) {
	case CHECKER_DIFFERS:
		fuzz_abort_with_finding("fuzz_race", &program, report.difference_or_miss_text);
	case CHECKER_MISS_ALLOWED:
		counts.predicted_misses += report.reports_are_predictable;
		counts.unpredicted += !report.reports_are_predictable;
		break;
	case CHECKER_AGREES:
		counts.racy_programs += report.reports_are_predictable && report.race_count;
		counts.unpredicted += !report.reports_are_predictable && report.race_count;
		break;
	}
	fuzz_count_calls_of_last_program("fuzz_race");
	return 0;
}
