/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * fork() copies what is private; the arena's file is not. Without more, parent and child
 * would write each other's pages. So the child makes a file of its own, copies what the
 * frames hold, and maps it where the other one was mapped. The thread that forked waits
 * for that in the parent, so that it does not write what is not copied yet; other
 * threads are as free as they are in any fork().
 *
 * The child has one thread, and does this before fork() returns in it.
 */
#include "page/alias.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* Both ends; the child closes its copies when it is done. */
static _Thread_local int ends[2];

static NO_COVERAGE void before(void)
{
	if (pipe2(ends, O_CLOEXEC))
		alias_failed("pipe");
}

static NO_COVERAGE void in_parent(void)
{
	char nothing;

	close(ends[1]);
	while (read(ends[0], &nothing, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
}

static void places_again(struct alias_set *set)
{
	for (unsigned int i = 0; i < ALIAS_PLACES; i++)
		if (set->made & 1u << i)
			alias_way->again(set, i);
}

/* What is mapped again is hidden, if it was a slot; what was to be seen is shown. */
static void show_again(struct page_task *task)
{
	if (!task->aliases || task->aliases->hidden)
		return;
	for (unsigned int i = 0; i < task->depth; i++)
		if (mapping_page_is_live(&task->live[i]))
			alias_way->show(task->live[i].addr);
}

static void in_child(void)
{
	sync_hidden_begin();
	alias_files_copy();
	alias_each_set(places_again);
	task_each(show_again);
	sync_hidden_end();
	close(ends[0]);
	close(ends[1]);
}

bool alias_fork_prepare(void)
{
	return !pthread_atfork(before, in_parent, in_child);
}
