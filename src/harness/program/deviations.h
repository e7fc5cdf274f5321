/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The schedule of an interleaving inside of calls: the deviations from the default, in which the running
 * thread goes on, and the lowest thread follows a thread that ended or waits. As text:
 *
 *   T0.7>T1     when T0 is about to make its 7th point of the program, T1 runs
 *   main.2>T1   after main's 2nd line, T1 is the first thread that runs
 *
 * Points are counted for each thread, so a text means the same whatever addresses are shared
 * (interleave/point.h). In a program each deviation is a line `schedule T0.7>T1`. A start state other than
 * `used` is the first word of the text, and a line of the program: `schedule start=kept-15`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/start_state.h"

#define NO_THREAD UINT8_MAX

#define DEVIATIONS_MAX  64
#define DEVIATION_TEXT  24       /* size of the longest text of one deviation, with the NUL */
#define SCHEDULE_START  "start=" /* precedes the text of a start state */
#define DEVIATIONS_TEXT (DEVIATIONS_MAX * DEVIATION_TEXT + sizeof(SCHEDULE_START) + START_TEXT)

struct deviation {
	uint8_t running;   /* thread 0: main's line has just run, and no other thread since */
	uint8_t next;      /* not main */
	uint16_t position; /* number of the running thread's point; for main: number of its lines that ran */
};

struct deviations {
	struct start_state start;
	size_t count;
	struct deviation items[DEVIATIONS_MAX];
};

/* Appends a deviation. Return: false if there is no space. */
bool deviations_append(struct deviations *deviations, struct deviation deviation);

/* Return: the thread that runs by a deviation at this place; NO_THREAD if there is none. */
uint8_t deviations_find(const struct deviations *deviations, uint8_t running, uint32_t position);

/* Return: whether there is a deviation, or a start state other than `used`. */
static inline bool deviations_are_given(const struct deviations *deviations)
{
	return deviations->count || deviations->start.kind != START_USED;
}

/* Removes all deviations and the start state. */
void deviations_clear(struct deviations *deviations);

bool deviations_equal(const struct deviations *a, const struct deviations *b);

void deviations_to_text(const struct deviations *deviations, char text[DEVIATIONS_TEXT]);

void deviation_to_text(const struct deviation *deviation, char text[DEVIATION_TEXT]);

/* Parses the text of one deviation. Return: the end of this text; NULL if @text begins with no deviation. */
const char *deviation_parse(const char *text, struct deviation *deviation);

/* Return: false if @text is no text of deviations, separated by spaces, after at most one start state. */
bool deviations_parse(const char *text, struct deviations *deviations);
