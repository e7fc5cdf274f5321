/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/schedule.h"

#include "harness/util/bytes.h"

void schedule_init(struct schedule *schedule, size_t line_count)
{
	schedule->line_count = line_count;
	schedule->first_remaining = 0;
	schedule->remaining_count = line_count;
	bytes_fill(schedule->has_run, 0, line_count * sizeof(schedule->has_run[0]));
}

size_t schedule_take_next_line(struct schedule *schedule, schedule_blocked_fn is_blocked, const void *ctx)
{
	uint32_t waiting = 0; /* one bit for each thread whose next line cannot run */

	for (size_t line = schedule->first_remaining; line < schedule->line_count; line++) {
		uint8_t thread = schedule->line_threads[line];

		if (schedule->has_run[line] || waiting & 1u << thread)
			continue;
		if (thread == 0 && line != schedule->first_remaining)
			break;
		if (is_blocked(ctx, line)) {
			if (thread == 0)
				break;
			waiting |= 1u << thread;
			continue;
		}
		schedule->has_run[line] = true;
		schedule->remaining_count--;
		while (schedule->first_remaining < schedule->line_count &&
		       schedule->has_run[schedule->first_remaining])
			schedule->first_remaining++;
		return line;
	}
	return SCHEDULE_NONE;
}
