/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Races that a detector saw while a program ran, in words of the program: which call
 * raced, with which thread, on which bytes of which page.
 */
#ifndef HARNESS_RACE_REPORT_H
#define HARNESS_RACE_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/model/shadow.h"
#include "harness/program/program.h"

/* More are counted but not kept: no program needs to be told of so many. */
#define RACE_REPORTS_MAX 256

#define RACE_REPORT_NO_PAGE PROGRAM_PAGES

#define RACE_REPORT_STACK 8

struct race_report {
	uint16_t call;	 /* whose access made the race known */
	uint8_t before;	 /* thread of the earlier access; PROGRAM_THREADS: any, it is not known */
	uint8_t page;	 /* RACE_REPORT_NO_PAGE: not on a page of the program */
	uint16_t from, to; /* bytes that both accesses touched; empty without a page */
	uintptr_t stacks[2][RACE_REPORT_STACK]; /* of this access and of the earlier one, as tsan.h */
};

struct race_reports {
	atomic_size_t count;
	struct race_report kept[RACE_REPORTS_MAX];
};

void race_reports_clear(struct race_reports *race_reports);
size_t race_reports_kept(const struct race_reports *race_reports);
void race_reports_add(struct race_reports *race_reports, const struct race_report *race_report);

/*
 * The race of the model's that this is.
 * @any_order: the two calls may have run in either order, as on real threads
 * Return: NULL if the model knows none.
 */
const struct race *race_report_find_race(const struct race_report *race_report, const struct program *program,
				 const struct shadow *shadow, bool any_order);

/* Is this one of the races that the model knows? */
bool race_report_is_known_race(const struct race_report *race_report, const struct program *program,
		      const struct shadow *shadow, bool any_order);

/* What an access leaves in a granule. */
enum granule_cells {
	CELLS_ONE,   /* one set of bytes */
	CELLS_SPLIT, /* that, if it fills the granule, else one for each byte */
	CELLS_UNKNOWN,   /* nobody knows: one for each byte, if it is not the whole page, and one
			for the page's allocation */
};

/*
 * Must ThreadSanitizer have seen some race of the program, however its shadow memory
 * forgets? It keeps 4 accesses for each 8 bytes, one per thread and set of bytes. A
 * race is sure to be seen if no more than 4 different ones came to one of its 8-byte
 * granules before its second call; beyond that it may be.
 */
bool shadow_race_must_be_reported(const struct shadow *shadow, enum granule_cells cells);

#endif
