/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdint.h>
#include <time.h>

/* Return: the time of @clock in microseconds; 0 if the process of @clock has ended. */
static inline int64_t clock_read_us(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) ? 0 : now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Return: the time of the monotonic clock in milliseconds. */
static inline int64_t clock_read_ms(void)
{
	return clock_read_us(CLOCK_MONOTONIC) / 1000;
}
