/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What all inputs add up to, a line a flavour. */
#include <stdio.h>

#include "tool/run/run.h"

#define SLOWEST 5

struct slow {
	const char *flavour;
	uint32_t input, microseconds;
};

static void insert_slow(struct slow slowest[SLOWEST], struct slow slow)
{
	for (unsigned int i = 0; i < SLOWEST; i++) {
		struct slow other = slowest[i];

		if (slow.microseconds <= other.microseconds)
			continue;
		slowest[i] = slow;
		slow = other;
	}
}

static void print_slowest(const struct run_order *order, const struct input_list *list,
			  const struct flavour_run *runs)
{
	struct slow slowest[SLOWEST] = { { 0 } };

	for (unsigned int f = 0; f < order->count; f++)
		for (uint32_t i = 0; i < list->count; i++)
			insert_slow(slowest, (struct slow){ runs[f].flavour, i,
							    runs[f].records[i].microseconds });
	printf("slowest:\n");
	for (unsigned int i = 0; i < SLOWEST && slowest[i].microseconds; i++)
		printf("  %10.3f ms  %-5s  %s\n", slowest[i].microseconds / 1e3,
		       slowest[i].flavour, input_name(list, slowest[i].input));
}

static void print_total(const struct input_list *list, const struct flavour_run *run)
{
	size_t failed = count_failed(run, list->count);

	printf("%-8s %8zu %8zu %8zu %8zu %8zu %8u %8.1f %8.0f\n", run->flavour,
	       (size_t)list->count, list->count - failed, failed,
	       count_kind(run, list->count, RUN_unseen), count_kind(run, list->count, RUN_not_run),
	       run->starts, run->seconds, run->seconds > 0 ? list->count / run->seconds : 0);
}

void print_totals(const struct run_order *order, const struct input_list *list,
		  const struct flavour_run *runs)
{
	size_t failed = 0;

	printf("%-8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "flavour", "inputs", "good", "failed",
	       "unseen", "not run", "workers", "seconds", "inputs/s");
	for (unsigned int i = 0; i < order->count; i++) {
		print_total(list, &runs[i]);
		failed += count_failed(&runs[i], list->count) + (*runs[i].growth != '\0');
	}
	print_slowest(order, list, runs);
	printf("%u inputs in %u flavours: ", list->count, order->count);
	if (failed)
		printf("%zu failures\n", failed);
	else
		printf("all good\n");
}
