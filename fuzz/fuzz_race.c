/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Programs that may break rules: what the model says of data races must be what
 * ThreadSanitizer says, report by report, less what the model of its shadow memory says
 * that it forgets; and all results and bytes as in fuzz_page. A program that
 * breaks a fatal rule runs up to there.
 *
 * Emptying the detector's memory costs more than running a program, so it is done
 * only now and then: to report a race, ThreadSanitizer walks through all that its threads
 * did since. State of older inputs can make it miss, hence the rule: a
 * disagreement counts only if it is there on fresh state too.
 *
 * And it never frees a report. A process that runs for hours would fail because of that, so
 * after REPORTS_MOST racy programs it runs one of SPARED only.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program/program_bytes.h"

/* About 700 MB of reports; libFuzzer's limit is 2 GB. */
#define REPORTS_MOST 300000
#define SPARED 64

static struct {
	unsigned long inputs, racy, unseen, unknown, unconfirmed, spared;
} counts;

static void print_counts(void)
{
	fprintf(stderr,
		"fuzz_race: %lu inputs, %lu with a race reported as predicted, %lu with races that "
		"were predicted unseen, %lu that could not be predicted, %lu disagreements that "
		"fresh state settled\n",
		counts.inputs, counts.racy, counts.unseen, counts.unknown, counts.unconfirmed);
	if (counts.spared)
		fprintf(stderr, "fuzz_race: %lu racy inputs were not run, for want of memory\n",
			counts.spared);
}

static bool is_spared(void)
{
	static unsigned long racy;

	if (!(rules_verdict(checker_rules(fuzz_checker()))->broken & RULE_BIT(RULE_data_race)) ||
	    racy++ < REPORTS_MOST || racy % SPARED == 0)
		return false;
	counts.spared++;
	return true;
}

static enum checker_result compare(const struct program *program, struct checker_report *report)
{
	enum checker_result result = fuzz_compare(program, report);

	if (result == CHECKER_DIFFERS) {
		fuzz_fresh();
		result = fuzz_compare(program, report);
		counts.unconfirmed += result != CHECKER_DIFFERS;
	}
	if (report->race_count)
		fuzz_raced();
	return result;
}

/*
 * A report costs a hundred times what a program does, so mostly only the first is asked
 * for. What comes after it (marks, ranges that stop) is seen in one length of input of eight.
 */
static bool wants_all_races(size_t size)
{
	return size / PROGRAM_RECORD % 8 == 0;
}

/*
 * FUZZ_FRESH=1 is for who compares coverage: what a full granule throws out, and so which way
 * the model goes, hangs on the inputs before. It takes four times as long.
 */
static bool wants_fresh_state(void)
{
	static int wanted = -1;

	if (wanted < 0)
		wanted = getenv("FUZZ_FRESH") != NULL;
	return wanted;
}

const enum fuzz_reads fuzz_reads = FUZZ_BYTES;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	struct checker_report report;

	fuzz_input_set(data, size);
	if (!counts.inputs++)
		atexit(print_counts);
	exec_options(checker_exec(fuzz_checker()))->first_race_only = !fuzz_wants_all_races &&
								      !wants_all_races(size);
	if (wants_fresh_state())
		fuzz_fresh();
	program_from_bytes(&program, data, size);
	program_renumber(&program);
	checker_evaluate(fuzz_checker(), &program);
	if (is_spared())
		return 0;
	switch (compare(&program, &report)) {
	case CHECKER_DIFFERS:
		fuzz_finding("fuzz_race", &program, report.difference_text);
	case CHECKER_MISS_ALLOWED:
		counts.unseen += report.reports_were_predicted;
		counts.unknown += !report.reports_were_predicted;
		break;
	case CHECKER_AGREES:
		counts.racy += report.reports_were_predicted && report.race_count;
		counts.unknown += !report.reports_were_predicted && report.race_count;
		break;
	}
	fuzz_count("fuzz_race");
	return 0;
}
