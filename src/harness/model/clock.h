/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Vector clocks. at[t] counts the releases of thread t that the clock's owner has acquired. An
 * access of thread t at epoch e happens before everything whose clock has at[t] > e.
 */
#ifndef HARNESS_CLOCK_H
#define HARNESS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/util/bytes.h"
#include "harness/program/program.h"

struct clock {
	uint16_t epochs[PROGRAM_THREADS];
};

static inline void BYTES_NO_SANITIZE clock_join(struct clock *into, const struct clock *from)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (into->epochs[t] < from->epochs[t])
			into->epochs[t] = from->epochs[t];
}

static inline bool clock_has_reached(const struct clock *clock, unsigned int thread, uint16_t epoch)
{
	return clock->epochs[thread] > epoch;
}

#endif
