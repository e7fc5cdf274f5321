/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tasks: the owners of mappings.
 *
 * Guarantees (R3, R5, R6):
 *
 *   1. A task's state is written only by the task itself, on the thread that runs it;
 *      making and ending a mapping takes no lock and writes no memory that another
 *      task writes.
 *   2. ThreadSanitizer sees none of it: a task's stack neither orders nor races, also
 *      where tasks that it takes for threads of their own share one OS thread.
 *   3. Mappings are a stack. The newest is the only one that may end; a 17th, an older
 *      one, another task's and one that has ended are distinguished and reported with
 *      both tasks and both sites.
 *   4. The list of all tasks serves reports, and a backend that must find the mappings
 *      of a freed page. It has a hidden lock of its own; what a reader finds in
 *      another task's stack may be older than the moment, never torn.
 *
 * Everything in this header but the bug functions is on the good path.
 */
#ifndef LIBPAGE_TASK_H
#define LIBPAGE_TASK_H

#include "page/arena.h"
#include "page/page.h"
#include "page/sync.h"

struct alias_set;

struct mapping {
	void *addr; /* of byte 0 */
	struct page *page;
	uint32_t generation;	  /* of the page, when it was mapped */
	const void *site; /* the call that mapped it: a return address */
};

struct page_task {
	unsigned int depth;
	unsigned int fail_nth; /* 0: off */
	bool make_it_fail;     /* fault injection's task filter lets it through */
	struct alias_set *aliases; /* the alias backend's; NULL until the first mapping */
	struct page_task *next;	   /* in the list of all tasks */
	struct mapping live[PAGE_TASK_MAPPINGS];
	char name[PAGE_TASK_NAME];
};

/* What runs on this thread, as far as page_task_switch_in() said; NULL: its own task. */
extern _Thread_local struct page_task *task_running __attribute__((tls_model("initial-exec")));

/* The thread's own task, once it has one. */
extern _Thread_local struct page_task *task_adopted __attribute__((tls_model("initial-exec")));

extern _Atomic(page_task_current_fn) task_hook;
extern atomic_bool task_hooked; /* there is one */

/* The thread's own task, made and listed when it has none. */
struct page_task *task_adopt(void);

/* Return: the current task; NULL: a thread that never had to have one. */
static inline NO_SANITIZE_THREAD struct page_task *task_find(void)
{
	page_task_current_fn hook = atomic_load_explicit(&task_hook, memory_order_relaxed);
	struct page_task *task = NULL;

	if (unlikely(hook))
		task = hook();
	if (!task)
		task = task_running;
	return task ? task : task_adopted;
}

static inline struct page_task *task_current(void)
{
	struct page_task *task = task_find();

	return likely(task) ? task : task_adopt();
}

/*
 * May the current task have less than two mappings left? Kept apart from the tasks, so
 * that a raw call pays one look at its own thread's memory; true is always allowed, and
 * task_depth() puts it right.
 */
extern _Thread_local bool task_crowded __attribute__((tls_model("initial-exec")));

static inline NO_SANITIZE_THREAD bool task_may_be_full(void)
{
	return task_crowded | atomic_load_explicit(&task_hooked, memory_order_relaxed);
}

/* Mappings of the current task. */
unsigned int task_depth(void);

/* ---- the stack ---- */

static inline NO_SANITIZE_THREAD bool task_has_room(const struct page_task *task)
{
	return task->depth < PAGE_TASK_MAPPINGS;
}

static inline NO_SANITIZE_THREAD void task_push(struct page_task *task, void *addr, struct page *page,
					 const void *site)
{
	task->live[task->depth] = (struct mapping){ addr, page, page->generation, site };
	if (unlikely(++task->depth >= PAGE_TASK_MAPPINGS - 1))
		task_crowded = true;
}

/* Return: byte 0 of the newest mapping if @addr is inside of it, now ended; else NULL. */
static inline NO_SANITIZE_THREAD void *task_pop(struct page_task *task, const void *addr)
{
	void *newest;

	if (unlikely(!task->depth))
		return NULL;
	newest = task->live[task->depth - 1].addr;
	if (unlikely((uintptr_t)addr - (uintptr_t)newest >= PAGE_SIZE))
		return NULL;
	task->depth--;
	return newest;
}

/* Return: whether the page of the mapping is live, in the same allocation of its frame. */
bool mapping_page_is_live(const struct mapping *mapping);

/* Calls @fn for each mapping of @page that any task has. */
void task_each_mapping(const struct page *page, void (*fn)(void *addr));

/* Calls @fn for each task, on whatever thread; in a hidden section. */
void task_each(void (*fn)(struct page_task *task));

/* ---- reports ---- */

/* A call of the library: its name, and where it returns to. */
struct call_site {
	const char *name;
	const void *from;
};

/* The public function that contains this, for its caller's eyes. */
#define CALL_SITE(name) ((struct call_site){ (name), __builtin_return_address(0) })

_Noreturn void task_bug_freed(const struct page *page, struct call_site site);
_Noreturn void task_bug_overflow(const struct page *page, struct call_site site);

/* @addr is not inside the newest mapping of the current task: which rule is broken? */
_Noreturn void task_bug_unmap(const void *addr, struct call_site site);

#endif
