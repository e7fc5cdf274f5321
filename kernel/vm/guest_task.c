/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tasks of page.h in a guest. The first call of a task creates its thread in the kernel. A child of fork()
 * opens the device again, because the threads of its parent use the parent's memory. So a child has no page
 * and no mapping of its parent.
 */
#include "kernel/vm/guest_task.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel/vm/device.h"
#include "kernel/vm/guest_log.h"

static struct {
	pthread_mutex_t lock; /* protects the list of tasks */
	struct page_task *tasks;
	unsigned int generation; /* 1 in the first process, one more after each fork */
	int device;
	pthread_key_t own_task_key;
} guest = { .lock = PTHREAD_MUTEX_INITIALIZER };

static _Thread_local struct page_task *switched_in_task, *own_task;

/* ---- the device ---- */

static void open_device(void)
{
	guest.device = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (guest.device < 0) {
		fprintf(stderr, "%s: expected the device of the kernel module: %s\n", DEVICE_PATH,
			strerror(errno));
		_exit(2);
	}
	guest.generation++;
}

static void reopen_device_in_child(void)
{
	close(guest.device);
	open_device();
}

static void delete_own_task(void *task)
{
	page_task_delete(task);
}

__attribute__((constructor)) static void start(void)
{
	guest_log_open();
	open_device();
	pthread_atfork(NULL, NULL, reopen_device_in_child);
	pthread_key_create(&guest.own_task_key, delete_own_task);
}

unsigned int guest_device_read_features(void)
{
	static unsigned int features;

	if (!features)
		features = (unsigned int)ioctl(guest.device, DEVICE_GET_FEATURES, 0) | DEVICE_HAS_FEATURES;
	return features;
}

/* ---- tasks ---- */

void guest_task_create_thread_if_none(struct page_task *task)
{
	int number;

	if (task->generation == guest.generation)
		return;
	number = ioctl(guest.device, DEVICE_TASK_NEW, 0);
	if (number < 0) {
		fprintf(stderr, "expected a kernel thread, got none: %s\n", strerror(errno));
		_exit(2);
	}
	task->number = (unsigned int)number;
	task->generation = guest.generation;
	task->map_count = 0;
}

struct page_task *page_task_new(const char *name)
{
	struct page_task *task = calloc(1, sizeof(*task));

	(void)name;
	if (!task)
		return NULL;
	pthread_mutex_lock(&guest.lock);
	task->next = guest.tasks;
	guest.tasks = task;
	pthread_mutex_unlock(&guest.lock);
	return task;
}

unsigned int page_task_delete(struct page_task *task)
{
	struct page_task **link = &guest.tasks;
	unsigned int map_count;

	if (!task)
		return 0;
	pthread_mutex_lock(&guest.lock);
	while (*link != task)
		link = &(*link)->next;
	*link = task->next;
	pthread_mutex_unlock(&guest.lock);
	if (task->generation == guest.generation)
		ioctl(guest.device, DEVICE_TASK_DELETE, (unsigned long)task->number);
	map_count = task->map_count;
	free(task);
	return map_count;
}

struct page_task *guest_task_find_current(void)
{
	if (switched_in_task)
		return switched_in_task;
	if (!own_task) {
		own_task = page_task_new("");
		if (!own_task)
			_exit(2);
		pthread_setspecific(guest.own_task_key, own_task);
	}
	return own_task;
}

void page_task_switch_in(struct page_task *task)
{
	switched_in_task = task;
}

void page_task_switch_out(struct page_task *task)
{
	(void)task;
	switched_in_task = NULL;
}

/* ---- mappings ---- */

bool guest_task_maps(const struct page_task *task, const void *addr)
{
	for (unsigned int i = 0; i < task->map_count; i++)
		if (task->maps[i] == addr)
			return true;
	return false;
}

bool guest_task_is_mapped_by_other(const struct page_task *current, const void *addr)
{
	bool is_mapped = false;

	pthread_mutex_lock(&guest.lock);
	for (const struct page_task *task = guest.tasks; task && !is_mapped; task = task->next)
		is_mapped = task != current && task->generation == guest.generation &&
			    guest_task_maps(task, addr);
	pthread_mutex_unlock(&guest.lock);
	return is_mapped;
}

void guest_task_add_mapping(struct page_task *task, void *addr)
{
	if (task->map_count < GUEST_TASK_MAPS_MAX)
		task->maps[task->map_count++] = addr;
}

void guest_task_remove_mapping(struct page_task *task, const void *addr)
{
	for (unsigned int i = task->map_count; i--;) {
		if (task->maps[i] != addr)
			continue;
		memmove(&task->maps[i], &task->maps[i + 1],
			(task->map_count - i - 1) * sizeof(task->maps[0]));
		task->map_count--;
		return;
	}
}

/* ---- threads of the kernel ---- */

const struct page_task *guest_task_find_by_pid(int pid)
{
	struct page_task *task;

	pthread_mutex_lock(&guest.lock);
	for (task = guest.tasks; task; task = task->next)
		if (task->generation == guest.generation &&
		    ioctl(guest.device, DEVICE_TASK_PID, (unsigned long)task->number) == pid)
			break;
	pthread_mutex_unlock(&guest.lock);
	return task;
}

int guest_device_run_call(struct device_call *call)
{
	return ioctl(guest.device, DEVICE_CALL_RUN, call);
}
