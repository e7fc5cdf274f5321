/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The device /dev/pagetorture (device.h). Each task is a kernel thread, which makes one call at a time:
 *
 * 1. The caller of the ioctl copies the call's buffer from user memory, wakes the task's thread, and waits.
 * 2. The thread makes the call (page_calls.c). fail_nth applies only while the thread makes the call.
 * 3. The caller copies the buffer back. If the kernel has ended the thread, the result is -EOWNERDEAD.
 *
 * Bytes on both sides of a buffer have a fixed value, so that a write outside of the buffer is found.
 */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "page_calls.h"

#define PAGES_MAX  4096
#define TASKS_MAX  1024
#define MAPS_MAX   64
#define GUARD      64
#define GUARD_BYTE 0x5c

static unsigned int repeat = 1;
module_param(repeat, uint, 0644);
MODULE_PARM_DESC(repeat, "make each repeatable call this many times in its place");

static char *bug = "";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "insert this bug into the page calls");

struct device_page {
	struct page *page;   /* NULL: the number was never used */
	int held_references; /* references that the open file must drop */
};

struct device_task {
	struct open_device *device;
	struct task_struct *thread;
	struct mutex lock; /* held by the caller of an ioctl that uses the task */
	wait_queue_head_t queue;
	struct completion end_of_call;
	bool has_call; /* the thread must make `call` */
	bool is_dead;  /* the kernel ended the thread, or the thread never returned from a call */
	struct device_call call;
	unsigned int fail_nth;
	void *maps[MAPS_MAX]; /* live mappings, oldest first */
	unsigned int map_count;
	u8 *guarded_buffer; /* GUARD bytes, PAGE_SIZE bytes, GUARD bytes */
};

/* An open file. */
struct open_device {
	struct mm_struct *mm;
	spinlock_t lock;        /* protects pages and next_page */
	struct mutex task_lock; /* protects tasks */
	struct device_page pages[PAGES_MAX];
	unsigned int next_page;
	struct device_task *tasks[TASKS_MAX];
};

/* ---- pages ---- */

static struct page *find_page(struct open_device *device, u32 number)
{
	return number < PAGES_MAX ? READ_ONCE(device->pages[number].page) : NULL;
}

/* Return: a number that no live page has, or a negative errno. */
static int add_page(struct open_device *device, struct page *page)
{
	int number = -ENOSPC;

	spin_lock(&device->lock);
	for (unsigned int i = 0; i < PAGES_MAX && number < 0; i++) {
		unsigned int candidate = (device->next_page + i) % PAGES_MAX;

		if (!device->pages[candidate].held_references)
			number = candidate;
	}
	if (number >= 0) {
		device->next_page = number + 1;
		device->pages[number] = (struct device_page){ .page = page, .held_references = 1 };
	}
	spin_unlock(&device->lock);
	return number;
}

static void add_to_held_references(struct open_device *device, u32 number, int change)
{
	spin_lock(&device->lock);
	device->pages[number].held_references += change;
	spin_unlock(&device->lock);
}

static gfp_t gfp_of_flags(u64 flags)
{
	gfp_t gfp = flags & DEVICE_GFP_ATOMIC ? GFP_ATOMIC :
		    flags & DEVICE_GFP_NOWAIT ? GFP_NOWAIT :
		    flags & DEVICE_GFP_NOIO   ? GFP_NOIO :
						GFP_KERNEL;

	if (flags & DEVICE_GFP_ZERO)
		gfp |= __GFP_ZERO;
	if (flags & DEVICE_GFP_HIGHMEM)
		gfp |= __GFP_HIGHMEM;
	if (flags & DEVICE_GFP_NOFAIL)
		gfp |= __GFP_NOFAIL;
	return gfp;
}

static long allocate_page(struct open_device *device, u64 flags)
{
	struct page *page = alloc_page(gfp_of_flags(flags));
	int number;

	if (!page)
		return -ENOMEM;
	number = add_page(device, page);
	if (number < 0)
		__free_page(page);
	return number;
}

static long free_page_of_program(struct open_device *device, struct page *page, u32 number)
{
	add_to_held_references(device, number, -1);
	__free_page(page);
	return 0;
}

static long get_page_of_program(struct open_device *device, struct page *page, u32 number)
{
	page_call_get(page);
	add_to_held_references(device, number, 1);
	return 0;
}

/* ---- mappings ---- */

static long map_page(struct device_task *task, struct device_call *call, struct page *page)
{
	void *addr = page_call_map(page);

	if (task->map_count < MAPS_MAX)
		task->maps[task->map_count++] = addr;
	call->addr = (unsigned long)addr;
	return 0;
}

static long unmap_page(struct device_task *task, const void *addr)
{
	unsigned int i = task->map_count;

	page_call_unmap(addr);
	while (i && task->maps[i - 1] != addr)
		i--;
	if (i && i == task->map_count)
		task->map_count--;
	return 0;
}

static void unmap_all_pages(struct device_task *task)
{
	while (task->map_count)
		page_call_unmap(task->maps[--task->map_count]);
}

/* ---- calls, in the task's thread ---- */

static long make_call(struct device_task *task, struct device_call *call, struct page *page)
{
	struct open_device *device = task->device;
	u8 *buffer = task->guarded_buffer + GUARD;
	void *addr = (void *)(unsigned long)call->addr;
	size_t buffer_length = min_t(u64, call->length, PAGE_SIZE);

	switch (call->id) {
	case DEVICE_alloc:
		return allocate_page(device, call->value);
	case DEVICE_get:
		return get_page_of_program(device, page, call->page);
	case DEVICE_free:
		return free_page_of_program(device, page, call->page);
	case DEVICE_ref_count:
		return page_ref_count(page);
	case DEVICE_map:
		return map_page(task, call, page);
	case DEVICE_unmap:
		return unmap_page(task, addr);
	case DEVICE_read_raw:
		return page_call_read_raw(page, buffer, call->offset, call->length);
	case DEVICE_write_raw:
		return page_call_write_raw(page, buffer, call->offset, call->length);
	case DEVICE_fill_zero:
		return page_call_fill_zero(page, call->offset, call->length);
	case DEVICE_read_bytewise:
		return page_call_read_bytewise(page, buffer, call->offset, call->length);
	case DEVICE_write_bytewise:
		return page_call_write_bytewise(page, buffer, call->offset, call->length);
	case DEVICE_copy:
		return page_call_copy(page, call->offset, find_page(device, call->source_page),
				      call->source_offset, call->length);
	case DEVICE_copy_from_user:
		return page_call_copy_from_user(page, (const void __user *)(unsigned long)call->user,
						call->left, call->offset, call->length);
	case DEVICE_load:
		page_call_load(buffer, addr, buffer_length);
		return 0;
	case DEVICE_store:
		page_call_store(addr, buffer, buffer_length);
		return 0;
	case DEVICE_load_atomic:
		call->value = page_call_load_atomic(addr, call->length);
		return 0;
	case DEVICE_store_atomic:
		page_call_store_atomic(addr, call->value, call->length);
		return 0;
	default:
		return -ENOTTY;
	}
}

static void set_current_fail_nth(unsigned int n)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = n;
#endif
}

static unsigned int get_current_fail_nth(void)
{
#ifdef CONFIG_FAULT_INJECTION
	return current->fail_nth;
#else
	return 0;
#endif
}

static const bool is_repeatable[DEVICE_CALL_COUNT] = {
#define DEVICE_CALL(id, repeatable) [DEVICE_##id] = repeatable,
	DEVICE_CALLS
#undef DEVICE_CALL
};

/*
 * How often the thread makes the call in its place. KCSAN may wait in each access, and a bytewise call has an
 * access for each byte.
 */
static unsigned int count_repetitions(const struct device_task *task)
{
	const struct device_call *call = &task->call;
	bool is_bytewise = call->id == DEVICE_read_bytewise || call->id == DEVICE_write_bytewise;

	if (!is_repeatable[call->id] || task->fail_nth)
		return 1;
	return is_bytewise ? max_t(u64, 1, repeat / (min_t(u64, call->length, PAGE_SIZE) / 8 + 1)) : repeat;
}

static void make_repeated_call_with_failures(struct device_task *task)
{
	struct device_call *call = &task->call;
	struct page *page = find_page(task->device, call->page);
	unsigned int count = count_repetitions(task);

	if (call->id == DEVICE_fail_nth) {
		call->result = task->fail_nth;
		task->fail_nth = call->value;
		return;
	}
	for (unsigned int i = 0; i < task->map_count; i++)
		page_call_flush(task->maps[i]);
	do {
		set_current_fail_nth(task->fail_nth);
		call->result = make_call(task, call, page);
		task->fail_nth = get_current_fail_nth();
		set_current_fail_nth(0);
	} while (count-- > 1);
}

static int run_task(void *argument)
{
	struct device_task *task = argument;

	kthread_use_mm(task->device->mm);
	while (!kthread_should_stop()) {
		wait_event_idle(task->queue, READ_ONCE(task->has_call) || kthread_should_stop());
		if (!READ_ONCE(task->has_call))
			continue;
		make_repeated_call_with_failures(task);
		WRITE_ONCE(task->has_call, false);
		complete(&task->end_of_call);
	}
	unmap_all_pages(task);
	kthread_unuse_mm(task->device->mm);
	return 0;
}

/* ---- calls, in the process ---- */

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

static long run_call_in_task(struct device_task *task, struct device_call *call)
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

static bool is_valid_call(struct open_device *device, const struct device_call *call)
{
	bool needs_page = call->id != DEVICE_alloc && call->id != DEVICE_unmap && call->id < DEVICE_load;
	bool is_atomic = call->id == DEVICE_load_atomic || call->id == DEVICE_store_atomic;

	return call->id < DEVICE_CALL_COUNT && call->task < TASKS_MAX && device->tasks[call->task] &&
	       (!needs_page || call->id == DEVICE_load || find_page(device, call->page)) &&
	       (call->id != DEVICE_copy || find_page(device, call->source_page)) &&
	       (!is_atomic || (call->length <= 8 && hweight64(call->length) == 1));
}

static long run_call(struct open_device *device, struct device_call __user *user_call)
{
	struct device_call call;
	struct device_task *task;
	long result;

	if (copy_from_user(&call, user_call, sizeof(call)))
		return -EFAULT;
	if (!is_valid_call(device, &call))
		return -EINVAL;
	task = device->tasks[call.task];
	if (mutex_lock_killable(&task->lock))
		return -EINTR;
	result = run_call_in_task(task, &call);
	mutex_unlock(&task->lock);
	if (result == -EOWNERDEAD) {
		call.result = result;
		result = 0;
	}
	if (!result && copy_to_user(user_call, &call, sizeof(call)))
		result = -EFAULT;
	return result;
}

/* ---- tasks ---- */

/*
 * Ends the task's thread, which unmaps its pages. A thread that the kernel ended, or that never returns from
 * a call, may still use the task's memory, so this memory is not freed.
 */
static void delete_task(struct device_task *task)
{
	if (task->is_dead)
		return;
	kthread_stop(task->thread);
	put_task_struct(task->thread);
	kfree(task->guarded_buffer);
	kfree(task);
}

static struct device_task *new_task(struct open_device *device, unsigned int number)
{
	struct device_task *task = kzalloc(sizeof(*task), GFP_KERNEL);

	if (!task)
		return NULL;
	task->device = device;
	mutex_init(&task->lock);
	init_waitqueue_head(&task->queue);
	init_completion(&task->end_of_call);
	task->guarded_buffer = kmalloc(PAGE_SIZE + 2 * GUARD, GFP_KERNEL);
	task->thread = kthread_create(run_task, task, "page-task-%u", number);
	if (!task->guarded_buffer || IS_ERR(task->thread)) {
		if (!IS_ERR(task->thread))
			kthread_stop(task->thread);
		kfree(task->guarded_buffer);
		kfree(task);
		return NULL;
	}
	get_task_struct(task->thread);
	wake_up_process(task->thread);
	return task;
}

static long add_task(struct open_device *device)
{
	long number = 0;

	mutex_lock(&device->task_lock);
	while (number < TASKS_MAX && device->tasks[number])
		number++;
	if (number < TASKS_MAX)
		device->tasks[number] = new_task(device, number);
	if (number == TASKS_MAX || !device->tasks[number])
		number = -ENOMEM;
	mutex_unlock(&device->task_lock);
	return number;
}

static long remove_task(struct open_device *device, unsigned long number)
{
	struct device_task *task = NULL;

	mutex_lock(&device->task_lock);
	if (number < TASKS_MAX) {
		task = device->tasks[number];
		device->tasks[number] = NULL;
	}
	mutex_unlock(&device->task_lock);
	if (!task)
		return -EINVAL;
	delete_task(task);
	return 0;
}

static long get_task_pid_of_thread(struct open_device *device, unsigned long number)
{
	long pid = -EINVAL;

	mutex_lock(&device->task_lock);
	if (number < TASKS_MAX && device->tasks[number])
		pid = task_pid_nr(device->tasks[number]->thread);
	mutex_unlock(&device->task_lock);
	return pid;
}

/* ---- the device ---- */

static long get_features(void)
{
	long features = DEVICE_HAS_FEATURES;

	if (IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC) && IS_ENABLED(CONFIG_FAULT_INJECTION_USERCOPY))
		features |= DEVICE_HAS_FAILURE_POINTS;
	if (IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP))
		features |= DEVICE_HAS_FORCED_MAPS;
	if (IS_ENABLED(CONFIG_DEBUG_VM))
		features |= DEVICE_HAS_REFERENCE_CHECKS;
	if (IS_ENABLED(CONFIG_KCSAN))
		features |= DEVICE_HAS_KCSAN;
	if (IS_ENABLED(CONFIG_KASAN))
		features |= DEVICE_HAS_KASAN;
	return features;
}

static long run_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct open_device *device = file->private_data;

	if (current->mm != device->mm)
		return -EPERM;
	switch (command) {
	case DEVICE_CALL_RUN:
		return run_call(device, (struct device_call __user *)argument);
	case DEVICE_TASK_NEW:
		return add_task(device);
	case DEVICE_TASK_DELETE:
		return remove_task(device, argument);
	case DEVICE_TASK_PID:
		return get_task_pid_of_thread(device, argument);
	case DEVICE_GET_FEATURES:
		return get_features();
	default:
		return -ENOTTY;
	}
}

static int open_device(struct inode *inode, struct file *file)
{
	struct open_device *device = kvzalloc(sizeof(*device), GFP_KERNEL);

	if (!device)
		return -ENOMEM;
	device->mm = current->mm;
	mmget(device->mm);
	spin_lock_init(&device->lock);
	mutex_init(&device->task_lock);
	file->private_data = device;
	return 0;
}

/* A dead task may still use the pages and the address space, which then stay as they are. */
static int release_device(struct inode *inode, struct file *file)
{
	struct open_device *device = file->private_data;
	bool has_dead_task = false;

	for (unsigned int i = 0; i < TASKS_MAX; i++) {
		if (!device->tasks[i])
			continue;
		has_dead_task |= device->tasks[i]->is_dead;
		delete_task(device->tasks[i]);
	}
	if (has_dead_task)
		return 0;
	for (unsigned int i = 0; i < PAGES_MAX; i++)
		while (device->pages[i].held_references-- > 0)
			__free_page(device->pages[i].page);
	mmput(device->mm);
	kvfree(device);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = open_device,
	.release = release_device,
	.unlocked_ioctl = run_ioctl,
};

static struct miscdevice misc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pagetorture",
	.fops = &operations,
};

static const char *const bug_names[] = { [KERNEL_BUG_none] = "",
#define KERNEL_BUG(id, description) [KERNEL_BUG_##id] = #id,
					 KERNEL_BUGS
#undef KERNEL_BUG
};

static int __init start_module(void)
{
	int index = match_string(bug_names, ARRAY_SIZE(bug_names), bug);

	if (index < 0) {
		pr_err("pagetorture: bug=%s: expected a bug of device.h\n", bug);
		return -EINVAL;
	}
	page_calls_bug = index;
	return misc_register(&misc_device);
}
module_init(start_module);

static void __exit end_module(void)
{
	misc_deregister(&misc_device);
}
module_exit(end_module);

MODULE_LICENSE("Dual BSD/GPL");
MODULE_DESCRIPTION("Makes page calls in kernel threads");
