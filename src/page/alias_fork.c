/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * fork() copies private memory, but parent and child share the arena's file. Without the handlers in this
 * file, parent and child would write each other's pages. The child has one thread, which copies the frames
 * to a new file before fork() returns in the child. The child maps the new file at the addresses of the old
 * file.
 *
 * In the parent, the thread that called fork() waits until the copy is complete, so that this thread does
 * not change frames during the copy. Other threads of the parent do not wait for the copy.
 */
#include "page/alias.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* True if the arena is a file, and all files were created. */
static bool must_copy_files;

/* Both ends of a pipe. The child closes both when its copy is complete, which ends the parent's read(). */
static _Thread_local int ends[2];

void alias_copy_files_at_fork(void)
{
	must_copy_files = true;
}

NO_COVERAGE void alias_prepare_fork(void)
{
	if (must_copy_files && pipe2(ends, O_CLOEXEC))
		alias_abort_with_errno("pipe");
}

NO_COVERAGE void alias_wait_for_child_copy(void)
{
	char unused_byte;

	if (!must_copy_files)
		return;
	close(ends[1]);
	while (read(ends[0], &unused_byte, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
}

/* A thread of the parent may have been changing its set, so a used place without a page is possible. */
static void remap_used_places(struct alias_set *set)
{
	for (unsigned int i = 0; i < ALIAS_PLACES; i++)
		if (set->used_places & 1u << i && set->last_pages[i])
			alias_place_kind->remap(set, i);
}

/* Shows the mappings of @task unless @task is switched out, because remap() leaves each slot hidden. */
static void show_mappings_if_switched_in(struct page_task *task)
{
	if (!task->aliases || task->aliases->is_hidden)
		return;
	for (unsigned int i = 0; i < task->depth; i++)
		if (mapping_page_is_live(&task->live[i]))
			alias_place_kind->show(task->live[i].addr);
}

void alias_copy_and_remap_files_in_child(void)
{
	if (!must_copy_files)
		return;
	sync_hidden_begin();
	alias_copy_files_in_child();
	alias_for_each_set_unlocked(remap_used_places);
	task_for_each_unlocked(show_mappings_if_switched_in);
	sync_hidden_end();
	close(ends[0]);
	close(ends[1]);
}
