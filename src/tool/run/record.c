/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/record.h"

#include <stdlib.h>
#include <string.h>

bool flavour_run_init(struct flavour_run *run, const char *flavour, size_t inputs)
{
	*run = (struct flavour_run){ .flavour = flavour };
	run->records = calloc(inputs, sizeof(*run->records));
	return run->records;
}

void flavour_run_destroy(struct flavour_run *run, size_t inputs)
{
	for (size_t i = 0; run->records && i < inputs; i++) {
		free(run->records[i].why);
		free(run->records[i].output);
		free(run->records[i].sequence);
	}
	free(run->records);
}

void record_set(struct run_record *record, enum result_kind kind, const char *why,
		const char *output)
{
	record->kind = (uint8_t)kind;
	free(record->why);
	free(record->output);
	record->why = why && *why ? strdup(why) : NULL;
	record->output = output && *output ? strdup(output) : NULL;
}

size_t count_kind(const struct flavour_run *run, size_t inputs, enum result_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < inputs; i++)
		count += run->records[i].kind == kind;
	return count;
}

size_t count_failed(const struct flavour_run *run, size_t inputs)
{
	size_t count = 0;

	for (size_t i = 0; i < inputs; i++)
		count += result_kinds[run->records[i].kind].fails;
	return count;
}
