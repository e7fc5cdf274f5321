/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The device of a guest, and the tasks of page.h, which are threads of the kernel. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "page/page.h"

#define GUEST_TASK_MAPS_MAX 64

struct device_call;

struct page_task {
	unsigned int generation;         /* of the process that created the thread; 0: no thread */
	unsigned int number;             /* of the thread, for the device */
	void *maps[GUEST_TASK_MAPS_MAX]; /* live mappings, oldest first */
	_Atomic unsigned int map_count;
	struct page_task *next;
};

/* Return: a sum of DEVICE_HAS_... (device.h). */
unsigned int guest_device_read_features(void);

/* Makes the call in the thread of the task call->task. Return: 0, or -1 with errno. */
int guest_device_run_call(struct device_call *call);

/* Return: the task that was switched in last, or the own task of this OS thread. Never NULL. */
struct page_task *guest_task_find_current(void);

/* Creates the task's thread in the kernel, unless this process has created it. */
void guest_task_create_thread_if_none(struct page_task *task);

/* Return: the task whose thread in the kernel has this pid, or NULL. */
const struct page_task *guest_task_find_by_pid(int pid);

/* Return: whether a live mapping begins at @addr: of the task, or of a task other than @current. */
bool guest_task_maps(const struct page_task *task, const void *addr);
bool guest_task_is_mapped_by_other(const struct page_task *current, const void *addr);

/* Store that the task has mapped a page at @addr, or has unmapped its newest mapping at @addr. */
void guest_task_add_mapping(struct page_task *task, void *addr);
void guest_task_remove_mapping(struct page_task *task, const void *addr);
