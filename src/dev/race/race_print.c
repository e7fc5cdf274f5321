/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Prints the results as a table of at most 100 columns. */
#include <stdio.h>
#include <string.h>

#include "harness/util/shell_word.h"
#include "harness/program/program_text.h"
#include "dev/race/race.h"

#define FAILURES_SHOWN 10

void race_program_text(const struct matrix_cell *cell, FILE *out)
{
	static struct program program;
	static char text[TEXT_PROGRAM_MAX];
	char name[MATRIX_NAME];
	size_t header;

	matrix_name(cell, name);
	*strrchr(name, '/') = '\0';
	matrix_program(cell, &program, NULL);
	program_to_text(&program, text);
	header = strcspn(text, "\n");
	fprintf(out, "%.*s\n# Cell %s of the race matrix.\n%s", (int)header, text, name,
		text + header + 1);
}

static double ratio(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 1;
}

static bool ran(const struct race_column *column)
{
	return column->wanted && !column->skipped;
}

/* ---- the table ---- */

static void print_row(const char *name, const struct race_column *c)
{
	const struct race_tally *t = &c->tally;
	size_t false_alarms = t->by[RACE_FALSE_ALARM], known = 0;

	for (unsigned int i = 0; i < RACE_LIMITATIONS; i++)
		known += t->within[i];
	printf("%-12s %6zu x%-4u %5zu %6zu %6zu %6.2f%% %6zu %5zu %6zu %9.3f %6.3f %6.0f s\n", name,
	       t->cells, c->repeat, t->races, t->by[RACE_CAUGHT],
	       t->by[RACE_MISSED] + t->by[RACE_MISS_ALLOWED],
	       100 * ratio(t->reported_runs, t->racing_runs), t->by[RACE_QUIET], false_alarms,
	       known, ratio(t->by[RACE_CAUGHT], t->by[RACE_CAUGHT] + false_alarms),
	       ratio(t->by[RACE_CAUGHT], t->races), c->seconds);
}

static void print_rows(const struct race_matrix *race)
{
	printf("%-12s %6s %-5s %5s %6s %6s %7s %6s %5s %6s %9s %6s %8s\n", "detector", "cells",
	       "runs", "races", "caught", "missed", "rate", "quiet", "false", "known", "precision",
	       "recall", "time");
	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		const struct race_column *c = &race->columns[i];

		if (ran(c))
			print_row(race_detectors[i].name, c);
		else if (c->wanted)
			printf("%-12s skipped: %s\n", race_detectors[i].name, c->skipped);
	}
}

static void print_detectors(const struct race_matrix *race)
{
	printf("\ndetectors\n");
	for (unsigned int i = 0; i < RACE_DETECTORS; i++)
		if (ran(&race->columns[i]))
			printf("  %-12s %s (%s)\n", race_detectors[i].name, race_detectors[i].what,
			       race->columns[i].compiler);
}

/* Breaks @text at spaces; each line is indented. */
static void print_wrapped(const char *text, int indent, int width)
{
	while (*text) {
		int len = (int)strlen(text);

		if (len > width)
			for (len = width; len && text[len] != ' '; len--)
				;
		printf("%*s%.*s\n", indent, "", len, text);
		text += len;
		text += *text == ' ';
	}
}

static void print_limitation(const struct race_matrix *race, enum race_limitation limitation)
{
	bool any = false;

	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		const struct race_tally *t = &race->columns[i].tally;

		if (!ran(&race->columns[i]) || !t->within[limitation])
			continue;
		any = true;
		printf("  %-12s %-10s %5zu %s, %zu %s\n", race_limitations[limitation].name,
		       race_detectors[i].name, t->within[limitation],
		       race_limitations[limitation].effect == ALARMS ? "race-free cells" : "races",
		       t->reported_within[limitation],
		       race_limitations[limitation].effect == ALARMS ? "with an alarm"
								     : "reported");
	}
	if (any)
		print_wrapped(race_limitations[limitation].text, 4, 90);
}

static void print_limitations(const struct race_matrix *race)
{
	size_t within = 0, miss_allowed = 0;

	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		miss_allowed += race->columns[i].tally.by[RACE_MISS_ALLOWED];
		for (unsigned int l = 0; l < RACE_LIMITATIONS; l++)
			within += race->columns[i].tally.within[l];
	}
	if (within)
		printf("\nknown limitations: cells that a detector is predicted to get wrong\n");
	for (unsigned int l = 0; l < RACE_LIMITATIONS; l++)
		print_limitation(race, l);
	if (miss_allowed)
		printf("\n%zu of the missed races may be missed: the memory of the detector need "
		       "not hold them\n",
		       miss_allowed);
}

static void print_left_out(const struct race_matrix *race)
{
	printf("\n%zu combinations, %zu left out, %zu cells, of which %zu race\n",
	       race->combinations, race->combinations - race->selected, race->selected,
	       race->racing);
	for (unsigned int i = 0; i < MATRIX_REASONS; i++)
		if (race->left_out[i])
			printf("  %6zu left out: %s\n", race->left_out[i], matrix_reasons[i].text);
}

/* The last line: the totals. */
static void print_sum(const struct race_matrix *race)
{
	size_t detectors = 0, good = 0, caught = 0, false_alarms = 0;

	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		const struct race_column *c = &race->columns[i];

		if (!ran(c))
			continue;
		detectors++;
		good += race_column_passed(i, c);
		caught += c->tally.by[RACE_CAUGHT];
		false_alarms += c->tally.by[RACE_FALSE_ALARM];
	}
	printf("%s: %zu of %zu detectors, %zu cells, %zu races caught, %zu false alarms\n",
	       good == detectors && !race->disagree ? "as predicted" : "NOT as predicted", good,
	       detectors, race->selected, caught, false_alarms);
}

void race_print_table(const struct race_matrix *race)
{
	print_rows(race);
	print_detectors(race);
	print_limitations(race);
	print_left_out(race);
	print_sum(race);
}

/* ---- the grid ---- */

/* The worst result of a pair: ! not as predicted, ? missed, / known limitation, + caught. */
static char pair_mark(const struct race_matrix *race, enum race_detector detector,
		      enum matrix_access_kind first, enum matrix_access_kind second)
{
	size_t by[RACE_VERDICTS] = {0}, cells = 0, wrong = 0;

	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);
		enum race_verdict verdict = race->columns[detector].outcomes[i].verdict;

		if (!race->cells[i] || cell.kind[0] != first || cell.kind[1] != second)
			continue;
		cells++;
		by[verdict]++;
		wrong += !race_as_predicted(detector, verdict);
	}
	if (wrong)
		return '!';
	if (by[RACE_MISSED] + by[RACE_MISS_ALLOWED])
		return '?';
	if (by[RACE_KNOWN])
		return '/';
	if (by[RACE_CAUGHT])
		return '+';
	return cells ? '.' : ' ';
}

static void print_grid(const struct race_matrix *race, enum race_detector detector)
{
	printf("\n%s: first access by row, second by column\n%24s", race_detectors[detector].name,
	       "");
	for (unsigned int b = 0; b < MATRIX_KINDS; b++)
		printf(" %2u", b + 1);
	putchar('\n');
	for (unsigned int a = 0; a < MATRIX_KINDS; a++) {
		printf("%2u %-21s", a + 1, matrix_kinds[a].name);
		for (unsigned int b = 0; b < MATRIX_KINDS; b++)
			printf("  %c", pair_mark(race, detector, a, b));
		putchar('\n');
	}
}

void race_print_grid(const struct race_matrix *race)
{
	for (unsigned int i = 0; i < RACE_DETECTORS; i++)
		if (ran(&race->columns[i]))
			print_grid(race, i);
	printf("\n+ races caught   . no race, quiet   / known limitation   ? some missed   "
	       "! not as predicted\n");
}

/* ---- what is not as predicted ---- */

static const char *explain(enum race_verdict verdict, const struct race_outcome *outcome)
{
	switch (verdict) {
	case RACE_NOT_RUN:
		return "not run";
	case RACE_MISSED:
		return "expected a data-race to be reported, got none";
	case RACE_OUTDATED:
		return "expected a race that this detector misses, but it was reported";
	case RACE_FALSE_ALARM:
		return outcome->why ? outcome->why : "expected no report, got one";
	default:
		return outcome->why ? outcome->why : race_verdict_names[verdict];
	}
}

static void print_failure(const struct race_column *column, enum race_detector detector,
			  size_t number)
{
	struct matrix_cell cell = matrix_cell(number);
	const struct race_outcome *outcome = &column->outcomes[number];
	const char *detector_name = race_detectors[detector].name;
	char name[MATRIX_NAME];

	matrix_name(&cell, name);
	fprintf(stderr, "%s: %s: %s\n", detector_name, name, explain(outcome->verdict, outcome));
	fputs("  replay: ", stderr);
	shell_word_print(stderr, shell_binary_path());
	fprintf(stderr, " race --detector %s --repeat %u --cell ", detector_name,
		column->repeat * race_detectors[detector].share);
	shell_word_print(stderr, name);
	putc('\n', stderr);
}

static void print_column_failures(const struct race_matrix *race, enum race_detector detector)
{
	const struct race_column *column = &race->columns[detector];
	size_t wrong = 0;

	for (size_t i = 0; i < MATRIX_CELLS; i++)
		if (race->cells[i] && !race_as_predicted(detector, column->outcomes[i].verdict) &&
		    wrong++ < FAILURES_SHOWN)
			print_failure(column, detector, i);
	if (wrong > FAILURES_SHOWN)
		fprintf(stderr, "%s: and %zu more cells\n", race_detectors[detector].name,
			wrong - FAILURES_SHOWN);
	else if (!wrong && !race_column_passed(detector, column))
		fprintf(stderr, "%s: expected it to catch a race, and to end with status 0\n",
			race_detectors[detector].name);
}

void race_print_failures(const struct race_matrix *race)
{
	for (unsigned int i = 0; i < RACE_DETECTORS; i++)
		if (ran(&race->columns[i]))
			print_column_failures(race, i);
}
