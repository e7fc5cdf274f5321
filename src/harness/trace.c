/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/trace.h"

#include <stdlib.h>

struct trace *trace_new(void)
{
	return calloc(1, sizeof(struct trace));
}

void trace_delete(struct trace *trace)
{
	if (!trace)
		return;
	free(trace->bytes);
	free(trace->known);
	free(trace);
}

static bool reserve(struct trace *trace, size_t room)
{
	uint8_t *bytes, *known;

	if (room <= trace->room)
		return true;
	bytes = realloc(trace->bytes, room);
	if (!bytes)
		return false;
	trace->bytes = bytes;
	known = realloc(trace->known, room);
	if (!known)
		return false;
	trace->known = known;
	trace->room = room;
	return true;
}

/* Only reading calls log, and only when their range is good; others count too: no harm. */
static size_t most_read(const struct program *program)
{
	size_t most = PROGRAM_PAGES * TRACE_PAGE;

	for (size_t i = 0; i < program->count; i++)
		if (program->calls[i].number[1] <= TRACE_PAGE)
			most += program->calls[i].number[1];
	return most;
}

bool trace_begin(struct trace *trace, const struct program *program)
{
	trace->count = 0;
	trace->used = 0;
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		trace->pages[i].live = false;
	return reserve(trace, most_read(program));
}

uint32_t trace_log(struct trace *trace, size_t len)
{
	uint32_t at = (uint32_t)trace->used;

	trace->used += len;
	return at;
}

const struct step *trace_find(const struct trace *trace, size_t call)
{
	for (size_t i = 0; i < trace->count; i++)
		if (trace->steps[i].call == call)
			return &trace->steps[i];
	return NULL;
}
