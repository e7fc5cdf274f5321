/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/exec/delay.h"
#include "tests/tap.h"

#define POINTS 8000u

static struct delay compute_delay(uint64_t seed, uint32_t run, uint16_t thread, uint16_t step)
{
	struct delay_point point = { seed, run, thread, step };

	return delay_compute(&point);
}

static bool is_same_delay(struct delay a, struct delay b)
{
	return a.kind == b.kind && a.amount == b.amount;
}

/* Return: the delay at the point with number @i, which determines run, thread and step. */
static struct delay compute_delay_of_point_index(uint64_t seed, unsigned int i)
{
	return compute_delay(seed, i / 100, (uint16_t)(i / 10 % 10), (uint16_t)(i % 10));
}

static unsigned int count_equal_delays(uint64_t a, uint64_t b)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < POINTS; i++)
		count +=
			is_same_delay(compute_delay_of_point_index(a, i), compute_delay_of_point_index(b, i));
	return count;
}

/* Checks how often the delay changes if only the run, only the thread or only the step of a point changes. */
static void check_parts_of_point(void)
{
	unsigned int run = 0, thread = 0, step = 0;

	for (unsigned int i = 0; i < POINTS; i++) {
		struct delay here = compute_delay(i, 5, 5, 5);

		run += !is_same_delay(here, compute_delay(i, 6, 5, 5));
		thread += !is_same_delay(here, compute_delay(i, 5, 6, 5));
		step += !is_same_delay(here, compute_delay(i, 5, 5, 6));
	}
	ok(run > POINTS / 3 && thread > POINTS / 3 && step > POINTS / 3,
	   "run, thread and step each change the delay (%u, %u, %u of %u)", run, thread, step, POINTS);
}

static void check_kinds_and_amounts_of_delays(void)
{
	unsigned int counts[DELAY_KINDS] = { 0 }, largest[DELAY_KINDS] = { 0 };

	for (unsigned int i = 0; i < POINTS; i++) {
		struct delay delay = compute_delay_of_point_index(1, i);

		counts[delay.kind]++;
		if (largest[delay.kind] < delay.amount)
			largest[delay.kind] = delay.amount;
	}
	ok(counts[DELAY_NONE] > POINTS * 4 / 10 && counts[DELAY_NONE] < POINTS * 6 / 10,
	   "half of all calls have no delay (%u of %u)", counts[DELAY_NONE], POINTS);
	ok(counts[DELAY_YIELD] > POINTS / 6 && counts[DELAY_SPIN] > POINTS / 12 &&
		   counts[DELAY_SLEEP] > POINTS / 12,
	   "all kinds of delay occur");
	ok(!largest[DELAY_NONE] && largest[DELAY_YIELD] == 8 && largest[DELAY_SPIN] == 4096 &&
		   largest[DELAY_SLEEP] == 64,
	   "the largest amounts are those of delay.h");
}

UNIT_TEST(test_delay)
{
	ok(count_equal_delays(1, 1) == POINTS, "the same point has the same delay");
	ok(count_equal_delays(1, 2) < POINTS * 2 / 3, "another seed has other delays");
	check_parts_of_point();
	check_kinds_and_amounts_of_delays();
	for (enum delay_kind kind = DELAY_NONE; kind < DELAY_KINDS; kind++)
		delay_wait((struct delay){ kind, 1 });
	ok(true, "each kind of delay ends");
}
