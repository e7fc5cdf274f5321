/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/run.h"

#include <stdio.h>
#include <string.h>

#include "tool/util/usage.h"

static void find_flavours(struct run_order *order)
{
	char path[PATH_MAX];

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!order->wanted[i])
			continue;
		if (flavour_find(flavour_names[i], path, sizeof(path)))
			order->flavours[order->count++] = flavour_names[i];
		else
			fprintf(stderr, "skipped: %s: this build has no pagetorture-%s\n",
				flavour_names[i], flavour_names[i]);
	}
}

static void announce_run(const struct run_order *order, const struct input_list *list)
{
	const struct execution_options *execution = &order->options.execution;
	char flavours[FLAVOURS_TEXT] = "";

	for (unsigned int i = 0; i < order->count; i++)
		snprintf(flavours + strlen(flavours), sizeof(flavours) - strlen(flavours), "%s%s",
			 i ? ", " : "", order->flavours[i]);
	announce(order->command, "%u input%s in %s, on %s, %u at a time", list->count,
		 list->count == 1 ? "" : "s", flavours,
		 !execution->threads ? "fibers" : !execution->fibers ? "threads" : "fibers and on threads",
		 order->options.orders ? 1 : order->options.jobs);
}

/* ---- one flavour ---- */

static void print_failures(const struct run_order *order, const struct input_list *list,
			   const struct flavour_run *run)
{
	size_t not_run = 0;

	for (uint32_t i = 0; i < list->count; i++) {
		if (result_kinds[run->records[i].kind].fails && run->records[i].ran)
			print_failure(order, list, run, i);
		not_run += !run->records[i].ran;
	}
	if (not_run)
		fprintf(stderr, "%s: %zu of %u inputs were never run\n", run->flavour, not_run,
			list->count);
	if (*run->growth)
		fprintf(stderr, "%s: %s\n", run->flavour, run->growth);
}

static int run_flavour(struct run_order *order, const struct input_list *list,
		       struct flavour_run *run, const char *flavour)
{
	bool started;

	order->options.flavour = flavour;
	if (!flavour_run_init(run, flavour, list->count) ||
	    !flavour_find(flavour, order->options.path, sizeof(order->options.path)))
		return usage_error(order->command, "expected memory for %u results, got none",
				   list->count);
	started = engine_run(&order->options, list, run);
	print_failures(order, list, run);
	if (!started)
		return usage_error(order->command, "expected to start %s, and to get results of it",
				   order->options.path);
	if (count_kind(run, list->count, RUN_unreadable))
		return EXIT_BAD;
	return count_failed(run, list->count) || *run->growth ? EXIT_FAILED : EXIT_GOOD;
}

/* ---- all of them ---- */

static int print_results(struct run_order *order, const struct input_list *list,
			 const struct flavour_run *runs, int status)
{
	if (order->rows)
		status = worse(status, print_rows(order, list, runs));
	else if (!order->json)
		print_totals(order, list, runs);
	fflush(stdout);
	if (order->results.path && !write_json_lines(order, list, runs, status == EXIT_GOOD))
		status = EXIT_BAD;
	return status;
}

static int run_list(struct run_order *order, const struct input_list *list, int status)
{
	struct flavour_run runs[FLAVOURS_MAX];

	for (unsigned int i = 0; i < order->count; i++) {
		status = worse(status, run_flavour(order, list, &runs[i], order->flavours[i]));
		if (!runs[i].records)
			order->count = i;
	}
	status = print_results(order, list, runs, status);
	for (unsigned int i = 0; i < order->count; i++)
		flavour_run_destroy(&runs[i], list->count);
	return status;
}

int run(struct run_order *order, char **arguments)
{
	struct input_list *list;
	int status;

	find_flavours(order);
	if (!order->count)
		return usage_error(order->command, "expected a flavour that this build has");
	list = input_list_new(arguments, !order->unsorted, &order->listed);
	if (!list)
		return EXIT_BAD;
	status = order->listed ? EXIT_GOOD : EXIT_BAD;
	if (list->count > 1 || (list->count && !order->rows))
		announce_run(order, list);
	if (list->count)
		status = run_list(order, list, status);
	else if (order->listed)
		status = usage_error(order->command, "expected at least one input, got none");
	input_list_delete(list);
	return status;
}
