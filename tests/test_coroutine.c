/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Coroutines: each keeps its stack and its registers, also those of floating point numbers. */
#include "harness/interleave/coroutine.h"
#include "tests/tap.h"

#define ROUNDS 10000

static struct coroutine driver, first, second;
static unsigned int first_steps, second_steps;
static double first_number, second_number;

static void run_first(void)
{
	double number = 1;

	for (unsigned int i = 0;; i++) {
		first_steps++;
		first_number = number += 0.5;
		coroutine_switch(&first, i % 3 ? &second : &driver);
	}
}

static void run_second(void)
{
	double number = 0;

	for (;;) {
		second_steps++;
		second_number = number += 0.25;
		coroutine_switch(&second, &first);
	}
}

UNIT_TEST(test_coroutine)
{
	double kept = 1;
	bool have_stacks = coroutine_map_stack(&first) && coroutine_map_stack(&second);

	ok(have_stacks, "coroutines have stacks");
	if (!have_stacks)
		return;
	coroutine_prepare(&first, run_first);
	coroutine_prepare(&second, run_second);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		coroutine_switch(&driver, &first);
		kept += 0.125;
	}
	ok(first_steps == 3 * ROUNDS - 2 && second_steps == 2 * ROUNDS - 2,
	   "a switch continues a coroutine where it was");
	ok(first_number == 1 + 0.5 * first_steps && second_number == 0.25 * second_steps &&
		   kept == 1 + 0.125 * ROUNDS,
	   "registers keep their values");
}
