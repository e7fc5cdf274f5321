/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Races that a detector reported during an execution, in terms of the program: the call, the
 * other thread, and the bytes of a page.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/model/shadow.h"
#include "harness/program/program.h"

/* race_reports_add() drops all reports after this number. */
#define RACE_REPORTS_MAX 256

#define RACE_REPORT_NO_PAGE PROGRAM_PAGES

#define RACE_REPORT_STACK 8

struct race_report {
	uint16_t call;          /* index of the call that made the later access */
	uint8_t earlier_thread; /* thread of the earlier access; PROGRAM_THREADS if it is unknown */
	uint8_t page;           /* handle of the page; RACE_REPORT_NO_PAGE: no page of the program */
	uint16_t from, to;      /* bytes of the page that both accesses touched; empty without a page */
	/* Return addresses of the later and of the earlier access, as in tsan.h. */
	uintptr_t stacks[2][RACE_REPORT_STACK];
};

struct race_reports {
	atomic_size_t count; /* all reports, including those that were dropped */
	struct race_report kept[RACE_REPORTS_MAX];
};

void race_reports_clear(struct race_reports *race_reports);
/* Return: the number of valid elements of `kept`. */
size_t race_reports_kept_count(const struct race_reports *race_reports);
void race_reports_add(struct race_reports *race_reports, const struct race_report *race_report);

/*
 * Finds the first race of @shadow, the rule model's, that the report can be about.
 * @any_order: the two calls may have run in either order, as on real threads
 * Return: NULL if the model has no such race.
 */
const struct race *race_report_find_race(const struct race_report *race_report, const struct program *program,
					 const struct shadow *shadow, bool any_order);

/* A granule has 8 bytes, and ThreadSanitizer's shadow has 4 cells for each granule. */
#define TSAN_GRANULE 8u
#define TSAN_CELLS   4u

/* Return: one bit for each byte of the page's granule @granule_index that the access touches. */
uint8_t access_granule_mask(const struct access *access, unsigned int granule_index);

/* How many shadow cells of a granule an access uses. */
enum cells_per_access {
	CELLS_ONE,     /* one cell */
	CELLS_SPLIT,   /* one cell if the access fills the granule, otherwise a cell for each byte */
	CELLS_UNKNOWN, /* unknown library: a cell for each byte, unless the access is a whole page;
			* and a cell for the allocation of the page */
};

/*
 * Returns whether @shadow, the rule model's, has a race that ThreadSanitizer must report, whatever
 * it evicts. Such a race has a granule in which the accesses up to its second call use at most 4
 * different cells. A cell has one thread, one set of bytes, and one kind of access.
 */
bool shadow_has_unmissable_race(const struct shadow *shadow, enum cells_per_access cells_per_access);
