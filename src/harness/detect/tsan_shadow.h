/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What ThreadSanitizer's own shadow memory keeps, and so which races it will report.
 *
 * The rule model forgets nothing. ThreadSanitizer (the runtime of clang 14 and later)
 * keeps four cells for each granule of 8 bytes, and
 *
 *   1. a cell is one thread, its epoch, a set of the 8 bytes, and whether it was a read
 *      and atomic; an access that is there already is not looked at again;
 *   2. an access races with the first cell, in order, that another thread made, whose
 *      bytes meet, that is not alike in reading or in being atomic, and that does not
 *      happen before; this is reported, all four cells are emptied, the first of them
 *      is marked, and the access is not stored;
 *   3. otherwise it replaces the cell of the same thread and bytes that says no more, or
 *      takes an empty cell, or throws out the one whose number is the thread's
 *      position in its history, modulo four;
 *   4. a range is walked through from its first granule, stops at its first race, and
 *      is not looked at when its first granule is marked; an atomic read of a marked
 *      granule is not either;
 *   5. a race whose older access has left its thread's history is not reported, but
 *      empties the granule all the same.
 *
 * All of it follows from the program but the positions: they depend on what else the
 * library did, so the execution tells them. Where it cannot, the prediction says so.
 */
#ifndef HARNESS_TSAN_SHADOW_H
#define HARNESS_TSAN_SHADOW_H

#include "harness/detect/race_report.h"
#include "harness/model/shadow.h"

/* What only an execution knows. */
struct tsan_facts {
	/* Where in its history the thread stood after this access; 0: not known. */
	uintptr_t (*position)(const void *ctx, const struct access *access);
	/* Is this access so long ago that the history may have lost it by the end? */
	bool (*may_be_lost)(const void *ctx, const struct access *access);
	const void *ctx;
};

/* Why a race is not reported; TSAN_REPORTED: it is. */
enum tsan_miss {
	TSAN_REPORTED,
	TSAN_EVICTED,	/* later accesses to the granule took its cell */
	TSAN_STOPPED,	/* the range stopped at an earlier race */
	TSAN_MARKED,	/* the range began at, or met, a granule with a race before */
	TSAN_SUPERSEDED,	/* another race of the same access to the granule was reported */
	TSAN_UNKNOWN,
};

struct tsan_shadow;

/* Return: NULL without memory. */
struct tsan_shadow *tsan_shadow_new(void);
void tsan_shadow_delete(struct tsan_shadow *t);

/*
 * Predicts what is reported of the program whose accesses @shadow holds, in order, into
 * @race_reports; with @first_only nothing is watched after the first call with a report.
 * Return: false if it cannot be known.
 */
bool tsan_shadow_predict(struct tsan_shadow *t, const struct shadow *shadow,
			 const struct tsan_facts *facts, bool first_only,
			 struct race_reports *race_reports);

/* What becomes of this race, which is one of @shadow's. */
enum tsan_miss tsan_shadow_explain(struct tsan_shadow *t, const struct shadow *shadow,
				   const struct tsan_facts *facts, const struct race *race);

/* The reason in a few words. */
const char *tsan_miss_text(enum tsan_miss sight);

#endif
