/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev race: the race matrix under every detector.
 *
 *   race_drive.c     which cells, and the order of events
 *   race_detector.c  the table of detectors, and what each is known not to see
 *   race_run.c       one detector over all cells: children that answer line by line
 *   race_one.c       such a child: executes cells
 *   race_tally.c     what the answers come to
 *   race_print.c     prints them as a table; race_json.c writes them to a file
 */
#ifndef DEV_RACE_H
#define DEV_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/matrix.h"
#include "tool/util/results.h"

#define DETECTOR(name, ...) RACE_##name,
enum race_detector {
#include "dev/race/race.def"
	RACE_DETECTORS
};
#undef DETECTOR

#define LIMIT(name, ...) RACE_LIMIT_##name,
enum race_limit {
#include "dev/race/race.def"
	RACE_LIMITS,
	RACE_NO_LIMIT = RACE_LIMITS
};
#undef LIMIT

enum race_effect { MISSES, MAY_MISS, ALARMS };

extern const struct race_detector_info {
	const char *name, *binary, *valgrind;
	bool fibers; /* one schedule, so one answer */
	unsigned int share;
	const char *what;
} race_detectors[RACE_DETECTORS];

extern const struct race_limit_info {
	const char *name, *text;
	enum race_effect effect;
	unsigned int detectors; /* bits */
} race_limits[RACE_LIMITS];

/* The limit of the detector that the cell lies in. */
enum race_limit race_limit(enum race_detector detector, const struct matrix_cell *cell);

/* How a detector's answer to a cell compares with what is expected. */
enum race_verdict {
	RACE_NOT_RUN,
	RACE_QUIET,	  /* no race, none reported */
	RACE_CAUGHT,	  /* a race, reported at least once */
	RACE_MISSED,	  /* a race, never reported */
	RACE_FALSE_ALARM, /* no race, but one reported */
	RACE_LIMIT,	  /* within a limit, and as that says */
	RACE_NO_LONGER,	  /* a race reported that a limit says is missed */
	RACE_BEYOND,	  /* a race that the detector's memory need not hold */
	RACE_DIFFERS,	  /* results or bytes are wrong, repeats disagree, or no answer */
	RACE_VERDICTS
};

extern const char *const race_verdict_names[RACE_VERDICTS];

struct race_answer {
	uint8_t verdict;
	uint8_t limit;
	uint32_t runs, reported;
	char *why; /* of RACE_DIFFERS and RACE_FALSE_ALARM, or NULL */
};

struct race_tally {
	size_t cells; /* within no limit */
	size_t races; /* of these */
	size_t by[RACE_VERDICTS];
	size_t within[RACE_LIMITS], reported_within[RACE_LIMITS];
	uint64_t racing_runs, reported_runs; /* of races within no limit */
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
	struct race_answer *answers; /* MATRIX_CELLS */
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
 * Where the detector's binary is.
 * Return: NULL, or why it cannot run, to be told the user.
 */
const char *race_detector_missing(enum race_detector detector, char *path, size_t size);

/* ---- race_run.c ---- */

/* Asks the detector for all selected cells; fills its column. */
void race_run(struct race_matrix *race, enum race_detector detector);

/* ---- race_one.c ---- */

/* race --one EXECUTOR REPEAT MAPPING FROM TO PATTERN */
int race_one(int argc, char **argv);

/* ---- race_tally.c ---- */

/* What an answer, with its limit, means for a cell. */
enum race_verdict race_judge(const struct matrix_cell *cell, bool beyond,
			     const struct race_answer *answer);

void race_tally(const struct race_matrix *race, struct race_column *column);

/* Is it what was predicted? On real threads a race may hide. */
bool race_as_predicted(enum race_detector detector, enum race_verdict verdict);

/* Is the whole column? One that catches nothing is not looking. */
bool race_column_good(enum race_detector detector, const struct race_column *column);

/* Are all columns that ran, and did tables and model agree? */
bool race_good(const struct race_matrix *race);

/* ---- race_print.c, race_json.c ---- */

void race_print_table(const struct race_matrix *race);
void race_print_grid(const struct race_matrix *race);
void race_print_failures(const struct race_matrix *race);

/* All of it, cells and summary, as a file. Return: is it written? */
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

/* All that was asked for, from the selection to @results. Return: an exit status. */
int race_drive(struct race_matrix *race, enum race_output output, struct results *results);

#endif
