/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The device /dev/pagetorture (device.h): an open file has tasks (device_task.c), which make calls, and
 * numbered pages, which the calls use.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "device_task.h"
#include "numbered_pages.h"
#include "page_calls.h"

#define TASKS_MAX 1024

static char *bug = "";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "insert this bug into the page calls");

/* An open file. */
struct open_device {
	struct mm_struct *mm;
	struct numbered_pages pages;
	struct mutex lock; /* protects tasks */
	struct device_task *tasks[TASKS_MAX];
};

/* ---- calls ---- */

static bool is_valid_call(struct open_device *device, const struct device_call *call)
{
	struct numbered_pages *pages = &device->pages;
	bool needs_page = call->id != DEVICE_alloc && call->id != DEVICE_unmap && call->id < DEVICE_load;
	bool is_atomic = call->id == DEVICE_load_atomic || call->id == DEVICE_store_atomic;

	return call->id < DEVICE_CALL_COUNT && call->task < TASKS_MAX && device->tasks[call->task] &&
	       (!needs_page || call->id == DEVICE_load || numbered_pages_find(pages, call->page)) &&
	       (call->id != DEVICE_copy || numbered_pages_find(pages, call->source_page)) &&
	       (!is_atomic || (call->length <= 8 && hweight64(call->length) == 1));
}

static long run_call(struct open_device *device, struct device_call __user *user_call)
{
	struct device_call call;
	long result;

	if (copy_from_user(&call, user_call, sizeof(call)))
		return -EFAULT;
	if (!is_valid_call(device, &call))
		return -EINVAL;
	result = device_task_run_call(device->tasks[call.task], &call);
	if (!result && copy_to_user(user_call, &call, sizeof(call)))
		result = -EFAULT;
	return result;
}

/* ---- tasks ---- */

static long add_task(struct open_device *device)
{
	long number = 0;

	mutex_lock(&device->lock);
	while (number < TASKS_MAX && device->tasks[number])
		number++;
	if (number < TASKS_MAX)
		device->tasks[number] = device_task_new(device->mm, &device->pages, number);
	if (number == TASKS_MAX || !device->tasks[number])
		number = -ENOMEM;
	mutex_unlock(&device->lock);
	return number;
}

static long remove_task(struct open_device *device, unsigned long number)
{
	struct device_task *task = NULL;

	mutex_lock(&device->lock);
	if (number < TASKS_MAX) {
		task = device->tasks[number];
		device->tasks[number] = NULL;
	}
	mutex_unlock(&device->lock);
	if (!task)
		return -EINVAL;
	device_task_delete(task);
	return 0;
}

static long get_pid_of_task(struct open_device *device, unsigned long number)
{
	long pid = -EINVAL;

	mutex_lock(&device->lock);
	if (number < TASKS_MAX && device->tasks[number])
		pid = device_task_get_pid(device->tasks[number]);
	mutex_unlock(&device->lock);
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
		return get_pid_of_task(device, argument);
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
	numbered_pages_init(&device->pages);
	mutex_init(&device->lock);
	file->private_data = device;
	return 0;
}

/* A task that was not deleted may still use the pages and the address space, which then stay as they are. */
static int release_device(struct inode *inode, struct file *file)
{
	struct open_device *device = file->private_data;
	bool has_dead_task = false;

	for (unsigned int i = 0; i < TASKS_MAX; i++)
		if (device->tasks[i] && !device_task_delete(device->tasks[i]))
			has_dead_task = true;
	if (has_dead_task)
		return 0;
	numbered_pages_free_all(&device->pages);
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
