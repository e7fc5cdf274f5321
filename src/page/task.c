/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/task.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "page/fork.h"
#include "page/map.h"
#include "page/report.h"

_Thread_local struct page_task *task_switched_in __attribute__((tls_model("initial-exec")));
_Thread_local struct page_task *task_own __attribute__((tls_model("initial-exec")));
_Thread_local bool task_may_be_nearly_full __attribute__((tls_model("initial-exec")));
_Atomic(page_task_current_fn) task_hook;
atomic_bool task_has_hook;

/* The task to which task_own points. A thread-local variable needs no allocation and no free. */
static _Thread_local struct page_task own_task __attribute__((tls_model("initial-exec")));

/* The list of all tasks that may have mappings (guarantee 4 of task.h). */
static struct {
	struct sync_spinlock lock;
	struct page_task *first;
} tasks = { .lock = SYNC_LOCK_INIT };

static pthread_once_t own_task_key_once = PTHREAD_ONCE_INIT;
static pthread_key_t own_task_key;

/* ---- the list of tasks; callers of these functions are in a hidden section ---- */

NO_COVERAGE void task_list_lock(void)
{
	sync_spin_lock(&tasks.lock);
}

NO_COVERAGE void task_list_unlock(void)
{
	sync_spin_unlock(&tasks.lock);
}

/* Return: false without memory for the handlers of fork(). */
static bool add_to_task_list(struct page_task *task)
{
	if (!fork_install_handlers())
		return false;
	task_list_lock();
	task->next = tasks.first;
	tasks.first = task;
	task_list_unlock();
	return true;
}

static void remove_from_task_list(struct page_task *task)
{
	struct page_task **link = &tasks.first;

	task_list_lock();
	while (*link != task)
		link = &(*link)->next;
	*link = task->next;
	task_list_unlock();
}

static unsigned int unmap_all_mappings(struct page_task *task)
{
	unsigned int count = task->depth;

	while (task->depth)
		map_backend->unmap(task, task->live[--task->depth].addr);
	return count;
}

/* ---- a thread's own task ---- */

static void unmap_and_remove_thread_task(void *arg)
{
	struct page_task *task = arg;

	sync_hidden_begin();
	unmap_all_mappings(task);
	map_backend->task_deleted(task);
	remove_from_task_list(task);
	task_own = NULL;
	task_switched_in = NULL;
	sync_hidden_end();
}

/* The thread-local variables of these threads still exist, but a new thread of the child may get them. */
NO_COVERAGE void task_delete_those_of_other_threads(void)
{
	struct page_task *task = tasks.first;

	sync_hidden_begin();
	while (task) {
		struct page_task *next = task->next;

		if (task->is_of_thread && task != task_own) {
			map_backend->task_deleted(task);
			remove_from_task_list(task);
		}
		task = next;
	}
	sync_hidden_end();
}

/* When a thread ends, the destructor of the key removes the thread's own task from the list of tasks. */
static void create_own_task_key(void)
{
	if (pthread_key_create(&own_task_key, unmap_and_remove_thread_task))
		abort();
}

struct page_task *task_create_own(void)
{
	struct page_task *task = &own_task;

	sync_hidden_begin();
	snprintf(task->name, sizeof(task->name), "thread %ld", (long)syscall(SYS_gettid));
	pthread_once(&own_task_key_once, create_own_task_key);
	if (pthread_setspecific(own_task_key, task) || !add_to_task_list(task))
		abort();
	task->is_of_thread = true;
	task_own = task;
	sync_hidden_end();
	return task;
}

/* ---- functions of page.h ---- */

struct page_task *page_task_new(const char *name)
{
	struct page_task *task = calloc(1, sizeof(*task));
	bool is_added;

	if (!task)
		return NULL;
	sync_hidden_begin();
	snprintf(task->name, sizeof(task->name), "%s", name);
	is_added = add_to_task_list(task);
	sync_hidden_end();
	if (is_added)
		return task;
	free(task);
	return NULL;
}

unsigned int page_task_delete(struct page_task *task)
{
	unsigned int ended_count;

	if (!task)
		return 0;
	sync_hidden_begin();
	if (task_switched_in == task)
		task_switched_in = NULL;
	task_may_be_nearly_full = true;
	ended_count = unmap_all_mappings(task);
	map_backend->task_deleted(task);
	remove_from_task_list(task);
	sync_hidden_end();
	free(task);
	return ended_count;
}

const char *page_task_name(const struct page_task *task)
{
	return task->name;
}

NO_SANITIZE_THREAD unsigned int page_task_depth(const struct page_task *task)
{
	return task->depth;
}

NO_SANITIZE_THREAD unsigned int task_depth_and_update_flag(void)
{
	const struct page_task *task = task_find();
	unsigned int depth = task ? task->depth : 0;

	task_may_be_nearly_full = depth >= PAGE_TASK_MAPPINGS - 1;
	return depth;
}

struct page_task *page_task_current(void)
{
	return task_get_or_create_current();
}

void page_task_hook_set(page_task_current_fn hook)
{
	atomic_store_explicit(&task_hook, hook, memory_order_relaxed);
	atomic_store_explicit(&task_has_hook, hook, memory_order_relaxed);
}

static inline struct page_task *get_task_or_own(struct page_task *task)
{
	if (task)
		return task;
	return task_own ? task_own : task_create_own();
}

NO_SANITIZE_THREAD void page_task_switch_out(struct page_task *task)
{
	task = get_task_or_own(task);
	task_switched_in = NULL;
	task_may_be_nearly_full = true;
	if (task->depth)
		map_backend->switch_out(task);
}

NO_SANITIZE_THREAD void page_task_switch_in(struct page_task *task)
{
	task = get_task_or_own(task);
	task_switched_in = task;
	task_may_be_nearly_full = task->depth >= PAGE_TASK_MAPPINGS - 1;
	if (task->depth)
		map_backend->switch_in(task);
}

/* ---- search for mappings ---- */

NO_SANITIZE_THREAD NO_SANITIZE_ADDRESS NO_COVERAGE bool mapping_page_is_live(const struct mapping *mapping)
{
	const struct page *page = mapping->page;

	return page->generation == mapping->generation &&
	       atomic_load_explicit(&page->refs, memory_order_relaxed);
}

NO_COVERAGE void task_for_each_mapping(const struct page *page, void (*fn)(void *addr))
{
	sync_hidden_begin();
	task_list_lock();
	for (struct page_task *task = tasks.first; task; task = task->next)
		for (unsigned int i = 0; i < task->depth; i++)
			if (task->live[i].page == page)
				fn(task->live[i].addr);
	task_list_unlock();
	sync_hidden_end();
}

void task_for_each_unlocked(void (*fn)(struct page_task *task))
{
	for (struct page_task *task = tasks.first; task; task = task->next)
		fn(task);
}

/* Return: the newest mapping of @task that contains @addr; NULL if there is none. */
static const struct mapping *find_mapping_in_task(const struct page_task *task, const void *addr)
{
	for (unsigned int i = task->depth; i-- > 0;)
		if ((uintptr_t)addr - (uintptr_t)task->live[i].addr < PAGE_SIZE)
			return &task->live[i];
	return NULL;
}

static const struct mapping *find_mapping_in_any_task(const void *addr, const struct page_task **owner)
{
	const struct mapping *found = NULL;

	task_list_lock();
	for (*owner = tasks.first; *owner; *owner = (*owner)->next) {
		found = find_mapping_in_task(*owner, addr);
		if (found)
			break;
	}
	task_list_unlock();
	return found;
}

/* ---- reports ---- */

void task_bug_freed(const struct page *page, struct call_site site)
{
	page_bug("use-after-free", "%s of the freed page %p by %s at %p", site.name, (const void *)page,
		 task_get_or_create_current()->name, site.from);
}

void task_bug_overflow(const struct page *page, struct call_site site)
{
	const struct page_task *task = task_get_or_create_current();
	const struct mapping *newest = &task->live[task->depth - 1];

	page_bug("map-overflow",
		 "%s of page %p by %s at %p: it has %u of %d mappings, the newest of page %p, "
		 "mapped at %p",
		 site.name, (const void *)page, task->name, site.from, task->depth, PAGE_TASK_MAPPINGS,
		 (const void *)newest->page, newest->site);
}

static _Noreturn void bug_unmapped(const void *addr, struct call_site site)
{
	const void *canonical = map_backend->canonical(addr);

	if (canonical)
		page_bug("use-after-unmap", "%s of %p, page %p, by %s at %p: no mapping is there", site.name,
			 addr, (const void *)arena_page(canonical), task_get_or_create_current()->name,
			 site.from);
	page_bug("foreign-map", "%s of %p by %s at %p: no page was ever mapped there", site.name, addr,
		 task_get_or_create_current()->name, site.from);
}

void task_bug_unmap(const void *addr, struct call_site site)
{
	const struct page_task *self = task_get_or_create_current(), *owner = self;
	struct mapping mapping = { .addr = NULL }, newest;
	const struct mapping *found;

	sync_hidden_begin();
	found = find_mapping_in_task(self, addr);
	if (!found)
		found = find_mapping_in_any_task(addr, &owner);
	if (found)
		mapping = *found;
	newest = self->live[self->depth ? self->depth - 1 : 0];
	sync_hidden_end();
	if (!found)
		bug_unmapped(addr, site);
	if (owner == self)
		page_bug("unmap-order",
			 "%s of page %p at %p by %s at %p: mapped at %p, but page %p was mapped "
			 "later at %p",
			 site.name, (const void *)mapping.page, addr, self->name, site.from, mapping.site,
			 (const void *)newest.page, newest.site);
	page_bug("foreign-map", "%s of page %p at %p by %s at %p: mapped by %s at %p", site.name,
		 (const void *)mapping.page, addr, self->name, site.from, owner->name, mapping.site);
}
