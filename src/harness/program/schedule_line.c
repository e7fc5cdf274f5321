/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/schedule.h"

#include "harness/util/bytes.h"

void schedule_init(struct schedule *s, size_t count)
{
	s->count = count;
	s->first_left = 0;
	s->left = count;
	bytes_fill(s->ran, 0, count * sizeof(s->ran[0]));
}

static size_t take(struct schedule *s, size_t line)
{
	s->ran[line] = true;
	s->left--;
	while (s->first_left < s->count && s->ran[s->first_left])
		s->first_left++;
	return line;
}

size_t schedule_next(struct schedule *s, schedule_blocked_fn blocked, const void *ctx)
{
	uint32_t waiting = 0; /* threads with an earlier line that cannot run */

	for (size_t line = s->first_left; line < s->count; line++) {
		uint8_t thread = s->thread[line];

		if (s->ran[line] || waiting & 1u << thread)
			continue;
		if (thread == 0 && line != s->first_left)
			break;
		if (!blocked(ctx, line))
			return take(s, line);
		if (thread == 0)
			break;
		waiting |= 1u << thread;
	}
	return SCHEDULE_NONE;
}
