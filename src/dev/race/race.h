/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev race: the race matrix under every detector.
 *
 *   race_drive.c     which cells, and the order of events
 *   race_detector.c  the table of detectors, and their known limitations
 *   race_run.c       one detector over all cells: child processes that print a line a cell
 *   race_child.c     such a child process: executes cells
 *   race_tally.c     compares outcomes with the prediction, and counts them
 *   race_print.c     prints them as a table; race_json.c writes them to a file
 */
#ifndef DEV_RACE_H
#define DEV_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "dev/race/matrix.h"
#include "tool/util/results.h"

#define DETECTOR(name, ...) RACE_##name,
enum race_detector {
#include "dev/race/race.def"
	RACE_DETECTORS
};
#undef DETECTOR

#define LIMITATION(name, ...) RACE_LIMITATION_##name,
enum race_limitation {
#include "dev/race/race.def"
	RACE_LIMITATIONS,
	RACE_NO_LIMITATION = RACE_LIMITATIONS
};
#undef LIMITATION

enum race_effect { MISSES, MAY_MISS, ALARMS };

extern const struct race_detector_info {
	const char *name, *binary, *valgrind;
	bool fibers; /* one schedule: the outcome is always the same */
	unsigned int share;
	const char *what;
} race_detectors[RACE_DETECTORS];

extern const struct race_limitation_info {
	const char *name, *text;
	enum race_effect effect;
	unsigned int detectors; /* bits */
} race_limitations[RACE_LIMITATIONS];

/* The limitation of the detector that is about the cell, or RACE_NO_LIMITATION. */
enum race_limitation race_limitation_of(enum race_detector detector,
					const struct matrix_cell *cell);

/* How the outcome of a cell compares with the prediction. */
enum race_verdict {
	RACE_NOT_RUN,
	RACE_QUIET,	  /* no race, none reported */
	RACE_CAUGHT,	  /* a race, reported at least once */
	RACE_MISSED,	  /* a race, never reported */
	RACE_FALSE_ALARM, /* no race, but one reported */
	RACE_KNOWN,	  /* within a known limitation, and as predicted by it */
	RACE_OUTDATED,	  /* a race reported that a known limitation predicts to be missed */
	RACE_MISS_ALLOWED, /* a race missed that the detector's memory need not hold */
	RACE_DIFFERS,	  /* results or bytes are wrong, repeats disagree, or no outcome */
	RACE_VERDICTS
};

extern const char *const race_verdict_names[RACE_VERDICTS];

struct race_outcome {
	uint8_t verdict;
	uint8_t limitation;
	uint32_t runs, reported;
	char *why; /* of RACE_DIFFERS and RACE_FALSE_ALARM, or NULL */
};

struct race_tally {
	size_t cells; /* within no limitation */
	size_t races; /* of these */
	size_t by[RACE_VERDICTS];
	size_t within[RACE_LIMITATIONS], reported_within[RACE_LIMITATIONS];
	uint64_t racing_runs, reported_runs; /* of races within no limitation */
};

/* One detector's part in a run. */
struct race_column {
	bool wanted;
	const char *skipped; /* why it did not run, or NULL */
	char compiler[48];   /* that made its binary */
	unsigned int repeat;
	double seconds;
	bool failed;
	struct race_tally tally;
	struct race_outcome *outcomes; /* MATRIX_CELLS */
};

struct race_matrix {
	const char *pattern;
	const char *only_mapping; /* or NULL */
	bool without[MATRIX_MAPPINGS]; /* the page library cannot map so */
	unsigned int repeat, seconds;
	size_t selected; /* cells that match */
	size_t combinations, left_out[MATRIX_REASONS]; /* of what matches */
	size_t racing;
	bool *cells; /* MATRIX_CELLS: is it one, and does it match? */
	size_t disagree; /* cells on which tables and model disagree */
	struct race_column columns[RACE_DETECTORS];
};

/* ---- race_detector.c ---- */

/* The detector of that name, or RACE_DETECTORS. */
enum race_detector race_detector_find(const char *name);

/*
 * Finds the detector's binary.
 * Return: NULL, or why it cannot run, for a message.
 */
const char *race_detector_missing(enum race_detector detector, char *path, size_t size);

/* ---- race_run.c ---- */

/* Runs the detector over all selected cells; fills its column. */
void race_run(struct race_matrix *race, enum race_detector detector);

/* ---- race_child.c ---- */

/* race --child EXECUTOR REPEAT MAPPING FROM TO PATTERN */
int race_child(int argc, char **argv);

/* ---- race_tally.c ---- */

/* Compares an outcome with the prediction for the cell. */
enum race_verdict race_evaluate(const struct matrix_cell *cell, bool miss_allowed,
			     const struct race_outcome *outcome);

void race_tally(const struct race_matrix *race, struct race_column *column);

/* Is the verdict as predicted? On real threads a race may be missed. */
bool race_as_predicted(enum race_detector detector, enum race_verdict verdict);

/* Are all cells of the column as predicted? A detector that catches no race at all is broken. */
bool race_column_passed(enum race_detector detector, const struct race_column *column);

/* Are all columns as predicted, and do tables and rule model agree? */
bool race_passed(const struct race_matrix *race);

/* ---- race_print.c, race_json.c ---- */

void race_print_table(const struct race_matrix *race);
void race_print_grid(const struct race_matrix *race);
void race_print_failures(const struct race_matrix *race);

/* Writes cells and summary to a file. Return: is it written? */
bool race_write_results(const struct race_matrix *race, struct results *results);

/* The cell's program as text, with its name as a comment. */
void race_program_text(const struct matrix_cell *cell, FILE *out);

/* What is printed; the last two run nothing. */
enum race_output {
	RACE_AS_TABLE,
	RACE_AS_GRID,
	RACE_AS_LIST,
	RACE_AS_PROGRAM,
};

/* Selects the cells, runs the detectors, prints and writes the results. Return: an exit status. */
int race_drive(struct race_matrix *race, enum race_output output, struct results *results);

#endif
