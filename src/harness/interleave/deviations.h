/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The text of an interleaving. It has only the deviations from the default, in which the running thread goes
 * on, and the lowest thread follows a thread that ended or waits:
 *
 *   T0.7>T1   when T0 is about to make its 7th point of the program, T1 runs
 *   L5>T1     after the fork-join point before line 5, T1 runs first
 *
 * Points are counted for each thread, so a text means the same whatever addresses are shared. `-` is a text
 * without deviations.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVIATIONS_MAX  256
#define DEVIATIONS_TEXT (DEVIATIONS_MAX * 16)

struct deviation {
	uint8_t running; /* NO_THREAD: after a fork-join point */
	uint8_t next;
	uint32_t position; /* number of the point of the running thread, or number of the line */
};

struct deviations {
	size_t count;
	struct deviation items[DEVIATIONS_MAX];
};

/* Appends a deviation. Return: false if there is no space. */
bool deviations_append(struct deviations *deviations, struct deviation deviation);

/* Return: the thread that runs by a deviation at this place; NO_THREAD if there is none. */
uint8_t deviations_find(const struct deviations *deviations, uint8_t running, uint32_t position);

void deviations_to_text(const struct deviations *deviations, char text[DEVIATIONS_TEXT]);

/* Return: false if @text is no text of deviations. */
bool deviations_parse(const char *text, struct deviations *deviations);
