/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Runs one detector over the matrix. Each mapping has a child process of its own, because a process
 * maps pages in one way only; both run at the same time, and their lines are read in turn.
 */
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dev/race/line_child.h"
#include "dev/race/race.h"

/*
 * Cells that one child under Valgrind executes: Valgrind keeps data of every thread that ever ran,
 * and slows down.
 */
#define VALGRIND_BATCH 2048

#define OUTCOME_FIELDS 5

/* After so many children that failed, the other cells of the detector are not run. */
#define FAILURES_MAX 5

struct child {
	struct line_child process;
	bool running;
	size_t to; /* the child executes cells up to this number */
};

struct runner {
	struct race_matrix *race;
	enum race_detector detector;
	struct race_column *column;
	char path[PATH_MAX];
	size_t done;
	unsigned int failures; /* children that ended without an outcome */
	struct child children[MATRIX_MAPPINGS];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void progress(const struct runner *r, bool end)
{
	static double last;
	double time = now();

	if (!isatty(STDERR_FILENO) || (!end && time - last < 0.1))
		return;
	last = time;
	fprintf(stderr, end ? "\r\033[K" : "\r\033[K%s: %zu of %zu cells",
		race_detectors[r->detector].name, r->done, r->race->selected);
}

/* ---- child processes ---- */

/* Words of a command; the last one is NULL. */
struct words {
	unsigned int count;
	char *word[24];
	char numbers[3][24];
};

static void add_words(struct words *w, ...)
{
	const char *word;
	va_list args;

	va_start(args, w);
	while ((word = va_arg(args, const char *))) {
		/* The last one stays NULL. */
		if (w->count == sizeof(w->word) / sizeof(w->word[0]) - 1)
			abort();
		w->word[w->count++] = (char *)(uintptr_t)word;
	}
	va_end(args);
}

/* Only the number of errors matters. If a single cell was asked for, a person reads the errors. */
static void add_valgrind(struct words *w, const struct runner *r)
{
	const char *tool = race_detectors[r->detector].valgrind;

	add_words(w, "valgrind", "-q", "--error-limit=no", "--read-var-info=no", NULL);
	add_words(w, !strcmp(tool, "drd") ? "--tool=drd" : "--tool=helgrind", NULL);
	if (r->race->selected == 1)
		return;
	add_words(w, "--log-file=/dev/null", NULL);
	if (!strcmp(tool, "helgrind"))
		add_words(w, "--history-level=none", NULL);
}

static bool start_child(struct runner *r, enum matrix_mapping mapping, size_t from)
{
	const struct race_detector_info *info = &race_detectors[r->detector];
	struct child *child = &r->children[mapping];
	struct words w = {0};

	child->to = MATRIX_CELLS;
	if (info->valgrind && from + VALGRIND_BATCH < MATRIX_CELLS)
		child->to = from + VALGRIND_BATCH;
	snprintf(w.numbers[0], sizeof(w.numbers[0]), "%u", r->column->repeat);
	snprintf(w.numbers[1], sizeof(w.numbers[1]), "%zu", from);
	snprintf(w.numbers[2], sizeof(w.numbers[2]), "%zu", child->to);
	if (info->valgrind)
		add_valgrind(&w, r);
	add_words(&w, r->path, "race", "--child", info->fibers ? "fibers" : "threads", w.numbers[0],
		  matrix_mappings[mapping], w.numbers[1], w.numbers[2], r->race->pattern, NULL);
	setenv("PAGE_MAP", matrix_backends[mapping], 1);
	child->running =
		line_child_start(&child->process, info->valgrind ? "valgrind" : r->path, w.word);
	return child->running;
}

static void end_child(struct runner *r, struct child *child)
{
	if (!child->running)
		return;
	child->running = false;
	if (line_child_wait(&child->process))
		r->column->failed = true;
}

/* The first line of a child: its compiler, and whether it has a detector. */
static bool read_hello(struct runner *r, struct child *child)
{
	char line[128], *tab;

	if (!line_child_read(&child->process, line, sizeof(line), r->race->seconds))
		return false;
	tab = strchr(line, '\t');
	if (!tab || strcmp(tab, "\tdetector\n"))
		return false;
	snprintf(r->column->compiler, sizeof(r->column->compiler), "%.*s", (int)(tab - line), line);
	return true;
}

/* Return: the child that executes cell @number, started if need be; NULL if it does not start. */
static struct child *child_for(struct runner *r, enum matrix_mapping mapping, size_t number)
{
	struct child *child = &r->children[mapping];

	if (child->running && number < child->to)
		return child;
	end_child(r, child);
	if (start_child(r, mapping, number) && read_hello(r, child))
		return child;
	end_child(r, child);
	return NULL;
}

/* ---- outcomes ---- */

static char *copy_of(const char *text)
{
	return *text ? strdup(text) : NULL;
}

static bool parse_outcome(char *line, size_t number, struct race_outcome *outcome,
			  bool *miss_allowed)
{
	char *field[OUTCOME_FIELDS];

	line[strcspn(line, "\n")] = '\0';
	for (unsigned int i = 0; i < OUTCOME_FIELDS; i++) {
		field[i] = strsep(&line, "\t");
		if (!field[i])
			return false;
	}
	if (strtoul(field[0], NULL, 10) != number)
		return false;
	*miss_allowed = !strcmp(field[1], "miss allowed");
	outcome->reported = (uint32_t)strtoul(field[2], NULL, 10);
	outcome->runs = (uint32_t)strtoul(field[3], NULL, 10);
	outcome->why = copy_of(field[4]);
	return true;
}

static void no_outcome(struct runner *r, struct child *child, struct race_outcome *outcome)
{
	outcome->verdict = RACE_DIFFERS;
	outcome->why = copy_of(child ? "expected an outcome, got none: the process died or hangs"
				     : "expected the process to start and to have a detector");
	r->column->failed = true;
	r->failures++;
	if (!child)
		return;
	kill(child->process.pid, SIGKILL);
	end_child(r, child);
}

static void run_cell(struct runner *r, size_t number)
{
	struct matrix_cell cell = matrix_cell(number);
	struct race_outcome *outcome = &r->column->outcomes[number];
	struct child *child = child_for(r, cell.mapping, number);
	char line[512];
	bool miss_allowed;

	outcome->limitation = race_limitation_of(r->detector, &cell);
	if (child && line_child_read(&child->process, line, sizeof(line), r->race->seconds) &&
	    parse_outcome(line, number, outcome, &miss_allowed))
		outcome->verdict = race_evaluate(&cell, miss_allowed, outcome);
	else
		no_outcome(r, child, outcome);
	r->done++;
	progress(r, false);
}

void race_run(struct race_matrix *race, enum race_detector detector)
{
	struct race_column *column = &race->columns[detector];
	static struct runner r;
	double start = now();

	r = (struct runner){.race = race, .detector = detector, .column = column};
	column->skipped = race_detector_missing(detector, r.path, sizeof(r.path));
	if (column->skipped)
		return;
	column->repeat = race->repeat / race_detectors[detector].share;
	if (!column->repeat)
		column->repeat = 1;
	for (size_t i = 0; i < MATRIX_CELLS && r.failures < FAILURES_MAX; i++)
		if (race->cells[i])
			run_cell(&r, i);
	for (unsigned int i = 0; i < MATRIX_MAPPINGS; i++)
		end_child(&r, &r.children[i]);
	progress(&r, true);
	column->seconds = now() - start;
	race_tally(race, column);
}
