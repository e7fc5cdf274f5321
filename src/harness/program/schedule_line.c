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

/*
 * Return: the first line from @line on that can run, or SCHEDULE_NONE.
 * @passed_threads: one bit for each thread with a remaining line above @line; the function adds the threads
 * of the lines that it passes, and of the returned line.
 */
static size_t find_runnable_line(const struct schedule *schedule, size_t line, uint32_t *passed_threads,
				 schedule_blocked_fn is_blocked, const void *ctx)
{
	for (; line < schedule->line_count; line++) {
		uint8_t thread = schedule->line_threads[line];

		if (schedule->has_run[line] || *passed_threads & 1u << thread)
			continue;
		if (thread == 0 && line != schedule->first_remaining)
			break;
		*passed_threads |= 1u << thread;
		if (!is_blocked(ctx, line))
			return line;
		if (thread == 0)
			break;
	}
	return SCHEDULE_NONE;
}

void schedule_mark_as_run(struct schedule *schedule, size_t line)
{
	schedule->has_run[line] = true;
	schedule->remaining_count--;
	while (schedule->first_remaining < schedule->line_count &&
	       schedule->has_run[schedule->first_remaining])
		schedule->first_remaining++;
}

void schedule_mark_as_not_run(struct schedule *schedule, size_t line)
{
	schedule->has_run[line] = false;
	schedule->remaining_count++;
	if (schedule->first_remaining > line)
		schedule->first_remaining = line;
}

size_t schedule_take_next_line(struct schedule *schedule, schedule_blocked_fn is_blocked, const void *ctx)
{
	uint32_t passed_threads = 0;
	size_t line =
		find_runnable_line(schedule, schedule->first_remaining, &passed_threads, is_blocked, ctx);

	if (line != SCHEDULE_NONE)
		schedule_mark_as_run(schedule, line);
	return line;
}

size_t schedule_find_runnable_lines(const struct schedule *schedule, schedule_blocked_fn is_blocked,
				    const void *ctx, size_t lines[SCHEDULE_THREADS])
{
	uint32_t passed_threads = 0;
	size_t count = 0, line = schedule->first_remaining;

	while ((line = find_runnable_line(schedule, line, &passed_threads, is_blocked, ctx)) !=
	       SCHEDULE_NONE) {
		lines[count++] = line;
		if (schedule->line_threads[line] == 0) /* every line below a line of main runs later */
			break;
	}
	return count;
}
