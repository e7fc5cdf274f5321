/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A task: a kernel thread that makes one call at a time.
 *
 * 1. The caller copies the call's buffer from user memory, wakes the task's thread, and waits.
 * 2. The thread makes the call (task_calls.c).
 * 3. The caller copies the buffer back. If the kernel has ended the thread, the result is -EOWNERDEAD.
 *
 * Bytes on both sides of a buffer have a fixed value, so that a write outside of the buffer is found.
 */
#ifndef DEVICE_TASK_H
#define DEVICE_TASK_H

#include <linux/mm_types.h>
#include <linux/types.h>

#include "device.h"
#include "numbered_pages.h"

struct device_task;

/* @mm: the address space of user memory; @number: of the task. Return: NULL if memory or a thread is missing.
 */
struct device_task *device_task_new(struct mm_struct *mm, struct numbered_pages *pages, unsigned int number);

/*
 * Ends the task's thread, which unmaps its pages. A thread that the kernel ended, or that never returns from
 * a call, may still use the task's memory, so this memory is not freed.
 * Return: false: the thread may still use its memory, its pages and its address space
 */
bool device_task_delete(struct device_task *task);

/* Return: the pid of the task's thread. */
long device_task_get_pid(const struct device_task *task);

/*
 * Makes the call in the task's thread, after the calls of other callers. The process whose address space the
 * task uses may call this function.
 * Return: 0: @call has the result, which is -EOWNERDEAD if the kernel ended the thread; -EFAULT: no user
 * memory; -EINTR: the process was killed
 */
long device_task_run_call(struct device_task *task, struct device_call *call);

#endif
