/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/schedule.h"

#include "harness/util/bytes.h"

void schedule_init(struct schedule *schedule, size_t count)
{
	schedule->line_count = count;
	schedule->first_remaining = 0;
	schedule->remaining_count = count;
	bytes_fill(schedule->has_run, 0, count * sizeof(schedule->has_run[0]));
}

static size_t mark_line_as_run(struct schedule *schedule, size_t line)
{
	schedule->has_run[line] = true;
	schedule->remaining_count--;
	while (schedule->first_remaining < schedule->line_count &&
	       schedule->has_run[schedule->first_remaining])
		schedule->first_remaining++;
	return line;
}

size_t schedule_next(struct schedule *schedule, schedule_blocked_fn blocked, const void *ctx)
{
	uint32_t waiting = 0; /* threads with an earlier line that cannot run */

	for (size_t line = schedule->first_remaining; line < schedule->line_count; line++) {
		uint8_t thread = schedule->line_thread[line];

		if (schedule->has_run[line] || waiting & 1u << thread)
			continue;
		if (thread == 0 && line != schedule->first_remaining)
			break;
		if (!blocked(ctx, line))
			return mark_line_as_run(schedule, line);
		if (thread == 0)
			break;
		waiting |= 1u << thread;
	}
	return SCHEDULE_NONE;
}
