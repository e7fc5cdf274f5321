/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The log of the rule model: all accesses of a program and the races among them.
 *
 * Programs are short, so nothing is evicted: each access is compared with all earlier accesses to its page.
 * Two accesses of different threads race if their bytes overlap, one of them writes, not both are atomic, and
 * neither happens before the other (clock.h).
 */
#pragma once

#include "harness/model/clock.h"
#include "harness/program/program.h"

/* An access of a call to the bytes [from, to) of a page; at least one byte. */
struct access {
	uint16_t call;  /* index of the call that makes the access */
	uint16_t epoch; /* the thread's own epoch at the access (clock.h) */
	uint8_t thread;
	uint8_t page;
	bool write, atomic;
	uint16_t from, to;
};

/* Two calls that race; [from, to) is the smallest range that contains all bytes on which they race. */
struct race {
	uint16_t first, second; /* indices of the calls; `first` ran first */
	uint8_t page;
	uint16_t from, to;
};

/* A call makes at most two accesses. */
#define LOGGED_ACCESSES_MAX (2 * PROGRAM_CALLS)

/* Each of the N * (N - 1) / 2 pairs of calls races on at most two pages. */
#define LOGGED_RACES_MAX ((size_t)PROGRAM_CALLS * PROGRAM_CALLS)

/* Accesses and races of a program. The system allocates memory only for the used parts of the arrays. */
struct access_log {
	size_t access_count;
	struct access accesses[LOGGED_ACCESSES_MAX]; /* in the order in which the accesses ran */
	struct clock clocks[LOGGED_ACCESSES_MAX];    /* for each access: the clock of its thread */
	bool has_contended_atomics; /* unordered atomic accesses overlap: no race, but results vary */
	size_t race_count;
	struct race races[LOGGED_RACES_MAX]; /* sorted by access_log_sort_races() */
};

/* Records @access and its races with earlier accesses; @thread_clock is the clock of its thread. */
void access_log_append(struct access_log *access_log, const struct access *access,
		       const struct clock *thread_clock);

/*
 * Return: the blocks in which a race is imaginable: in the same block of any page, two threads make accesses,
 * and at least one access is not to a whole page. The first block is always returned. Bit i is the block of
 * 64 bytes at the offset 64 * i. Accesses count as 8 bytes longer at both ends, because a library may access
 * too many bytes. alloc_page() and free_page() do not count: the program format orders them.
 */
uint64_t access_log_find_shared_blocks(const struct access_log *access_log, const struct program *program);

/* Sorts the races by `first`, then by `second`, then by `page`. */
void access_log_sort_races(struct access_log *access_log);
