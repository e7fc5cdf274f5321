/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Vector clocks. The epoch of a thread is the number of releases that the thread has made. An access of
 * thread t at epoch e happens before each later access whose clock has known_releases[t] > e.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "harness/util/bytes.h"
#include "harness/program/program.h"

struct clock {
	uint16_t known_releases[PROGRAM_THREADS]; /* for each thread: number of its known releases */
};

static inline void BYTES_NO_SANITIZE clock_join(struct clock *into, const struct clock *from)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (into->known_releases[t] < from->known_releases[t])
			into->known_releases[t] = from->known_releases[t];
}

static inline bool clock_includes_end_of_epoch(const struct clock *clock, unsigned int thread, uint16_t epoch)
{
	return clock->known_releases[thread] > epoch;
}
