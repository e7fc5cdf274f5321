/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Race reports of a detector, converted to terms of the page program: the call, the other thread, and the
 * bytes of a page.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/model/access_log.h"
#include "harness/program/program.h"

/* race_reports_add() keeps the first RACE_REPORTS_MAX reports of an execution, and drops the others. */
#define RACE_REPORTS_MAX 256

#define RACE_REPORT_NO_PAGE PROGRAM_PAGES

#define RACE_REPORT_STACK 8

/* The kernel's detector knows the threads of a race and the ops of their calls, but not the calls. */
#define RACE_REPORT_NO_CALL UINT16_MAX

/* What the kernel's detector knows of an access. */
struct race_report_access {
	uint8_t op;    /* enum op of the call; OP_COUNT: unknown */
	bool is_write; /* false: a read */
	bool is_atomic;
};

struct race_report {
	uint16_t call;          /* index of the call of the later access; RACE_REPORT_NO_CALL: unknown */
	uint8_t thread;         /* thread of the later access, if `call` is unknown */
	uint8_t earlier_thread; /* thread of the earlier access; PROGRAM_THREADS if it is unknown */
	uint8_t page;           /* handle of the page; RACE_REPORT_NO_PAGE: the race is in no page */
	uint16_t from, to;      /* bytes of the page that both accesses touched; empty if `page` is no page */
	/* [0], [1]: the later and the earlier access, if `call` is unknown. */
	struct race_report_access accesses[2];
	/* [0], [1]: return addresses of the later and the earlier access, innermost address first. */
	uintptr_t stacks[2][RACE_REPORT_STACK];
};

struct race_reports {
	atomic_size_t count; /* number of all reports, including dropped reports */
	struct race_report kept[RACE_REPORTS_MAX];
};

void race_reports_clear(struct race_reports *race_reports);
/* Return: the number of valid elements of `kept`. */
size_t race_reports_kept_count(const struct race_reports *race_reports);
void race_reports_add(struct race_reports *race_reports, const struct race_report *race_report);

/*
 * Finds the first race in @access_log, the rule model's, that can be the race of the report.
 * @any_order: also accept a race whose calls ran in the other order, which real threads allow.
 * Return: NULL if the model has no such race.
 */
const struct race *race_report_find_race(const struct race_report *race_report, const struct program *program,
					 const struct access_log *access_log, bool any_order);

/* A granule has 8 bytes, and ThreadSanitizer's shadow has 4 cells for each granule. */
#define TSAN_GRANULE 8u
#define TSAN_CELLS   4u

/* Return: a mask; bit i is set if the access touches byte i of the page's granule @granule_index. */
uint8_t access_granule_mask(const struct access *access, unsigned int granule_index);

/* How many of ThreadSanitizer's shadow cells an access to a granule uses. */
enum cells_per_access {
	CELLS_ONE,     /* one cell */
	CELLS_SPLIT,   /* one cell if the access fills the granule, otherwise a cell for each byte */
	CELLS_UNKNOWN, /* for a library whose accesses are unknown: one cell for the allocation and for each
			  access to a whole page, otherwise a cell for each byte */
};

/*
 * Returns whether @access_log, the rule model's, has a race that ThreadSanitizer must report, whichever
 * cells ThreadSanitizer evicts. ThreadSanitizer must report a race if the accesses to one granule before the
 * race's second call use at most 4 different cells. Two accesses use different cells if they differ in
 * thread, bytes, or kind (read or write, plain or atomic).
 */
bool access_log_has_unmissable_race(const struct access_log *access_log,
				    enum cells_per_access cells_per_access);
