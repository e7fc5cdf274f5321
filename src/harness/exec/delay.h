/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Short delays, so that real threads meet in other ways than left alone: before a call a
 * thread goes on at once, lets others run, spins, or sleeps.
 *
 * Which and how long is a function of where, so a seed names it; how long it then takes is
 * the machine's affair. A delay touches nothing that threads share: it orders nobody.
 */
#ifndef HARNESS_DELAY_H
#define HARNESS_DELAY_H

#include <stdint.h>

enum delay_kind {
	DELAY_NONE,
	DELAY_YIELD, /* amount: times, up to 8 */
	DELAY_SPIN,  /* amount: turns, up to 4096 */
	DELAY_SLEEP, /* amount: microseconds, up to 64, and what the machine adds */
	DELAY_KINDS
};

struct delay {
	enum delay_kind kind;
	unsigned int amount;
};

/* Where: in which of many runs, before which step of which thread. */
struct delay_point {
	uint64_t seed;
	uint32_t run;
	uint16_t thread, step;
};

struct delay delay_choose(const struct delay_point *place);
void delay_wait(struct delay delay);

#endif
