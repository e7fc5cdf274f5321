/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/replay/replay_gate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tool/util/usage.h"

struct replay_row *replay_rows_new(size_t count)
{
	return calloc(count + 1, sizeof(struct replay_row));
}

void replay_rows_delete(struct replay_row *rows, size_t count)
{
	for (size_t i = 0; rows && i < count; i++) {
		free(rows[i].why);
		free(rows[i].output);
	}
	free(rows);
}

void replay_gate_find_flavours(struct replay_gate *gate)
{
	char path[PATH_MAX];

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!gate->wanted[i])
			continue;
		if (flavour_find(flavour_names[i], path, sizeof(path))) {
			gate->flavours[gate->count++] = flavour_names[i];
			continue;
		}
		fprintf(stderr, "skipped: %s: this build has no pagetorture-%s\n", flavour_names[i],
			flavour_names[i]);
		if (gate->format == REPLAY_TAP)
			replay_tap_skip(flavour_names[i]);
	}
}

static int status_of(const struct replay_list *list, const struct replay_column *column)
{
	int status = replay_failed(list, column) || *column->flat ? EXIT_FAILED : EXIT_GOOD;

	for (uint32_t i = 0; i < list->count; i++)
		if (column->rows[i].kind == REPLAY_unreadable)
			status = EXIT_BAD;
	return status;
}

static int run_flavour(struct replay_gate *gate, const struct replay_list *list,
		       struct replay_column *column)
{
	bool good;

	gate->options.flavour = column->flavour;
	column->rows = replay_rows_new(list->count);
	if (!column->rows)
		return usage_error("replay", "no memory");
	good = replay_run(&gate->options, list, column);
	replay_print(&gate->options, list, column, gate->format);
	if (!good)
		return usage_error("replay", "expected a worker of flavour %s to start", column->flavour);
	return status_of(list, column);
}

/* @status: EXIT_BAD if inputs are missing; the results say so too */
static int run_list(struct replay_gate *gate, const struct replay_list *list, int status)
{
	struct replay_column columns[FLAVOURS_MAX];

	for (unsigned int i = 0; i < gate->count; i++) {
		columns[i] = (struct replay_column){ .flavour = gate->flavours[i] };
		status = worse(status, run_flavour(gate, list, &columns[i]));
		if (!columns[i].rows)
			gate->count = i;
	}
	replay_print_end(list, columns, gate->count, gate->format);
	if (gate->junit && !replay_junit(gate->junit, &gate->options, list, columns, gate->count))
		status = EXIT_BAD;
	if (gate->sarif && !replay_sarif(gate->sarif, &gate->options, list, columns, gate->count))
		status = EXIT_BAD;
	if (gate->results.path &&
	    !replay_write_results(&gate->results, &gate->options, list, columns, gate->count,
				  status == EXIT_GOOD))
		status = EXIT_BAD;
	for (unsigned int i = 0; i < gate->count; i++)
		replay_rows_delete(columns[i].rows, list->count);
	return status;
}

static void announce_replay(const struct replay_gate *gate, const struct replay_list *list)
{
	char flavours[FLAVOURS_TEXT] = "";

	for (unsigned int i = 0; i < gate->count; i++)
		snprintf(flavours + strlen(flavours), sizeof(flavours) - strlen(flavours), "%s%s",
			 i ? ", " : "", gate->flavours[i]);
	announce("replay", "%u input%s in %s, %u at a time", list->count,
		 list->count == 1 ? "" : "s", flavours, gate->options.orders ? 1 : gate->options.jobs);
}

int replay_gate_run(struct replay_gate *gate, char **paths)
{
	size_t left_out;
	bool good;
	struct replay_list *list = replay_list_new(paths, gate->options.as_given, &left_out, &good);
	int status = good ? EXIT_GOOD : EXIT_BAD;

	if (!list)
		return EXIT_BAD;
	if (left_out)
		fprintf(stderr, "%zu file%s ignored in directories: not named like a program\n",
			left_out, left_out == 1 ? "" : "s");
	if (list->count)
		announce_replay(gate, list);
	if (!list->count)
		status = usage_error("replay", "expected at least one input, got none");
	else
		status = run_list(gate, list, status);
	replay_list_delete(list);
	return status;
}
