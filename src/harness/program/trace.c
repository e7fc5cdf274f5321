/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/trace.h"

#include "harness/util/sparse_memory.h"

struct trace *trace_new(void)
{
	struct trace *trace = sparse_memory_new(sizeof(*trace));

	if (trace)
		trace_clear(trace);
	return trace;
}

void trace_delete(struct trace *trace)
{
	sparse_memory_free(trace, sizeof(*trace));
}

void trace_clear(struct trace *trace)
{
	trace->step_count = 0;
	trace->log_used_bytes = 0;
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		trace->pages[i].live = false;
}

uint32_t trace_reserve_log(struct trace *trace, size_t len)
{
	uint32_t at = (uint32_t)trace->log_used_bytes;

	trace->log_used_bytes += len;
	return at;
}

const struct step *trace_find_step(const struct trace *trace, size_t call_index)
{
	for (size_t i = 0; i < trace->step_count; i++)
		if (trace->steps[i].call == call_index)
			return &trace->steps[i];
	return NULL;
}
