/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Calls of fuzz_api for tasks: names, the current task, the hook, switches. */
#include "fuzz/api.h"

#include <string.h>

static struct page_task *return_hook_task(void)
{
	return api_hook == HOOK_RETURNS_TASK ? api_hook_task->task : NULL;
}

void api_set_library_hook(void)
{
	page_task_hook_set(api_hook == HOOK_NOT_SET ? NULL : return_hook_task);
}

static struct model_task *get_task_of_slot(const struct api_call *call)
{
	return &api_tasks[1 + call->slot_index];
}

/* ---- names ---- */

/* The library keeps the first 23 bytes. [P228] */
static const struct {
	const char *given, *kept;
} names[] = {
	{ "", "" },
	{ "t", "t" },
	{ "a name of 22 bytes....", "a name of 22 bytes...." },
	{ "a name of 23 bytes.....", "a name of 23 bytes....." },
	{ "a name of 24 bytes......", "a name of 24 bytes....." },
	{ "%s%n, a name of more than twice 24 bytes, which is cut", "%s%n, a name of more th" },
};

#define NAMES (sizeof(names) / sizeof(*names))

/* Stops the task that runs, and continues @next, as a scheduler of fibers does. NULL is the own task. [P245]
 */
static void switch_to(struct model_task *next, bool use_null)
{
	struct model_task *last = api_switched_in;

	page_task_switch_out(last == api_tasks && use_null ? NULL : last->task);
	last->is_out = true;
	page_task_switch_in(next == api_tasks && use_null ? NULL : next->task);
	next->is_out = false;
	api_switched_in = next;
}

/* ---- the start and the end of a task ---- */

static void delete_task(struct model_task *task)
{
	unsigned int removed;

	if (!task->task)
		return;
	if (api_hook_task == task) {
		api_hook = HOOK_NOT_SET;
		api_hook_task = NULL;
		api_set_library_hook();
	}
	api_forget_last_unmap();
	removed = page_task_delete(task->task);
	/* [P234] */
	api_expect(removed == task->depth, "page_task_delete removed %u mappings, expected %u", removed,
		   task->depth);
	if (api_switched_in == task)
		api_switched_in = api_tasks;
	*task = (struct model_task){ 0 };
}

/* A new task has no mappings, no count of fail_nth and no setting of make_it_fail. [P227] [P292] */
static void check_new_task_inherits_nothing(struct model_task *task)
{
	enum model_hook hook = api_hook;
	struct model_task *hook_task = api_hook_task;

	api_hook = HOOK_RETURNS_TASK;
	api_hook_task = task;
	api_set_library_hook();
	/* [P237] */
	api_expect(page_task_current() == task->task, "the task of the hook is not the current task");
	api_expect(!page_fail_nth(0), "a new task has a count of fail_nth");
	api_expect(!page_task_make_it_fail(false), "a new task has the setting of make_it_fail");
	api_hook = hook;
	api_hook_task = hook_task;
	api_set_library_hook();
}

/* The creator has requests while it creates the task. */
static void create_task(struct model_task *task, size_t name)
{
	const struct model_task *creator;

	delete_task(task);
	creator = api_current_task();
	api_expect(page_fail_nth(3) == creator->fail_nth && page_task_make_it_fail(true) == creator->may_fail,
		   "page_fail_nth or page_task_make_it_fail did not return the previous setting");
	task->task = page_task_new(names[name].given);
	api_expect(page_fail_nth(creator->fail_nth) == 3 && page_task_make_it_fail(creator->may_fail),
		   "page_fail_nth or page_task_make_it_fail did not return the setting before");
	api_expect(task->task, "page_task_new failed");
	task->name = names[name].kept;
	check_new_task_inherits_nothing(task);
}

void api_run_task_new(const struct api_call *call)
{
	struct model_task *task = get_task_of_slot(call);
	size_t name = call->numbers[0] % NAMES;

	create_task(task, name);
}

/* A task that runs with mappings, so that the next calls need not make them. */
void api_run_task_busy(const struct api_call *call)
{
	struct model_task *task = get_task_of_slot(call);
	struct model_page *page = api_get_or_alloc_page(call);

	create_task(task, 1);
	if (api_hook == HOOK_RETURNS_TASK)
		return;
	switch_to(task, call->numbers[0] & 1);
	for (uint64_t n = 1 + call->numbers[0] / 2 % 8; n; n--)
		api_map_page(page);
}

void api_run_task_delete(const struct api_call *call)
{
	delete_task(get_task_of_slot(call));
	/* [P231] */
	api_expect(!page_task_delete(NULL), "page_task_delete(NULL) removed mappings");
}

void api_delete_all_tasks(void)
{
	struct model_task *own = &api_tasks[0];

	for (struct model_task *task = api_tasks + 1; task < api_tasks + MODEL_TASKS; task++)
		delete_task(task);
	api_hook = HOOK_NOT_SET;
	api_hook_task = NULL;
	api_set_library_hook();
	api_forget_last_unmap();
	api_switched_in = own;
	page_task_switch_in(NULL);
	own->is_out = false;
	while (own->depth) {
		page_unmap_local(own->mappings[own->depth - 1].addr);
		api_pop_mapping();
	}
	page_fail_nth(0);
	page_task_make_it_fail(false);
	own->fail_nth = 0;
	own->may_fail = false;
}

/* ---- the current task ---- */

/* The last task is not switched out, so its mappings stay valid. [P238] [P249] */
static void continue_without_stop(struct model_task *next, bool use_null)
{
	page_task_switch_in(next == api_tasks && use_null ? NULL : next->task);
	next->is_out = false;
	api_switched_in = next;
}

/* Without a task in the slot, the thread's own task continues. */
void api_run_task_switch(const struct api_call *call)
{
	struct model_task *next = get_task_of_slot(call);

	/* A task that runs by the hook must not be switched out. */
	if (api_hook == HOOK_RETURNS_TASK && api_hook_task == api_switched_in)
		return;
	if (!next->task || call->numbers[0] % 4 == 3)
		next = api_tasks;
	if (call->numbers[0] / 4 % 4 == 3)
		continue_without_stop(next, call->numbers[0] % 2);
	else
		switch_to(next, call->numbers[0] % 2);
}

void api_run_task_hook(const struct api_call *call)
{
	struct model_task *task = get_task_of_slot(call);

	api_hook_task = NULL;
	api_hook = call->numbers[0] % 4 == 0 ? HOOK_NOT_SET : HOOK_KNOWS_NO_TASK;
	if (call->numbers[0] % 4 >= 2 && task->task && !task->is_out) {
		api_hook = HOOK_RETURNS_TASK;
		api_hook_task = task;
	}
	api_set_library_hook();
}
