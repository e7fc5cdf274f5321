/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The calls of one task, and what a call leaves for the task's later calls. Only the task's thread may call
 * these functions.
 */
#ifndef TASK_CALLS_H
#define TASK_CALLS_H

#include "device.h"
#include "numbered_pages.h"

#define MAPS_MAX 64

struct task_calls {
	struct numbered_pages *pages;
	u8 *buffer; /* PAGE_SIZE bytes: what a call reads or writes in the process */
	unsigned int fail_nth;
	void *maps[MAPS_MAX]; /* live mappings, oldest first */
	unsigned int map_count;
};

/*
 * Makes the call, and stores its result in the call. A repeatable call is made as often as the module's
 * parameter `repeat` says. fail_nth applies only while this function runs.
 */
void task_calls_make(struct task_calls *calls, struct device_call *call);

void task_calls_unmap_all(struct task_calls *calls);

#endif
