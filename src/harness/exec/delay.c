/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/exec/delay.h"

#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* All entries are equally likely. A sleep is rare, because other threads make many calls during a sleep. */
static const enum delay_kind kinds[8] = { DELAY_NONE,  DELAY_NONE,  DELAY_NONE, DELAY_NONE,
					  DELAY_YIELD, DELAY_YIELD, DELAY_SPIN, DELAY_SLEEP };

/* The amount of a delay is a power of 2; this table has the largest exponent for each kind of delay. */
static const unsigned int max_exponents[DELAY_KINDS] = { 0, 3, 12, 6 };

/* Each bit of the result depends on all bits of @x. */
static uint64_t mix_bits(uint64_t x)
{
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

struct delay delay_compute(const struct delay_point *point)
{
	uint64_t place = (uint64_t)point->run_number << 32 | (uint32_t)point->thread << 16 | point->step;
	uint64_t random = mix_bits(mix_bits(point->seed + 0x9e3779b97f4a7c15u) + place);
	enum delay_kind kind = kinds[random % 8];
	unsigned int exponent = (unsigned int)((random >> 8) % (max_exponents[kind] + 1));

	if (kind == DELAY_NONE)
		return (struct delay){ DELAY_NONE, 0 };
	return (struct delay){ kind, 1u << exponent };
}

/* Sleeps by syscall(), because detectors intercept clock_nanosleep(). */
static void sleep_us(unsigned int us)
{
	struct timespec time = { .tv_nsec = us * 1000L };

	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
}

void delay_wait(struct delay delay)
{
	switch (delay.kind) {
	case DELAY_YIELD:
		for (unsigned int i = 0; i < delay.amount; i++)
			sched_yield();
		break;
	case DELAY_SPIN:
		for (unsigned int i = 0; i < delay.amount; i++)
			__asm__ volatile("" : : : "memory");
		break;
	case DELAY_SLEEP:
		sleep_us(delay.amount);
		break;
	default:
		break;
	}
}
