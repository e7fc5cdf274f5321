/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A model of ThreadSanitizer's shadow memory, which predicts the races that ThreadSanitizer
 * reports.
 *
 * The rule model knows all accesses. ThreadSanitizer (the runtime of clang 14 and later) keeps four
 * cells for each granule of 8 bytes:
 *
 * 1. A cell stores one access: a thread, its epoch, a set of the 8 bytes, whether the access was a
 *    read and whether it was atomic. An access that a cell has already is ignored.
 * 2. An access races with the first cell, in order, that meets these conditions: another thread
 *    made it, the bytes overlap, one of the two writes, not both are atomic, and nothing orders
 *    them. The race is reported, all four cells are emptied, the first one is marked, and the
 *    access is not stored.
 * 3. Otherwise the access replaces a cell of the same thread and bytes, unless the cell is a write
 * and the access a read, or the cell is plain and the access atomic. Otherwise the access uses an
 * empty cell, or evicts the cell whose number is the thread's log position, in words, modulo four.
 * 4. A range is processed from its first granule and stops at its first race. It is ignored if its
 *    first granule is marked. An atomic read of a marked granule is ignored too.
 * 5. If the older access of a race is no longer in its thread's history, the race is not reported,
 *    but the granule is emptied.
 *
 * All of this follows from the program, except the log positions, which also depend on other
 * actions of the library. The execution supplies the log positions; without them no prediction is
 * possible.
 */
#pragma once

#include "harness/detect/race_report.h"
#include "harness/model/shadow.h"

/* Facts that only the executor knows. @ctx is the member `ctx`. */
struct tsan_facts {
	/* Returns the log position of the access's thread just after the access; 0: unknown. */
	uintptr_t (*find_log_position)(const void *ctx, const struct access *access);
	/* Returns whether the history may have lost the access by the program's end. */
	bool (*may_be_lost_from_history)(const void *ctx, const struct access *access);
	const void *ctx;
};

struct tsan_shadow;

/* Return: NULL without memory. */
struct tsan_shadow *tsan_shadow_new(void);
void tsan_shadow_delete(struct tsan_shadow *tsan);

/*
 * Predicts the race reports, in order, of the program whose accesses are in @shadow.
 * @first_racing_call_only: ThreadSanitizer ignores all calls after the first call with a report
 * @predicted_reports: the function stores the prediction here
 * Return: false if no prediction is possible.
 */
bool tsan_shadow_predict(struct tsan_shadow *tsan, const struct shadow *shadow,
			 const struct tsan_facts *facts, bool first_racing_call_only,
			 struct race_reports *predicted_reports);
