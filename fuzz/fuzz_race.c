/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Programs that may break rules. ThreadSanitizer must report exactly the data races that the model
 * predicts, except the predicted misses of its shadow memory; results and bytes must be as in
 * fuzz_page. A program that breaks a fatal rule runs up to that call.
 *
 * Clearing the detector's memory takes longer than running a program, so it is done rarely: to
 * report a race, ThreadSanitizer searches all accesses of its threads since then. State of earlier
 * inputs can make it miss a race. Therefore a difference counts only if it also occurs with cleared
 * memory.
 *
 * ThreadSanitizer never frees a report, so a process that runs for hours would run out of memory.
 * After REPORTED_PROGRAMS_MAX racy programs only one in RUN_ONE_IN runs.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program/program_bytes.h"

/* About 700 MB of reports; libFuzzer's limit is 2 GB. */
#define REPORTED_PROGRAMS_MAX 300000
#define RUN_ONE_IN 64

static struct {
	unsigned long inputs, racy_programs, predicted_misses, unpredicted, unconfirmed, skipped;
} counts;

static void print_race_counts(void)
{
	fprintf(stderr,
		"fuzz_race: %lu inputs, %lu with a race reported as predicted, %lu with races that "
		"were predicted unseen, %lu that could not be predicted, %lu disagreements that "
		"fresh state settled\n",
		counts.inputs, counts.racy_programs, counts.predicted_misses, counts.unpredicted,
		counts.unconfirmed);
	if (counts.skipped)
		fprintf(stderr, "fuzz_race: %lu racy inputs were not run, for want of memory\n",
			counts.skipped);
}

static bool must_skip_racy_program(void)
{
	static unsigned long racy_programs;

	if (!(rules_verdict(fuzz_get_checker()->rules)->broken &
	      RULE_BIT(RULE_data_race)) ||
	    racy_programs++ < REPORTED_PROGRAMS_MAX || racy_programs % RUN_ONE_IN == 0)
		return false;
	counts.skipped++;
	return true;
}

static enum checker_result compare_with_model(const struct program *program,
					      struct checker_report *report)
{
	enum checker_result result = fuzz_run_and_compare(program, report);

	if (result == CHECKER_DIFFERS) {
		fuzz_clear_detector();
		result = fuzz_run_and_compare(program, report);
		counts.unconfirmed += result != CHECKER_DIFFERS;
	}
	if (report->race_count)
		fuzz_count_race();
	return result;
}

/*
 * A report costs as much as a hundred programs, so mostly the run stops at the first race. One in
 * eight input lengths gets all reports, to test what follows the first race: marks, and ranges that
 * stop at a race.
 */
static bool must_report_all_races(size_t size)
{
	return size / PROGRAM_RECORD % 8 == 0;
}

/*
 * FUZZ_FRESH=1 makes the coverage of an input independent of earlier inputs, to compare coverage:
 * which access a full granule loses depends on earlier inputs. It takes four times as long.
 */
static bool must_clear_each_time(void)
{
	static int wanted = -1;

	if (wanted < 0)
		wanted = getenv("FUZZ_FRESH") != NULL;
	return wanted;
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
		!fuzz_wants_all_races && !must_report_all_races(size);
	if (must_clear_each_time())
		fuzz_clear_detector();
	program_from_bytes(&program, data, size);
	program_renumber(&program);
	checker_evaluate(fuzz_get_checker(), &program);
	if (must_skip_racy_program())
		return 0;
	switch (compare_with_model(&program, &report)) {
	case CHECKER_DIFFERS:
		fuzz_abort_with_finding("fuzz_race", &program, report.difference_text);
	case CHECKER_MISS_ALLOWED:
		counts.predicted_misses += report.reports_were_predicted;
		counts.unpredicted += !report.reports_were_predicted;
		break;
	case CHECKER_AGREES:
		counts.racy_programs += report.reports_were_predicted && report.race_count;
		counts.unpredicted += !report.reports_were_predicted && report.race_count;
		break;
	}
	fuzz_count_calls("fuzz_race");
	return 0;
}
