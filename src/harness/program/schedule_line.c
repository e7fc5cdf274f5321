/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/schedule.h"

#include "harness/util/bytes.h"

void schedule_init(struct schedule *s, size_t count)
{
	s->line_count = count;
	s->first_remaining = 0;
	s->remaining_count = count;
	bytes_fill(s->has_run, 0, count * sizeof(s->has_run[0]));
}

static size_t mark_line_as_run(struct schedule *s, size_t line)
{
	s->has_run[line] = true;
	s->remaining_count--;
	while (s->first_remaining < s->line_count && s->has_run[s->first_remaining])
		s->first_remaining++;
	return line;
}

size_t schedule_next(struct schedule *s, schedule_blocked_fn blocked, const void *ctx)
{
	uint32_t waiting = 0; /* threads with an earlier line that cannot run */

	for (size_t line = s->first_remaining; line < s->line_count; line++) {
		uint8_t thread = s->line_thread[line];

		if (s->has_run[line] || waiting & 1u << thread)
			continue;
		if (thread == 0 && line != s->first_remaining)
			break;
		if (!blocked(ctx, line))
			return mark_line_as_run(s, line);
		if (thread == 0)
			break;
		waiting |= 1u << thread;
	}
	return SCHEDULE_NONE;
}
