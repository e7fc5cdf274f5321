/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/mutate/trim.h"

#include <string.h>

unsigned int trim_init(struct trim *trim, size_t piece_count)
{
	unsigned int most = 0;

	trim->piece_count = piece_count;
	trim->chunk_size = piece_count / 2;
	trim->begin = trim->end = piece_count;
	for (size_t size = trim->chunk_size; size; size /= 2)
		most += (unsigned int)((piece_count + size - 1) / size);
	return most;
}

bool trim_choose_next(struct trim *trim)
{
	trim->end = trim->begin;
	if (!trim->end) {
		trim->chunk_size /= 2;
		trim->end = trim->piece_count;
	}
	while (trim->chunk_size && trim->chunk_size >= trim->piece_count)
		trim->chunk_size /= 2;
	if (!trim->chunk_size)
		return false;
	trim->begin = trim->end > trim->chunk_size ? trim->end - trim->chunk_size : 0;
	return true;
}

void trim_record_answer(struct trim *trim, bool was_accepted)
{
	if (was_accepted)
		trim->piece_count -= trim->end - trim->begin;
}

void trim_make_candidate(const struct trim *trim, const struct program *program, struct program *candidate)
{
	size_t call_size = sizeof(program->calls[0]);

	memcpy(candidate->calls, program->calls, trim->begin * call_size);
	memcpy(candidate->calls + trim->begin, program->calls + trim->end,
	       (program->count - trim->end) * call_size);
	candidate->count = program->count - (trim->end - trim->begin);
}
