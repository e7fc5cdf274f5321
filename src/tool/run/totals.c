/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Prints a line of totals for each flavour, and the slowest inputs. */
#include <stdio.h>

#include "tool/run/run.h"

/* The number of inputs in the list of the slowest inputs. */
#define SLOWEST_COUNT 5

struct slow_input {
	const char *flavour;
	size_t input; /* its index */
	uint32_t duration_us;
};

/* Inserts @slow into the sorted list @slowest if @slow is one of the slowest inputs so far. */
static void insert_slow_input(struct slow_input slowest[SLOWEST_COUNT], struct slow_input slow)
{
	for (unsigned int i = 0; i < SLOWEST_COUNT; i++) {
		struct slow_input other = slowest[i];

		if (slow.duration_us <= other.duration_us)
			continue;
		slowest[i] = slow;
		slow = other;
	}
}

static void print_slowest_inputs(const struct run *run)
{
	struct slow_input slowest[SLOWEST_COUNT] = { { 0 } };

	for (unsigned int f = 0; f < run->flavour_count; f++)
		for (size_t i = 0; i < run->inputs.count; i++)
			insert_slow_input(slowest, (struct slow_input){
							   run->flavours[f].flavour, i,
							   run->flavours[f].records[i].result.duration_us });
	printf("slowest:\n");
	for (unsigned int i = 0; i < SLOWEST_COUNT && slowest[i].duration_us; i++)
		printf("  %10.3f ms  %-5s  %s\n", slowest[i].duration_us / 1e3, slowest[i].flavour,
		       run_input_name(run, slowest[i].input));
}

static void print_flavour_totals(const struct flavour_run *run)
{
	size_t failed = count_failed_inputs(run), count = run->record_count;

	printf("%-8s %8zu %8zu %8zu %8zu %8zu %8u %8.1f %8.0f\n", run->flavour, count, count - failed, failed,
	       count_inputs_of_kind(run, RUN_unseen), count_inputs_of_kind(run, RUN_not_run),
	       run->worker_start_count, run->seconds, run->seconds > 0 ? (double)count / run->seconds : 0);
}

void print_totals(const struct run *run)
{
	size_t failed = 0;

	printf("%-8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "flavour", "inputs", "good", "failed", "unseen",
	       "not run", "workers", "seconds", "inputs/s");
	for (unsigned int i = 0; i < run->flavour_count; i++) {
		print_flavour_totals(&run->flavours[i]);
		failed += count_failed_inputs(&run->flavours[i]) + (*run->flavours[i].growth != '\0');
	}
	print_slowest_inputs(run);
	printf("%zu inputs in %u flavours: ", run->inputs.count, run->flavour_count);
	if (failed)
		printf("%zu failures\n", failed);
	else
		printf("all good\n");
}
