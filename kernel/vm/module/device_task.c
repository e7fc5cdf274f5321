/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "device_task.h"

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "task_calls.h"

#define GUARD      64
#define GUARD_BYTE 0x5c

struct device_task {
	struct mm_struct *mm;
	struct task_struct *thread;
	struct mutex lock; /* held by the caller whose call the thread makes */
	wait_queue_head_t queue;
	struct completion end_of_call;
	bool has_call; /* the thread must make `call` */
	bool is_dead;  /* the kernel ended the thread, or the thread never returned from a call */
	struct device_call call;
	struct task_calls calls;
	u8 *guarded_buffer; /* GUARD bytes, PAGE_SIZE bytes, GUARD bytes */
};

/* ---- the thread ---- */

static int run_task(void *argument)
{
	struct device_task *task = argument;

	kthread_use_mm(task->mm);
	while (!kthread_should_stop()) {
		wait_event_idle(task->queue, READ_ONCE(task->has_call) || kthread_should_stop());
		if (!READ_ONCE(task->has_call))
			continue;
		task_calls_make(&task->calls, &task->call);
		WRITE_ONCE(task->has_call, false);
		complete(&task->end_of_call);
	}
	task_calls_unmap_all(&task->calls);
	kthread_unuse_mm(task->mm);
	return 0;
}

/* ---- its callers ---- */

static bool thread_has_ended(const struct device_task *task)
{
	return READ_ONCE(task->thread->exit_state) || READ_ONCE(task->thread->flags) & PF_EXITING;
}

/* Return: 0; -EOWNERDEAD: the kernel ended the thread; -EINTR: the process was killed. */
static long wait_for_thread(struct device_task *task)
{
	long left;

	do {
		left = wait_for_completion_killable_timeout(&task->end_of_call, HZ / 20);
		if (left < 0 || (!left && thread_has_ended(task)))
			task->is_dead = true;
	} while (!left && !task->is_dead);
	if (!task->is_dead)
		return 0;
	return left < 0 ? -EINTR : -EOWNERDEAD;
}

static bool has_overwritten_guard(const struct device_task *task, size_t buffer_length)
{
	const u8 *buffer = task->guarded_buffer + GUARD;

	return memchr_inv(task->guarded_buffer, GUARD_BYTE, GUARD) ||
	       memchr_inv(buffer + buffer_length, GUARD_BYTE, GUARD);
}

static bool is_read(u32 id)
{
	return id == DEVICE_read_raw || id == DEVICE_read_bytewise || id == DEVICE_load;
}

static bool is_write(u32 id)
{
	return id == DEVICE_write_raw || id == DEVICE_write_bytewise || id == DEVICE_store;
}

static long copy_call_into_task(struct device_task *task, const struct device_call *call)
{
	size_t length = min_t(u64, call->length, PAGE_SIZE);

	memset(task->guarded_buffer, GUARD_BYTE, PAGE_SIZE + 2 * GUARD);
	if (is_write(call->id) && copy_from_user(task->guarded_buffer + GUARD,
						 (const void __user *)(unsigned long)call->user, length))
		return -EFAULT;
	task->call = *call;
	return 0;
}

static long copy_call_out_of_task(struct device_task *task, struct device_call *call)
{
	size_t length = min_t(u64, call->length, PAGE_SIZE);

	if (has_overwritten_guard(task, is_read(call->id) || is_write(call->id) ? length : 0))
		pr_warn("WARNING: pagetorture: a call wrote outside of its buffer\n");
	*call = task->call;
	if (is_read(call->id) && !call->result &&
	    copy_to_user((void __user *)(unsigned long)call->user, task->guarded_buffer + GUARD, length))
		return -EFAULT;
	return 0;
}

static long run_call_of_caller(struct device_task *task, struct device_call *call)
{
	long result;

	if (task->is_dead)
		return -EOWNERDEAD;
	result = copy_call_into_task(task, call);
	if (result)
		return result;
	WRITE_ONCE(task->has_call, true);
	wake_up(&task->queue);
	result = wait_for_thread(task);
	return result ? result : copy_call_out_of_task(task, call);
}

long device_task_run_call(struct device_task *task, struct device_call *call)
{
	long result;

	if (mutex_lock_killable(&task->lock))
		return -EINTR;
	result = run_call_of_caller(task, call);
	mutex_unlock(&task->lock);
	if (result != -EOWNERDEAD)
		return result;
	call->result = result;
	return 0;
}

/* ---- lifetime ---- */

static void free_task_memory(struct device_task *task)
{
	kfree(task->guarded_buffer);
	kfree(task);
}

struct device_task *device_task_new(struct mm_struct *mm, struct numbered_pages *pages, unsigned int number)
{
	struct device_task *task = kzalloc(sizeof(*task), GFP_KERNEL);

	if (!task)
		return NULL;
	task->mm = mm;
	mutex_init(&task->lock);
	init_waitqueue_head(&task->queue);
	init_completion(&task->end_of_call);
	task->guarded_buffer = kmalloc(PAGE_SIZE + 2 * GUARD, GFP_KERNEL);
	task->calls = (struct task_calls){ .pages = pages, .buffer = task->guarded_buffer + GUARD };
	task->thread = kthread_create(run_task, task, "page-task-%u", number);
	if (!task->guarded_buffer || IS_ERR(task->thread)) {
		if (!IS_ERR(task->thread))
			kthread_stop(task->thread);
		free_task_memory(task);
		return NULL;
	}
	get_task_struct(task->thread);
	wake_up_process(task->thread);
	return task;
}

bool device_task_delete(struct device_task *task)
{
	if (task->is_dead)
		return false;
	kthread_stop(task->thread);
	put_task_struct(task->thread);
	free_task_memory(task);
	return true;
}

long device_task_get_pid(const struct device_task *task)
{
	return task_pid_nr(task->thread);
}
