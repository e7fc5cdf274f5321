/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A model of ThreadSanitizer's shadow memory, which predicts the races that ThreadSanitizer reports.
 *
 * The rule model knows all accesses. ThreadSanitizer (the runtime of clang 14 and later) keeps four cells for
 * each granule of 8 bytes:
 *
 * 1. A cell stores one access: the thread, the thread's epoch, the set of accessed bytes, read or write,
 *    plain or atomic. ThreadSanitizer ignores an access that a cell contains already.
 * 2. Two accesses race if their threads differ, their bytes overlap, one of them writes, not both are atomic,
 *    and neither happens before the other. ThreadSanitizer reports only the race of a new access with the
 *    first racing cell. After the report all four cells are empty, the first cell is marked, and the new
 *    access is not stored.
 * 3. An access without a race replaces a cell of the same thread and bytes if the cell's access is equal or
 *    weaker. From strong to weak, accesses are: plain write, plain read, atomic write, atomic read. If the
 *    access replaces no such cell, it uses an empty cell. If no cell is empty, the access evicts cell number
 *    P modulo 4; P is the thread's log position in words.
 * 4. ThreadSanitizer processes a range access granule by granule, and stops at the first race.
 *    ThreadSanitizer ignores a range access or an atomic read if the first granule of the access is marked.
 * 5. If the older access of a race is no longer in its thread's history, ThreadSanitizer empties the granule
 *    without a report.
 *
 * All reports follow from the program and the log positions. Log positions also depend on other actions of
 * the library, so the execution must supply them. Without log positions no prediction is possible.
 */
#pragma once

#include "harness/detect/race_report.h"
#include "harness/model/access_log.h"

/* Facts that only the executor knows. Both functions below get the member `ctx` as @ctx. */
struct tsan_facts {
	/* Returns the log position of the access's thread just after the access; 0: unknown. */
	uintptr_t (*find_log_position)(const void *ctx, const struct access *access);
	/* Returns whether ThreadSanitizer's history may have lost the access by the end of the program. */
	bool (*may_be_lost_from_history)(const void *ctx, const struct access *access);
	const void *ctx;
};

struct tsan_shadow;

/* Return: NULL without memory. */
struct tsan_shadow *tsan_shadow_new(void);
void tsan_shadow_delete(struct tsan_shadow *tsan);

/*
 * Predicts, in order, ThreadSanitizer's race reports for the program whose accesses are in @access_log.
 * @first_racing_call_only: ThreadSanitizer ignores all calls after the first call with a race report.
 * @predicted_reports: receives the predicted reports.
 * Return: false if no prediction is possible.
 */
bool tsan_shadow_predict(struct tsan_shadow *tsan, const struct access_log *access_log,
			 const struct tsan_facts *facts, bool first_racing_call_only,
			 struct race_reports *predicted_reports);
