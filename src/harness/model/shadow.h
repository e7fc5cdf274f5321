/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The model's shadow memory: every access of a program, and which of them race.
 *
 * Programs are short, so nothing is forgotten and no pair is missed: each access is
 * held against all earlier ones of its page. Two of them race when their threads
 * differ, their bytes meet, one writes, not both are atomic, and the earlier thread's
 * epoch is not known to the later one.
 */
#ifndef HARNESS_SHADOW_H
#define HARNESS_SHADOW_H

#include "harness/model/clock.h"
#include "harness/program/program.h"

/* Bytes [from, to) of a page; never empty. */
struct access {
	uint16_t call;
	uint16_t epoch;
	uint8_t thread;
	uint8_t page;
	bool write, atomic;
	uint16_t from, to;
};

/* The smallest range that holds all bytes on which two calls race. */
struct race {
	uint16_t first, second; /* calls, first ran first */
	uint8_t page;
	uint16_t from, to;
};

/* A call makes at most two accesses. */
#define SHADOW_ACCESSES (2 * PROGRAM_CALLS)

/* Two calls race on two pages at most, and then each has an access on both. */
#define SHADOW_RACES ((size_t)PROGRAM_CALLS * PROGRAM_CALLS)

struct shadow {
	size_t access_count;
	struct access accesses[SHADOW_ACCESSES]; /* in the order in which they were made */
	struct clock clocks[SHADOW_ACCESSES];	 /* what the thread knew at each */
	bool contended; /* atomic accesses met that nothing orders: no race, but no certain bytes */
	size_t race_count;
	struct race *races; /* sorted by (first, second, page) once sorted */
};

/*
 * Fills @shadow, with room for the races of any program (address space: what is not
 * used costs nothing). Return: false without memory.
 */
bool shadow_init(struct shadow *shadow);

/* Frees what @shadow holds, not itself. */
void shadow_destroy(struct shadow *shadow);

void shadow_clear(struct shadow *shadow);

/* Records an access by a thread whose clock is @clock, and the races that it makes. */
void shadow_access(struct shadow *shadow, const struct access *access, const struct clock *clock);

/* Sorts the races as the program format wants them. */
void shadow_sort(struct shadow *shadow);

#endif
