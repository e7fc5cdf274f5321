/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/record.h"

#include <stdlib.h>
#include <string.h>

const struct result_kind_info result_kinds[RUN_KINDS] = {
#define KIND(id, name, fails, meaning) { name, meaning, fails },
#include "tool/run/kind.def"
};

bool flavour_run_init(struct flavour_run *run, const char *flavour, size_t record_count)
{
	*run = (struct flavour_run){ .flavour = flavour, .record_count = record_count };
	run->records = calloc(record_count, sizeof(*run->records));
	return run->records;
}

void flavour_run_destroy(struct flavour_run *run)
{
	for (size_t i = 0; run->records && i < run->record_count; i++) {
		free(run->records[i].why);
		free(run->records[i].output);
		free(run->records[i].failing_sequence);
	}
	free(run->records);
}

void record_set_result(struct run_record *record, enum result_kind kind, const char *why, const char *output)
{
	record->result.kind = (uint8_t)kind;
	free(record->why);
	free(record->output);
	record->why = why && *why ? strdup(why) : NULL;
	record->output = output && *output ? strdup(output) : NULL;
}

bool record_is_failure(const struct run_record *record)
{
	return result_kinds[record->result.kind].is_failure;
}

size_t count_inputs_of_kind(const struct flavour_run *run, enum result_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < run->record_count; i++)
		count += run->records[i].result.kind == kind;
	return count;
}

size_t count_failed_inputs(const struct flavour_run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->record_count; i++)
		count += record_is_failure(&run->records[i]);
	return count;
}
