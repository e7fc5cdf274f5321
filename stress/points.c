/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Delays before an operation and inside the library's calls. The library asks a hook for the
 * current task, and the hook may delay the thread there: between the checks of a call and its
 * effects.
 */
#include "harness/exec/delay.h"
#include "stress/core.h"

/* Only the first points of a long operation are delayed. */
#define POINTS_DELAYED 64

NO_TSAN void points_delay(struct stress_thread *self)
{
	struct delay_point place = { .seed = self->run->seed,
				     .run = (uint32_t)self->ops,
				     .thread = (uint16_t)self->index,
				     .step = (uint16_t)self->points };

	if (self->points++ < POINTS_DELAYED)
		delay_wait(delay_choose(&place));
}

NO_TSAN static struct page_task *hook(void)
{
	if (stress_self)
		points_delay(stress_self);
	return NULL;
}

void points_start(const struct stress_run *run)
{
	if (run->delays)
		page_task_hook_set(hook);
}

void points_stop(void)
{
	page_task_hook_set(NULL);
}
