/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A model of ThreadSanitizer's shadow memory: predicts which races it reports.
 *
 * The rule model forgets nothing. ThreadSanitizer (the runtime of clang 14 and later) keeps four
 * cells for each granule of 8 bytes:
 *
 * 1. A cell stores a thread, its epoch, a set of the 8 bytes, and whether the access was a read and
 *    whether it was atomic. An access that is in a cell already is ignored.
 * 2. An access races with the first cell, in order, that meets these conditions: another thread
 *    made it, the bytes overlap, one of the two writes, not both are atomic, and nothing orders
 *    them. The race is reported, all four cells are emptied, the first one is marked, and the
 *    access is not stored.
 * 3. Otherwise the access replaces a cell of the same thread and bytes that implies no more, or
 *    uses an empty cell, or evicts the cell whose number is the thread's log position modulo four.
 * 4. A range is processed from its first granule and stops at its first race. It is ignored if its
 *    first granule is marked. An atomic read of a marked granule is ignored too.
 * 5. A race whose older access is no longer in its thread's history is not reported, but empties
 *    the granule.
 *
 * All of this follows from the program, except the log positions: they depend on what else the
 * library does. The execution supplies them, or no prediction is possible.
 */
#ifndef HARNESS_TSAN_SHADOW_H
#define HARNESS_TSAN_SHADOW_H

#include "harness/detect/race_report.h"
#include "harness/model/shadow.h"

/* Facts that only an execution knows. */
struct tsan_facts {
	/* The thread's position in the log just after this access; 0: unknown. */
	uintptr_t (*position)(const void *ctx, const struct access *access);
	/* Returns whether the access is so old that the history may have lost it at the end. */
	bool (*may_be_lost)(const void *ctx, const struct access *access);
	const void *ctx;
};

struct tsan_shadow;

/* Return: NULL without memory. */
struct tsan_shadow *tsan_shadow_new(void);
void tsan_shadow_delete(struct tsan_shadow *tsan);

/*
 * Predicts the reports for the program whose accesses are in @shadow, in order.
 * @first_only: ignore everything after the first call with a report
 * Return: false if no prediction is possible.
 */
bool tsan_shadow_predict(struct tsan_shadow *tsan, const struct shadow *shadow,
			 const struct tsan_facts *facts, bool first_only,
			 struct race_reports *race_reports);

#endif
