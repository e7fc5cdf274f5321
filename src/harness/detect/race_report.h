/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Races that a detector reported during an execution, in terms of the program: the call, the
 * other thread, and the bytes of a page.
 */
#ifndef HARNESS_RACE_REPORT_H
#define HARNESS_RACE_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/model/shadow.h"
#include "harness/program/program.h"

/* More reports are counted but not stored. */
#define RACE_REPORTS_MAX 256

#define RACE_REPORT_NO_PAGE PROGRAM_PAGES

#define RACE_REPORT_STACK 8

struct race_report {
	uint16_t call;	 /* the call whose access completed the race */
	uint8_t earlier_thread;	 /* thread of the earlier access; PROGRAM_THREADS if it is unknown */
	uint8_t page;	 /* RACE_REPORT_NO_PAGE: outside of all pages of the program */
	uint16_t from, to; /* bytes that both accesses touched; empty without a page */
	uintptr_t stacks[2][RACE_REPORT_STACK]; /* stacks of this access and of the earlier access, as in
						 * tsan.h */
};

struct race_reports {
	atomic_size_t count;
	struct race_report kept[RACE_REPORTS_MAX];
};

void race_reports_clear(struct race_reports *race_reports);
size_t race_reports_kept_count(const struct race_reports *race_reports);
void race_reports_add(struct race_reports *race_reports, const struct race_report *race_report);

/*
 * Finds the race of the model that the report is about.
 * @any_order: the two calls may have run in either order, as on real threads
 * Return: NULL if the model has no such race.
 */
const struct race *race_report_find_race(const struct race_report *race_report, const struct program *program,
				 const struct shadow *shadow, bool any_order);

/* ThreadSanitizer's shadow has this many cells for each granule of this many bytes. */
#define TSAN_GRANULE 8u
#define TSAN_CELLS 4u

/* Return: the bytes of the granule that the access touches, one bit each. */
uint8_t access_granule_mask(const struct access *access, unsigned int granule);

/* How many shadow cells an access uses in a granule. */
enum granule_cells {
	CELLS_ONE,   /* one cell */
	CELLS_SPLIT, /* one cell if the access fills the granule, else one for each byte */
	CELLS_UNKNOWN,   /* unknown library: one cell for each byte unless the access is a whole
			  * page, and one for the page's allocation */
};

/*
 * Returns whether ThreadSanitizer must report some race of the program, whatever it evicts. Its
 * shadow has 4 cells for each granule of 8 bytes, one for each thread and set of bytes. A race must
 * be reported if at most 4 different cells are used in one of its granules before its second call.
 */
bool shadow_race_must_be_reported(const struct shadow *shadow, enum granule_cells cells);

#endif
