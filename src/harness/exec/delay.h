/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Short delays that vary how real threads interleave. Before a call, a thread continues at once, yields,
 * spins or sleeps.
 *
 * The kind and the amount of a delay depend only on the delay point, so a seed reproduces both. The real
 * duration of a delay depends on the machine. A delay accesses no shared memory, so it orders no threads.
 */
#pragma once

#include <stdint.h>

enum delay_kind {
	DELAY_NONE,
	DELAY_YIELD, /* amount: number of yields, up to 8 */
	DELAY_SPIN,  /* amount: iterations, up to 4096 */
	DELAY_SLEEP, /* amount: microseconds, up to 64, plus the system's latency */
	DELAY_KINDS
};

struct delay {
	enum delay_kind kind;
	unsigned int amount; /* number of yields, iterations or microseconds, depending on `kind` */
};

/* Identifies a delay: the seed, the run, the thread, and the step before which the thread waits. */
struct delay_point {
	uint64_t seed;
	uint32_t run_number;
	uint16_t thread, step;
};

struct delay delay_compute(const struct delay_point *point);
void delay_wait(struct delay delay);
